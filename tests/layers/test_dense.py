"""What a dense layer inside another computes is what the layer itself does."""

import keras
import numpy as np
import pytest

from keras_bert_zoo.layers import FeedForward, SelfAttention
from keras_bert_zoo.layers.dense import apply_dense
from tests.tiny import to_numpy

X = np.random.default_rng(0).normal(size=(2, 5, 8)).astype("float32")


def dense(**options):
    layer = keras.layers.Dense(6, **options)
    layer.build((None, None, 8))
    for weight in layer.weights:
        weight.assign(np.random.default_rng(1).normal(size=weight.shape))
    return layer


@pytest.mark.parametrize("options", [{}, {"activation": "tanh"}, {"use_bias": False}])
def test_the_same_as_the_layer(options):
    layer = dense(**options)
    x = keras.ops.convert_to_tensor(X)
    np.testing.assert_allclose(to_numpy(apply_dense(layer, x)), to_numpy(layer(x)), atol=1e-6)


def test_low_rank_updates_and_integers():
    x = keras.ops.convert_to_tensor(X)
    layer = dense()
    plain = to_numpy(apply_dense(layer, x))
    layer.enable_lora(2)
    for weight in layer.trainable_weights[-2:]:
        weight.assign(np.full(weight.shape, 0.5))
    updated = to_numpy(apply_dense(layer, x))
    assert np.abs(updated - plain).max() > 0.1
    np.testing.assert_allclose(updated, to_numpy(layer(x)), atol=1e-6)
    layer = dense()
    layer.quantize("int8")
    quantized = to_numpy(apply_dense(layer, x))
    assert 0 < np.abs(quantized - plain).max() < 0.5
    np.testing.assert_array_equal(quantized, to_numpy(layer(x)))


@pytest.mark.parametrize("policy", ["float16", "mixed_bfloat16"])
def test_precision_is_that_of_the_layer_around(policy):
    for layer in (SelfAttention(8, 2, dtype=policy), FeedForward(8, 16, dtype=policy)):
        out = layer(X)
        assert keras.backend.standardize_dtype(out.dtype) == layer.compute_dtype
