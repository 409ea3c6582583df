"""Attention against the formula, and the paths that it takes."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_bert_zoo.layers import AttentionMask, SelfAttention, attention
from tests.tiny import to_numpy


def by_hand(layer, x, mask):
    """softmax(q k^T / sqrt(d)) v for each head, in float64 (arXiv:1706.03762, eq. 1)."""

    def dense(part, value):
        kernel, bias = (to_numpy(w).astype("float64") for w in part.weights)
        return value @ kernel + bias

    batch, length, hidden = x.shape
    x = x.astype("float64")

    def split(value):
        return value.reshape(batch, length, layer.num_heads, -1).transpose(0, 2, 1, 3)

    q, k, v = (split(dense(part, x)) for part in (layer.query, layer.key, layer.value))
    scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(layer.head_dim)
    scores = np.where(mask, scores, -np.inf)
    maps = np.exp(scores - scores.max(-1, keepdims=True))
    maps /= maps.sum(-1, keepdims=True)
    mixed = (maps @ v).transpose(0, 2, 1, 3).reshape(batch, length, hidden)
    return dense(layer.out, mixed), maps


@pytest.fixture
def case():
    layer = SelfAttention(16, 4, initializer_range=0.5)
    x = np.random.default_rng(0).normal(size=(3, 6, 16)).astype("float32")
    padding = np.array([[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0]])
    layer.build(x.shape)
    return layer, x, padding.astype(bool)[:, None, None, :]


def test_matches_the_formula(case):
    layer, x, mask = case
    expected, _ = by_hand(layer, x, mask)
    np.testing.assert_allclose(to_numpy(layer(x, ops.convert_to_tensor(mask))), expected, atol=1e-5)


def test_parts_are_what_the_maps_are_made_of(case):
    layer, x, mask = case
    expected, expected_maps = by_hand(layer, x, mask)
    out, found = layer(x, ops.convert_to_tensor(mask), return_attention_maps=attention.PARTS)
    found = {name: to_numpy(value).astype("float64") for name, value in found.items()}
    np.testing.assert_allclose(to_numpy(out), expected, atol=1e-5)
    np.testing.assert_allclose(found["maps"], expected_maps, atol=1e-6)
    scores = np.einsum("bqnh,bknh->bnqk", found["query"], found["key"]) / 2.0
    np.testing.assert_allclose(
        found["scores"], np.where(mask, scores, attention.HIDDEN), rtol=1e-4, atol=1e-5
    )
    mixed = np.einsum("bnqk,bknh->bqnh", expected_maps, found["value"]).reshape(x.shape)
    kernel, bias = (to_numpy(weight) for weight in layer.out.weights)
    np.testing.assert_allclose(mixed @ kernel + bias, expected, atol=1e-4)


def test_queries_keys_and_values_keep_the_fused_attention(case, monkeypatch):
    layer, x, mask = case
    monkeypatch.setattr(layer, "scores", None)  # what the other way calls
    plain = layer(x, ops.convert_to_tensor(mask))
    out, found = layer(x, ops.convert_to_tensor(mask), return_attention_maps=("value", "key"))
    np.testing.assert_array_equal(to_numpy(out), to_numpy(plain))
    assert list(found) == ["value", "key"]
    assert found["key"].shape == (3, 6, 4, 4)


def test_maps_match_the_formula_and_change_nothing(case):
    layer, x, mask = case
    expected, expected_maps = by_hand(layer, x, mask)
    out, maps = layer(x, ops.convert_to_tensor(mask), return_attention_maps=True)
    np.testing.assert_allclose(to_numpy(out), expected, atol=1e-5)
    np.testing.assert_allclose(to_numpy(maps), expected_maps, atol=1e-6)


@pytest.mark.parametrize(
    ("dropout", "training", "maps", "fused"),
    [
        (0.0, True, False, True),
        (0.1, False, False, True),
        (0.1, None, False, True),
        (0.1, True, False, False),
        (0.0, False, True, False),
    ],
)
def test_is_fused_unless_dropout_is_active_or_maps_are_asked_for(
    monkeypatch, dropout, training, maps, fused
):
    calls = []
    real = attention.fused_attention
    monkeypatch.setattr(attention, "fused_attention", lambda *a: calls.append(a) or real(*a))
    layer = SelfAttention(16, 4, dropout=dropout)
    layer(np.zeros((1, 3, 16), "float32"), None, training=training, return_attention_maps=maps)
    assert bool(calls) is fused


def test_the_mask_of_the_fused_operation_is_boolean(monkeypatch, case):
    layer, x, mask = case
    seen = []

    def record(query, key, value, **options):
        seen.append(options["mask"])
        return query

    monkeypatch.setattr(attention.ops, "dot_product_attention", record)
    layer(x, ops.convert_to_tensor(mask))
    assert keras.backend.standardize_dtype(seen[0].dtype) == "bool"


def test_attention_dropout_is_separate_and_random():
    x = np.random.default_rng(0).normal(size=(2, 5, 16)).astype("float32")
    layer = SelfAttention(16, 4, dropout=0.5, initializer_range=0.5)
    once, again = (to_numpy(layer(x, training=True)) for _ in range(2))
    assert np.abs(once - again).max() > 1e-3
    np.testing.assert_array_equal(to_numpy(layer(x)), to_numpy(layer(x)))


def test_a_row_of_padding_sees_all_of_itself():
    mask = AttentionMask()(np.array([[1, 0, 0], [0, 0, 0]]))
    assert to_numpy(mask).tolist() == [[[[True, False, False]]], [[[True, True, True]]]]


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_is_finite_for_padding_and_large_values(policy):
    keras.config.set_dtype_policy(policy)
    x = np.random.default_rng(0).normal(size=(2, 5, 16)).astype("float32") * 50
    mask = AttentionMask()(np.array([[1, 1, 0, 0, 0], [0, 0, 0, 0, 0]]))
    layer = SelfAttention(16, 4, dropout=0.1, initializer_range=0.5)
    for options in ({}, {"training": True}, {"return_attention_maps": True}):
        out = layer(x, mask, **options)
        out = out[0] if isinstance(out, tuple) else out
        assert np.isfinite(to_numpy(ops.cast(out, "float32"))).all()


def test_heads_must_divide_the_vector():
    with pytest.raises(ValueError, match="hidden_dim=10 does not divide into num_heads=4"):
        SelfAttention(10, 4)
