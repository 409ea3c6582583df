"""Guessing spans from their ends: by hand, and the head against a formula in numpy."""

import math

import keras
import numpy as np
import pytest

from keras_bert_zoo.pretraining import MaskedTokens, Pretrainer, SpanBoundary
from keras_bert_zoo.pretraining.objectives.span_boundary import boundaries
from keras_bert_zoo.pretraining.rows import rows_of
from tests.pretraining.sources import LENGTH, TEXTS, source
from tests.tiny import tiny_encoder, tiny_tokenizer, to_numpy

TOKENIZER = tiny_tokenizer()


def test_boundaries_by_hand():
    places = np.array([[3, 4, 5, 8], [1, 3, 0, 0], [0, 0, 0, 0]])
    hidden = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]], bool)
    left, right, offsets = boundaries(places, hidden)
    assert left[hidden].tolist() == [2, 2, 2, 7, 0, 2]
    assert right[hidden].tolist() == [6, 6, 6, 9, 2, 4]
    assert offsets[hidden].tolist() == [0, 1, 2, 0, 0, 0]


def test_what_is_asked_for():
    ids = np.array([[2, 11, 12, 13, 3, 0], [11, 12, 13, 14, 15, 16]], "int32")
    batch = {
        "token_ids": ids,
        "padding_mask": (ids > 0).astype("int32"),
        "mask_positions": np.array([[1, 2, 3], [0, 2, 5]]),
        "mask_labels": np.array([[11, 12, 13], [11, 13, 16]]),
        "mask_weight": np.ones((2, 3), "float32"),
    }
    found, targets = SpanBoundary(max_span=2).corrupt(batch, None)
    # The third token of a span is one too many; what has nothing before or after it is left out.
    assert targets["weight"].tolist() == [[1, 1, 0], [0, 1, 0]]
    assert targets["labels"].tolist() == [[11, 12, 0], [0, 13, 0]]
    assert found["span_left"].tolist() == [[0, 0, 0], [0, 1, 0]]
    assert found["span_right"].tolist() == [[4, 4, 0], [0, 3, 0]]
    assert found["span_offsets"].tolist() == [[0, 1, 0], [0, 0, 0]]
    assert found["token_ids"] is ids


def tiny_pretrainer(**options):
    objectives = [SpanBoundary(position_dim=6, **options), MaskedTokens(0.3, units="spans")]
    encoder = tiny_encoder(num_layers=1, dropout=0.0, attention_dropout=0.0)
    pretrainer = Pretrainer(encoder, TOKENIZER, objectives, length=LENGTH, seed=0)
    generator = np.random.default_rng(4)
    for weight in pretrainer.weights:
        if weight.dtype == "float32":
            weight.assign(generator.normal(size=weight.shape, scale=0.4))
    return pretrainer


def gelu(x):
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def test_the_head_and_the_loss_against_the_formula():
    pretrainer = tiny_pretrainer()
    x, y = pretrainer.batches(source(), 5, shuffle=False).at(0)
    sequence = to_numpy(pretrainer.encoder({key: x[key] for key in pretrainer.encoder.input}))
    weights = {weight.path: to_numpy(weight).astype("float64") for weight in pretrainer.weights}

    def dense(x, name):
        kernel, bias = (weights[f"span_boundary/{name}/{one}"] for one in ("kernel", "bias"))
        x = gelu(x @ kernel + bias)
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        gamma, beta = (weights[f"span_boundary/{name}_norm/{one}"] for one in ("gamma", "beta"))
        return x * gamma + beta

    total, count = 0.0, 0
    for row, place in zip(*np.nonzero(y["span_boundary/weight"])):
        ends = [sequence[row, x[f"span_{side}"][row, place]] for side in ("left", "right")]
        offset = weights["span_boundary/offsets/embeddings"][x["span_offsets"][row, place]]
        hidden = dense(dense(np.concatenate([*ends, offset]), "inner"), "out")
        logits = hidden @ weights["embeddings/tokens/embeddings"].T + weights["span_boundary/bias"]
        logits -= logits.max()
        total += np.log(np.exp(logits).sum()) - logits[y["span_boundary/labels"][row, place]]
        count += 1
    assert count > 5
    found = pretrainer.evaluate(source(), batch_size=5, steps=1, return_dict=True, verbose=0)
    assert found["span_boundary_loss"] == pytest.approx(total / count, abs=1e-4)


def test_it_comes_after_the_masking_and_not_without_it():
    pretrainer = tiny_pretrainer()
    assert [one.name for one in pretrainer.objectives] == ["masked_tokens", "span_boundary"]
    with pytest.raises(ValueError, match="span_boundary learns from what masked_tokens does"):
        Pretrainer(tiny_encoder(), TOKENIZER, ["span_boundary"])
    with pytest.raises(ValueError, match="max_span and position_dim are 1 or more"):
        SpanBoundary(max_span=0)


def test_the_labels_are_those_of_the_masking():
    batch = rows_of(source().read(range(20)), TOKENIZER, LENGTH)
    rng = np.random.default_rng(0)
    hidden, targets = MaskedTokens(0.3, units="spans").bind(TOKENIZER).corrupt(batch, rng)
    found, asked = SpanBoundary().bind(TOKENIZER).corrupt(hidden, rng)
    used = asked["weight"] > 0
    np.testing.assert_array_equal(asked["labels"][used], targets["labels"][used])
    # [CLS] and [SEP] are beside what is hidden: all of it is asked for.
    np.testing.assert_array_equal(asked["weight"], targets["weight"])
    rows = np.nonzero(used)[0]
    ids = batch["token_ids"]
    places = found["span_left"] + 1 + found["span_offsets"]
    np.testing.assert_array_equal(ids[rows, places[used]], asked["labels"][used])


def test_it_is_saved(tmp_path):
    pretrainer = tiny_pretrainer()
    pretrainer.save(tmp_path / "one.keras")
    loaded = keras.saving.load_model(tmp_path / "one.keras")
    x, _ = pretrainer.batches(TEXTS, 4).at(0)
    for name, logits in pretrainer.predict_on_batch(x).items():
        np.testing.assert_allclose(loaded.predict_on_batch(x)[name], logits, atol=1e-6)
