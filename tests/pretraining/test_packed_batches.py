"""Rows without padding: what is in them, by hand and over a whole pass."""

import numpy as np
import pytest

from keras_bert_zoo.pretraining import Example, Examples, MaskedTokens
from keras_bert_zoo.pretraining.batches import PretrainingBatches
from keras_bert_zoo.pretraining.packed_batches import PackedBatches
from keras_bert_zoo.pretraining.rows import rows_of
from tests.pretraining.sources import LENGTH, TEXTS, pairs, source
from tests.pretraining.test_pretrainer import tiny_pretrainer
from tests.tiny import tiny_tokenizer

TOKENIZER = tiny_tokenizer()


def batches(examples, kind=PackedBatches, **options):
    options = {"length": LENGTH, "batch_size": 4, "seed": 0, **options}
    return kind(examples, TOKENIZER, [], [], **options)


@pytest.mark.any_backend
def test_rows_by_hand():
    def example(ids, spans):
        ids = np.array(ids, "int32")
        return Example(ids, np.ones(len(ids), bool), (len(ids),), spans=np.array(spans, "int32"))

    examples = Examples([example([7, 8], [[0, 2]]), example([9, 10, 11, 12], [[0, 2], [2, 4]])])
    cls, sep = TOKENIZER.cls_id, TOKENIZER.sep_id
    found = batches(examples, length=5, batch_size=2, shuffle=False).rows(0, 0)
    assert found["token_ids"].tolist() == [[cls, 7, 8, sep, cls], [9, 10, 11, 12, sep]]
    assert found["sequence_ids"].tolist() == [[1, 1, 1, 1, 2], [1, 1, 1, 1, 1]]
    assert found["words"].tolist() == [[-1, 0, 1, -1, -1], [0, 1, 2, 3, -1]]
    assert found["padding_mask"].all()
    assert [spans.tolist() for spans in found["spans"]] == [[[1, 3]], [[0, 2], [2, 4]]]


@pytest.mark.any_backend
@pytest.mark.parametrize("examples", [source(), pairs()], ids=["texts", "pairs"])
def test_a_pass_is_all_examples_one_after_the_other(examples):
    packed = batches(examples, batch_size=2)
    rows = [packed.rows(3, 2 * number) for number in range(packed.batches_per_pass)]
    found = np.concatenate([one["token_ids"].ravel() for one in rows])
    whole = [rows_of([one], TOKENIZER, 32) for one in examples.read(packed.order(3))]
    whole = np.concatenate([one["token_ids"][one["padding_mask"] > 0] for one in whole])
    np.testing.assert_array_equal(found, whole[: len(found)])
    assert len(whole) - len(found) < 2 * LENGTH
    for one in rows:
        for words, numbers in zip(one["words"], one["sequence_ids"]):
            assert numbers[0] == 1
            assert set(np.diff(numbers)) <= {0, 1}
            of_words = [set(words[(numbers == n) & (words >= 0)]) for n in set(numbers)]
            assert sum(map(len, of_words)) == len(set.union(*of_words))  # no word is in two texts


def test_it_is_learnt_from():
    pretrainer = tiny_pretrainer(pack=True)
    x, _ = pretrainer.batches(TEXTS, 4).at(0)
    assert set(x) == {*pretrainer.input}
    assert x["sequence_ids"].max() > 1
    losses = pretrainer.fit(TEXTS, batch_size=4, steps_per_epoch=10, epochs=3, verbose=0)
    assert losses.history["loss"][-1] < losses.history["loss"][0] - 0.3
    assert type(pretrainer).from_config(pretrainer.get_config()).pack


@pytest.mark.parametrize("objectives", [["masked_tokens", "next_sentence"], ["permuted_tokens"]])
def test_what_is_about_whole_rows_is_not_packed(objectives):
    with pytest.raises(ValueError, match=f"'{objectives[-1]}' is about whole rows"):
        tiny_pretrainer(objectives, pack=True)


@pytest.mark.any_backend
def test_packed_batches_are_others():
    plain, packed = (batches(source(), kind) for kind in (PretrainingBatches, PackedBatches))
    assert plain.fingerprint() != packed.fingerprint()
    tokens = [MaskedTokens().bind(TOKENIZER)]
    one, other = (
        PackedBatches(source(), TOKENIZER, tokens, ["token_ids"], length=LENGTH, batch_size=4)
        for _ in range(2)
    )
    one.at(0)
    for name, value in one.at(2)[1].items():
        np.testing.assert_array_equal(value, other.at(2)[1][name])
