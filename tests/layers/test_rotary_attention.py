"""Rotary attention: near tokens in blocks are what a mask over all pairs gives."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_bert_zoo.layers import RotaryAttention
from keras_bert_zoo.layers.rotary_attention import rotate
from tests.tiny import to_numpy


def numbers(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def by_mask(attention, x, mask):
    """The same with a score for each pair of tokens."""
    return to_numpy(attention(x, mask, return_attention_maps=True)[0])


@pytest.mark.parametrize("length", [1, 3, 7, 8, 9, 20])
def test_blocks_are_what_a_mask_gives(length):
    attention = RotaryAttention(8, 2, rotary_base=100.0, window=3)
    x, tokens = numbers(2, length, 8), np.ones((2, length), bool)
    tokens[1, (length + 1) // 2 :] = False
    mask = ops.convert_to_tensor(tokens[:, None, None])
    found = to_numpy(attention(x, mask))
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, by_mask(attention, x, mask), atol=1e-6)
    bare = by_mask(attention, x, None)
    np.testing.assert_allclose(to_numpy(attention(x)), bare, atol=1e-6)


def test_by_hand():
    """One head: softmax over the scores of the tokens that are near, no more."""
    attention = RotaryAttention(4, 1, rotary_base=100.0, window=2)
    x = numbers(1, 7, 4)
    found = to_numpy(attention(x))[0]
    query, key, value = np.split(x[0] @ to_numpy(attention.projection.kernel), 3, axis=-1)
    query, key = (turned(part, 100.0) for part in (query, key))
    for place in range(7):
        near = slice(max(0, place - 2), place + 3)
        weight = np.exp(key[near] @ query[place] / 2)
        mixed = weight / weight.sum() @ value[near]
        expected = mixed @ to_numpy(attention.out.kernel)
        np.testing.assert_allclose(found[place], expected, atol=1e-5)


def turned(x, base):
    """Complex numbers: the first half is the real part, the second the imaginary one."""
    half = x.shape[-1] // 2
    speed = base ** -(np.arange(half) / half)
    turn = np.exp(1j * np.arange(len(x))[:, None] * speed)
    result = (x[:, :half] + 1j * x[:, half:]) * turn
    return np.concatenate([result.real, result.imag], axis=-1)


def test_rotation_is_a_complex_product():
    x = numbers(1, 6, 1, 8)
    np.testing.assert_allclose(
        to_numpy(rotate(ops.convert_to_tensor(x), 1e4))[0, :, 0], turned(x[0, :, 0], 1e4), atol=1e-6
    )


def test_far_positions_are_exact_in_float16():
    x = np.ones((1, 3000, 1, 2), "float16")
    found = to_numpy(rotate(ops.convert_to_tensor(x), 1e4))[0, -1, 0]
    angle = 2999.0
    expected = [np.cos(angle) - np.sin(angle), np.cos(angle) + np.sin(angle)]
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_dropout_in_blocks():
    attention = RotaryAttention(8, 2, rotary_base=100.0, window=2, dropout=0.5)
    x = numbers(1, 9, 8)
    first, second = (to_numpy(attention(x, training=True)) for _ in range(2))
    assert not np.allclose(first, second)
    still = to_numpy(attention(x, training=False))
    np.testing.assert_array_equal(still, to_numpy(attention(x, training=False)))


def test_any_length_in_one_traced_function():
    if keras.config.backend() != "tensorflow":
        pytest.skip("only TensorFlow traces with an open length")
    import tensorflow as tf

    attention = RotaryAttention(8, 2, rotary_base=100.0, window=2)
    attention(numbers(1, 3, 8))
    call = tf.function(attention, input_signature=[tf.TensorSpec([None, None, 8])])
    for length in (1, 4, 5, 17):
        x = numbers(2, length, 8)
        np.testing.assert_allclose(to_numpy(call(x)), by_mask(attention, x, None), atol=1e-6)
    assert call.experimental_get_tracing_count() == 1
