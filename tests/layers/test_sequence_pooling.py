"""Pooling over tokens against numpy, one row at a time."""

import numpy as np
import pytest

from keras_bert_zoo.layers import SequencePooling, UnitNorm
from tests.tiny import to_numpy

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 6, 5)).astype("float32") - 3  # below 0, so that padding would be the max
LENGTHS = [6, 1, 3, 4]
MASK = (np.arange(6) < np.array(LENGTHS)[:, None]).astype("int32")
BY_HAND = {
    "cls": lambda row: row[0],
    "mean": lambda row: row.mean(0),
    "max": lambda row: row.max(0),
    "last": lambda row: row[-1],
}


def expected(mode):
    return np.stack([BY_HAND[mode](row[:length]) for row, length in zip(X, LENGTHS)])


@pytest.mark.parametrize("mode", BY_HAND)
def test_padding_does_not_count(mode):
    pooled = to_numpy(SequencePooling(mode)(X, MASK))
    np.testing.assert_allclose(pooled, expected(mode), atol=1e-6)
    other = np.where(MASK[..., None], X, 1e4).astype("float32")
    np.testing.assert_array_equal(to_numpy(SequencePooling(mode)(other, MASK)), pooled)


def test_several_are_put_side_by_side():
    pooled = to_numpy(SequencePooling(("mean", "cls"))(X, MASK))
    both = np.concatenate([expected("mean"), expected("cls")], axis=1)
    np.testing.assert_allclose(pooled, both, atol=1e-6)


@pytest.mark.parametrize("mode", BY_HAND)
def test_a_row_of_padding_is_finite(mode):
    pooled = to_numpy(SequencePooling(mode)(X, MASK * 0))
    assert pooled.shape == (4, 5)
    assert np.isfinite(pooled).all()


def test_sums_are_made_in_float32():
    """In bfloat16 the sum of 1000 times 1/3 stops growing long before it is there."""
    import keras

    x = np.full((1, 1000, 2), 1 / 3, "float32")
    keras.config.set_dtype_policy("mixed_bfloat16")
    layer = SequencePooling("mean")
    pooled = layer(keras.ops.cast(x, "bfloat16"), np.ones((1, 1000), "int32"))
    assert keras.backend.standardize_dtype(pooled.dtype) == "float32"
    np.testing.assert_allclose(to_numpy(pooled), 1 / 3, rtol=4e-3)


@pytest.mark.parametrize("mode", ["median", ("mean", "median")])
def test_unknown_modes_are_refused(mode):
    with pytest.raises(ValueError, match=r"Unknown pooling 'median'.*'cls'.*'mean'"):
        SequencePooling(mode)


@pytest.mark.parametrize("mode", [(), ("mean", "mean")])
def test_modes_are_different_ones(mode):
    with pytest.raises(ValueError, match="several different ones"):
        SequencePooling(mode)


def test_unit_norm():
    vectors = np.array([[3, 4], [0, 0], [1e-8, 0], [1e15, 0]], "float32")
    units = to_numpy(UnitNorm()(vectors))
    np.testing.assert_allclose(units, [[0.6, 0.8], [0, 0], [1, 0], [1, 0]], atol=1e-6)
