"""Hiding tokens: by hand, by statistics, and the loss against a formula in numpy."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_bert_zoo.pretraining import Example, MaskedTokens
from keras_bert_zoo.pretraining.rows import rows_of
from tests.pretraining.sources import LENGTH, TEXTS, pairs, source
from tests.tiny import tiny_tokenizer

TOKENIZER = tiny_tokenizer()


def rows(count=8, examples=None):
    examples = source() if examples is None else examples
    return rows_of(examples.read(range(count)), TOKENIZER, LENGTH)


def test_rows_by_hand():
    example = Example(
        np.array([7, 8, 9, 10], "int32"),
        np.array([True, False, True, True]),
        (3, 1),
        document=4,
        spans=np.array([[0, 2], [3, 4]], "int32"),
    )
    found = rows_of([example], TOKENIZER, 9)
    cls, sep = TOKENIZER.cls_id, TOKENIZER.sep_id
    assert found["token_ids"].tolist() == [[cls, 7, 8, 9, sep, 10, sep, 0, 0]]
    assert found["segment_ids"].tolist() == [[0, 0, 0, 0, 0, 1, 1, 0, 0]]
    assert found["padding_mask"].tolist() == [[1] * 7 + [0, 0]]
    assert found["words"].tolist() == [[-1, 0, 0, 1, -1, 2, -1, -1, -1]]
    assert found["parts"].tolist() == [[[1, 4], [5, 6]]]
    assert found["documents"].tolist() == [4]
    assert found["spans"][0].tolist() == [[1, 3], [5, 6]]


def test_an_example_that_begins_within_a_word():
    example = Example(np.array([7, 8, 9]), np.array([False, False, True]), (3,))
    assert rows_of([example], TOKENIZER, 5)["words"].tolist() == [[-1, 0, 0, 1, -1]]


def test_an_example_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="has 5 tokens with the special ones; rows have length=4"):
        rows_of([Example(np.array([7, 8, 9]), np.ones(3, bool), (3,))], TOKENIZER, 4)


@pytest.mark.parametrize("units", ["tokens", "words"])
def test_what_is_hidden(units):
    batch = rows(12, pairs())
    before = {key: np.copy(value) for key, value in batch.items() if key != "spans"}
    objective = MaskedTokens(0.3, units=units).bind(TOKENIZER)
    found, targets = objective.corrupt(batch, np.random.default_rng(1))
    for key, value in before.items():
        np.testing.assert_array_equal(batch[key], value)  # what was given is not changed
    for row, (places, labels, weight) in enumerate(
        zip(found["mask_positions"], targets["labels"], targets["weight"])
    ):
        used = places[weight > 0]
        assert (np.diff(used) > 0).all()
        assert (batch["words"][row, used] >= 0).all()  # special tokens stay
        np.testing.assert_array_equal(batch["token_ids"][row, used], labels[weight > 0])
        others = np.setdiff1d(np.arange(LENGTH), used)
        np.testing.assert_array_equal(
            found["token_ids"][row, others], batch["token_ids"][row, others]
        )
        count = (batch["words"][row] >= 0).sum()
        most = max(1, round(0.3 * count))
        assert len(used) == most if units == "tokens" else len(used) <= most
        if units == "words":
            hidden = np.isin(batch["words"][row], np.unique(batch["words"][row, used]))
            np.testing.assert_array_equal(np.flatnonzero(hidden), used)


def test_the_loss_is_the_mean_over_the_hidden_tokens():
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(2, 3, 5)).astype("float32")
    labels, weight = np.array([[1, 4, 0], [2, 0, 0]]), np.array([[1, 1, 0], [1, 0, 0]], "float32")
    wide = logits.astype("float64")
    log = wide - np.log(np.exp(wide).sum(-1, keepdims=True))
    expected = -(log[0, 0, 1] + log[0, 1, 4] + log[1, 0, 2]) / 3
    targets = {"labels": ops.convert_to_tensor(labels), "weight": ops.convert_to_tensor(weight)}
    objective = MaskedTokens()
    found = objective.loss(ops.convert_to_tensor(logits), targets)
    assert float(ops.convert_to_numpy(found)) == pytest.approx(expected, abs=1e-6)
    right, _ = objective.accuracy(ops.convert_to_tensor(logits), targets)
    np.testing.assert_array_equal(ops.convert_to_numpy(right), logits.argmax(-1) == labels)


def test_a_batch_with_nothing_to_hide():
    batch = rows(2, examples=source())
    batch["words"][:] = -1
    found, targets = MaskedTokens().bind(TOKENIZER).corrupt(batch, np.random.default_rng(0))
    np.testing.assert_array_equal(found["token_ids"], batch["token_ids"])
    assert not targets["weight"].any()
    logits = ops.ones((*targets["labels"].shape, 7))
    assert float(MaskedTokens().loss(logits, keras.tree.map_structure(np.asarray, targets))) == 0.0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"rate": 0}, "rate=0 is out of range"),
        ({"random_share": 0.3}, "random_share=0.3"),
        ({"weight": 0}, "weight must be more than 0"),
    ],
)
def test_wrong_numbers(options, told):
    with pytest.raises(ValueError, match=told):
        MaskedTokens(**options)


def test_unknown_units():
    with pytest.raises(ValueError, match="Did you mean 'words'"):
        MaskedTokens(units="word")


@pytest.mark.any_backend
@pytest.mark.parametrize("units", ["tokens", "words"])
def test_statistics_of_a_million_tokens(units):
    """Rates within three standard deviations; no word in part, no special token."""
    generator = np.random.default_rng(0)
    shape, size = (8_192, 128), TOKENIZER.vocabulary_size
    batch = {
        "token_ids": generator.integers(10, size, shape).astype("int32"),
        "words": np.cumsum(generator.random(shape) < 0.7, axis=1).astype("int32"),
    }
    special = generator.random(shape) < 0.02
    batch["words"][special] = -1
    objective = MaskedTokens(units=units).bind(TOKENIZER)
    found, targets = objective.corrupt(batch, generator)
    used = targets["weight"] > 0
    hidden = np.zeros(shape, bool)
    rows, _ = np.nonzero(used)
    hidden[rows, found["mask_positions"][used]] = True
    assert not (hidden & special).any()
    if units == "words":
        for row in range(0, len(hidden), 8):
            words = batch["words"][row]
            assert not set(words[hidden[row]]) & set(words[~hidden[row]]) - {-1}
    share = hidden.sum() / (~special).sum()
    assert abs(share - 0.15) < 0.002  # so many of each row, rounded
    new, old = found["token_ids"][hidden], batch["token_ids"][hidden]
    count = len(new)
    by_chance = (1 - 0.8) * 0.5 / size
    for seen, expected in (
        ((new == TOKENIZER.mask_id).mean(), 0.8 + 0.1 / size),
        ((new == old).mean(), 0.1 + by_chance),
    ):
        assert abs(seen - expected) < 3 * np.sqrt(expected * (1 - expected) / count)
    np.testing.assert_array_equal(found["token_ids"][~hidden], batch["token_ids"][~hidden])


def test_texts_become_examples():
    examples = source().read([0, 1])
    assert examples[1].document == 1
    ids = TOKENIZER.encode(TEXTS[0], add_special_tokens=False).ids
    assert examples[0].token_ids.tolist() == ids
