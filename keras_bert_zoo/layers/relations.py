"""What attention is told about pairs of positions, computed once for all blocks."""

import functools

import keras
import numpy as np
from keras import ops

from .initializers import truncated_normal
from .lookup import rows

MAX_DISTANCE = 128  # from here on all distances are in one bucket


@functools.lru_cache
def distance_buckets(num_buckets):
    """The bucket of each distance from 0 to `MAX_DISTANCE`: exact for half of them, then by logs.

    A table, because logarithms are rounded differently on each backend, and a bucket is a whole
    number. Source: section 2.1 of https://arxiv.org/abs/1910.10683 and its code.

    >>> distance_buckets(16)[[0, 7, 8, 16, 128]].tolist()
    [0, 7, 8, 10, 15]
    """
    exact = num_buckets // 2
    distance = np.arange(MAX_DISTANCE + 1)
    far = np.log(np.maximum(distance, 1).astype("float32") / np.float32(exact))
    far = far / np.float32(np.log(MAX_DISTANCE / exact)) * (num_buckets - exact)
    far = np.minimum(exact + far.astype("int32"), num_buckets - 1)
    return np.where(distance < exact, distance, far).astype("int32")


@keras.saving.register_keras_serializable("keras_bert_zoo")
class BucketBias(keras.Layer):
    """A number for each head and bucket of distance, added to the attention scores (MPNet).

    Takes `(batch, length)` and gives `(1, num_heads, length, length)`: how much a query (third
    axis) is drawn to a key (last axis). Keys behind the query have buckets of their own.

    Args:
        num_heads: number of attention heads.
        num_buckets: rows of the table, for both directions together.

    Example:

    >>> BucketBias(4, 32)(np.ones((2, 10), "int32")).shape
    (1, 4, 10, 10)
    """

    def __init__(self, num_heads, num_buckets=32, *, initializer_range=0.02, **kwargs):
        super().__init__(**kwargs)
        self.num_heads, self.num_buckets = num_heads, num_buckets
        self.initializer_range = initializer_range
        initializer = truncated_normal(initializer_range)
        self.table = keras.layers.Embedding(
            num_buckets, num_heads, initializer, dtype=self.dtype_policy, name="table"
        )

    def build(self, shape, *_):
        self.table.build()

    def call(self, padding_mask, segment_ids=None):
        places = ops.arange(ops.shape(padding_mask)[1], dtype="int32")
        offset = places[None, :] - places[:, None]
        half = self.num_buckets // 2
        distance = ops.minimum(ops.abs(offset), MAX_DISTANCE)
        bucket = rows(distance_buckets(half), distance)
        bucket = bucket + half * ops.cast(offset > 0, "int32")
        return ops.expand_dims(ops.transpose(self.table(bucket), (2, 0, 1)), 0)

    def compute_output_spec(self, padding_mask, segment_ids=None):
        length = padding_mask.shape[1]
        return keras.KerasTensor((1, self.num_heads, length, length), self.compute_dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "num_buckets": self.num_buckets,
            "initializer_range": self.initializer_range,
        }
