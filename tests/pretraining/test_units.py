"""What is hidden together: by hand, and by statistics against the papers' distributions."""

import json

import keras
import numpy as np
import pytest

from keras_bert_zoo.pretraining import Example, LinearRate, MaskedTokens, Pretrainer
from keras_bert_zoo.pretraining.masking import hidden_places
from keras_bert_zoo.pretraining.rows import rows_of
from keras_bert_zoo.pretraining.units import NGRAMS, SPANS, UNITS
from tests.pretraining.sources import LENGTH, TEXTS, pairs
from tests.tiny import tiny_encoder, tiny_tokenizer

pytestmark = pytest.mark.any_backend
TOKENIZER = tiny_tokenizer()


def batch_of(words, parts=None, spans=()):
    """A batch of one row, of which the tokens have these words."""
    words = np.array([words])
    parts = [[[1, len(words[0]) - 1], [0, 0]]] if parts is None else [parts]
    ids = np.arange(10, 10 + words.size, dtype="int32").reshape(words.shape)
    found = np.array(spans, "int32").reshape(-1, 2)
    return {"token_ids": ids, "words": words, "parts": np.array(parts), "spans": [found]}


class Given:
    """Stands for a generator: `random` gives these numbers, `permutation` this order."""

    def __init__(self, numbers=(), order=()):
        self.numbers, self.order = np.array(numbers), np.array(order)

    def random(self, shape):
        return np.broadcast_to(self.numbers[: shape[-1]], shape)

    def permutation(self, count):
        return self.order[:count].copy()


def test_ngrams_by_hand():
    """p(1), p(2), p(3) are 6/11, 3/11 and 2/11."""
    np.testing.assert_allclose(NGRAMS * 11, [6, 3, 2])
    # Numbers below 6/11 are one word, from there to 9/11 two, then three.
    batch = batch_of([-1, 0, 0, 1, 2, 3, 4, 5, -1])
    units, _ = UNITS["ngrams"].number(batch, Given([0.6, 0.1, 0.9, 0, 0, 0]))
    assert units.tolist() == [[-1, 0, 0, 0, 1, 2, 2, 2, -1]]


def test_no_ngram_goes_from_one_segment_into_the_other():
    batch = batch_of([-1, 0, 1, -1, 2, 3, -1], parts=[[1, 3], [4, 6]])
    units, _ = UNITS["ngrams"].number(batch, Given([0.9, 0.6, 0, 0]))
    assert units.tolist() == [[-1, 0, 0, -1, 1, 2, -1]]


def test_rows_of_several_examples_are_masked_in_spans():
    encoder = tiny_encoder(num_layers=1)
    objectives = [MaskedTokens(0.3, units="spans")]
    pretrainer = Pretrainer(encoder, TOKENIZER, objectives, length=LENGTH, pack=True, seed=0)
    x, y = pretrainer.batches(TEXTS, 2).at(0)
    assert y["masked_tokens/weight"].sum() > 2
    assert x["token_ids"].shape == (2, LENGTH)


def test_spans_have_the_mean_of_the_paper():
    assert len(SPANS) == 10
    np.testing.assert_allclose(SPANS[1:] / SPANS[:-1], 0.8)
    assert (SPANS * np.arange(1, 11)).sum() == pytest.approx(3.8, abs=0.01)  # as the paper says


def test_a_span_is_cut_after_a_word():
    batch = batch_of([-1, 0, 1, 1, 2, 3, 4, 5, 6, -1])
    lengths = Given([SPANS[:3].sum() + 0.01, 0.99, *[0] * 6])  # four words, then the rest
    units, first = UNITS["spans"].number(batch, lengths)
    assert units.tolist() == [[-1, 0, 0, 0, 0, 0, 1, 1, 1, -1]]
    assert first.tolist() == [0]
    rng = Given(lengths.numbers, [0, 1])
    places, weight, of_unit = hidden_places("spans", batch, 0.26, 4, rng)
    # Two of eight tokens: one word, and the next is of two; the rest of the span is left out.
    assert places[weight > 0].tolist() == [1, 6]
    assert of_unit[weight > 0].tolist() == [0, 1]
    places, weight, _ = hidden_places("spans", batch, 0.5, 4, rng)
    assert places[weight > 0].tolist() == [1, 2, 3, 4]


def test_given_spans_come_first_and_whole():
    batch = batch_of([-1, 0, 1, 2, 2, 3, 4, 5, -1], spans=[[3, 6], [5, 8], [7, 8], [0, 2]])
    units, first = UNITS["given"].number(batch, None)
    # The second overlaps the first, the last begins with a special token: neither counts.
    assert first.tolist() == [2]
    assert units.tolist() == [[-1, 2, 3, 0, 0, 0, 6, 1, -1]]
    for seed in range(9):
        places, weight, _ = hidden_places("given", batch, 4 / 7, 6, np.random.default_rng(seed))
        assert places[weight > 0].tolist() == [3, 4, 5, 7]
    places, weight, _ = hidden_places("given", batch, 2 / 7, 6, np.random.default_rng(0))
    assert {7} < set(places[weight > 0].tolist()) <= {1, 2, 6, 7}  # the long one is too long
    places, weight, _ = hidden_places("given", batch, 6 / 7, 6, np.random.default_rng(0))
    assert {3, 4, 5, 7} < set(places[weight > 0].tolist())


def long_rows(rows=2_000, words=100):
    """Words of one or two tokens."""
    generator, found = np.random.default_rng(0), []
    for number in range(rows):
        starts = np.concatenate([[True, generator.random() < 0.5] for _ in range(words // 2)])
        ids = generator.integers(10, 80, len(starts)).astype("int32")
        found.append(Example(ids, starts, (len(ids),), number))
    return rows_of(found, TOKENIZER, words + 2)


@pytest.mark.parametrize(("units", "law"), [("ngrams", NGRAMS), ("spans", SPANS)])
def test_lengths_of_what_is_hidden(units, law):
    """Of the units as they are drawn; those that are hidden are these, but for the last of a row,
    which may be cut, and those of the text's end."""
    batch = long_rows()
    numbers, _ = UNITS[units].number(batch, np.random.default_rng(1))
    lengths = []
    for words, row in zip(batch["words"], numbers):
        per_unit = [len(set(words[row == unit])) for unit in range(row.max())]  # not the last
        lengths.extend(per_unit)
    seen = np.bincount(lengths, minlength=len(law) + 1)[1:] / len(lengths)
    # The one that reaches the end is left out, which is the longer the likelier.
    np.testing.assert_allclose(seen, law, atol=0.01)


@pytest.mark.parametrize("units", ["ngrams", "spans", "given"])
def test_rate_and_whole_words(units):
    batch = long_rows(500)
    objective = MaskedTokens(units=units).bind(TOKENIZER)
    found, targets = objective.corrupt(batch, np.random.default_rng(0))
    used, counts = targets["weight"] > 0, (batch["words"] >= 0).sum(1)
    hidden = np.zeros(batch["words"].shape, bool)
    hidden[np.nonzero(used)[0], found["mask_positions"][used]] = True
    assert (hidden.sum(1) <= np.rint(0.15 * counts)).all()
    assert hidden.sum() / counts.sum() > 0.145
    for words, one in zip(batch["words"], hidden):
        assert not set(words[one]) & set(words[~one])


def test_a_span_is_replaced_in_one_way():
    batch = long_rows(400)
    objective = MaskedTokens(units="spans").bind(TOKENIZER)
    found, targets = objective.corrupt(batch, np.random.default_rng(0))
    used = targets["weight"] > 0
    rows, places = np.nonzero(used)[0], found["mask_positions"][used]
    masked = found["token_ids"][rows, places] == TOKENIZER.mask_id
    neighbours = (np.diff(places) == 1) & (np.diff(rows) == 0)
    same = (masked[1:] == masked[:-1])[neighbours]
    # Drawn for each token, neighbours would be alike in 0.8 * 0.8 + 0.2 * 0.2 = 68% of the cases.
    assert same.mean() > 0.9
    assert masked.mean() == pytest.approx(0.8, abs=0.04)


def test_a_rate_that_changes():
    rate = LinearRate(0.3, 0.1, 1000)
    assert [rate.at(step) for step in (0, 500, 1000, 5000)] == pytest.approx([0.3, 0.2, 0.1, 0.1])
    objective = MaskedTokens(rate).bind(TOKENIZER)
    batch = long_rows(50)
    counts = (batch["words"] >= 0).sum()
    for step, share in ((0, 0.3), (500, 0.2), (2000, 0.1)):
        found, targets = objective.corrupt({**batch, "step": step}, np.random.default_rng(0))
        assert found["mask_positions"].shape == (50, 31)  # for the highest rate: 0.3 of 102
        assert targets["weight"].sum() / counts == pytest.approx(share, abs=0.005)


def test_a_rate_that_changes_is_saved(tmp_path):
    objectives = [MaskedTokens(LinearRate(0.5, 0.1, 4))]
    pretrainer = Pretrainer(tiny_encoder(), TOKENIZER, objectives, length=LENGTH, seed=0)
    pretrainer.save(tmp_path / "one.keras")
    loaded = keras.saving.load_model(tmp_path / "one.keras")
    assert json.dumps(loaded.objectives[0].get_config())
    one, other = (model.batches(TEXTS, 4) for model in (pretrainer, loaded))
    assert one.fingerprint() == other.fingerprint()
    weights = [one.at(step)[1]["masked_tokens/weight"].sum() for step in (0, 5)]
    assert weights[0] > 2 * weights[1]


@pytest.mark.parametrize("numbers", [(0, 0.1, 5), (0.1, 1.0, 5), (0.1, 0.2, 0)])
def test_wrong_rates(numbers):
    with pytest.raises(ValueError, match="rates between 0 and 1, and 1 step or more"):
        LinearRate(*numbers)


def test_an_unknown_name():
    with pytest.raises(ValueError, match="Did you mean 'spans'"):
        hidden_places("span", rows_of(pairs().read([0]), TOKENIZER, LENGTH), 0.1, 2, None)
