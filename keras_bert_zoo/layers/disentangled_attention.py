"""Attention that keeps what a token is and where it stands apart (DeBERTa)."""

import functools
import math

import keras
import numpy as np
from keras import ops

from .attention import SelfAttention
from .initializers import truncated_normal
from .lookup import rows


@functools.lru_cache
def log_buckets(num_buckets, max_distance):
    """The bucket of each distance from 0 to `max_distance`; all larger ones have the last.

    Up to half the buckets each distance has its own; from there on they grow like logarithms. A
    table, because logarithms are rounded differently on each backend. Source: the function
    `make_log_bucket_position` of https://github.com/microsoft/DeBERTa.

    >>> log_buckets(8, 32)[[0, 4, 5, 9, 31, 32]].tolist()
    [0, 4, 5, 6, 7, 8]
    """
    middle = num_buckets // 2
    distance = np.arange(max_distance + 1, dtype="float32")
    far = np.log(np.maximum(distance, 1) / np.float32(middle))
    far = far / np.float32(math.log((max_distance - 1) / middle)) * np.float32(middle - 1)
    return np.where(distance <= middle, distance, np.ceil(far) + middle).astype("int32")


def by_column(scores, length, columns=None):
    """From scores by offset to scores by column: `out[r, c] = scores[r, c - r + length - 1]`.

    Args:
        scores: `(batch, num_heads, length, columns + length - 1)`, by offsets in ascending order.
        length: number of rows.
        columns: number of columns; as many as rows if not given.

    Returns:
        `(batch, num_heads, length, columns)`. Nothing is gathered: rows of one width are read as
        rows of another, as in https://arxiv.org/abs/1901.02860, appendix B.
    """
    batch, heads = ops.shape(scores)[:2]
    columns = length if columns is None else columns
    width = columns + length - 1
    flat = ops.reshape(ops.pad(scores, [[0, 0]] * 3 + [[0, 1]]), (batch, heads, -1))
    flat = flat[:, :, length - 1 : length - 1 + length * width]
    return ops.reshape(flat, (batch, heads, length, width))[:, :, :, :columns]


@keras.saving.register_keras_serializable("keras_bert_zoo")
class RelativeTable(keras.layers.Layer):
    """A vector for each bucket of distance; the same for all blocks (DeBERTa).

    Takes `padding_mask` `(batch, length)`, which it does not look at, and gives
    `(2 * num_buckets, hidden_dim)`.

    Args:
        num_buckets: buckets of one direction.
        hidden_dim: size of a vector.
        norm: layer applied to the vectors, or None.

    Example:

    >>> RelativeTable(8, 16, layer_norm("norm"))(np.ones((2, 10), "int32")).shape
    (16, 16)
    """

    def __init__(self, num_buckets, hidden_dim, norm=None, *, initializer_range=0.02, **kwargs):
        super().__init__(**kwargs)
        self.num_buckets, self.hidden_dim = num_buckets, hidden_dim
        self.initializer_range, self.norm = initializer_range, norm
        initializer = truncated_normal(initializer_range)
        self.table = keras.layers.Embedding(
            2 * num_buckets, hidden_dim, initializer, dtype=self.dtype_policy, name="table"
        )

    def build(self, shape, *_):
        self.table.build()
        if self.norm is not None and not self.norm.built:
            self.norm.build((2 * self.num_buckets, self.hidden_dim))

    def call(self, padding_mask, segment_ids=None):
        vectors = self.table(ops.arange(2 * self.num_buckets))
        return vectors if self.norm is None else self.norm(vectors)

    def compute_output_spec(self, padding_mask, segment_ids=None):
        return keras.KerasTensor((2 * self.num_buckets, self.hidden_dim), self.compute_dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "num_buckets": self.num_buckets,
            "hidden_dim": self.hidden_dim,
            "norm": self.norm and keras.saving.serialize_keras_object(self.norm),
            "initializer_range": self.initializer_range,
        }

    @classmethod
    def from_config(cls, config):
        norm = config["norm"] and keras.saving.deserialize_keras_object(config["norm"])
        return cls(**{**config, "norm": norm})


def disentangled_scores(query, key, place_query, place_key, bucket):
    """Content to content, content to place, and place to content (section 3.1 of the paper).

    Args:
        query, key: `(batch, length, num_heads, head_dim)`.
        place_query, place_key: `(number of buckets, num_heads, head_dim)`.
        bucket: offsets from a query to a key, `query - key`, to rows of these two.

    Returns:
        float32 `(batch, num_heads, length, length)`.
    """
    length = ops.shape(query)[1]
    offsets = ops.arange(1 - length, length, dtype="int32")
    to_place = ops.einsum("bqnh,pnh->bnqp", query, rows(place_key, bucket(-offsets)))
    from_place = ops.einsum("bknh,pnh->bnkp", key, rows(place_query, bucket(offsets)))
    parts = (
        ops.einsum("bqnh,bknh->bnqk", query, key),
        by_column(to_place, length),
        ops.swapaxes(by_column(from_place, length), -1, -2),
    )
    # Summed in float32 under every policy: float16 overflows at 65,504.
    total = sum(ops.cast(part, "float32") for part in parts)
    return total * (len(parts) * query.shape[-1]) ** -0.5


@keras.saving.register_keras_serializable("keras_bert_zoo")
class DisentangledAttention(SelfAttention):
    """Content meets content, content meets relative place, and place meets content.

    Section 3.1 of https://arxiv.org/abs/2006.03654, with one projection for content and place, as
    in DeBERTa-v2 and -v3. No tensor is larger than `(batch, num_heads, length, 2 * length)`.

    Args:
        hidden_dim, num_heads, dropout, initializer_range: as for `SelfAttention`.
        num_buckets: buckets of one direction.
        max_distance: distance from which on all are in the last bucket.
        position_dropout: rate at which the vectors of the places are dropped in training.

    Example:

    >>> attention = DisentangledAttention(16, 2, num_buckets=8, max_distance=32)
    >>> places = np.zeros((16, 16), "float32")
    >>> attention(np.zeros((2, 10, 16), "float32"), relation=places).shape
    (2, 10, 16)
    """

    def __init__(
        self, hidden_dim, num_heads, *, num_buckets, max_distance, position_dropout=0.0, **kwargs
    ):
        super().__init__(hidden_dim, num_heads, **kwargs)
        self.num_buckets, self.max_distance = num_buckets, max_distance
        self.position_dropout = keras.layers.Dropout(position_dropout, dtype=self.dtype_policy)

    def scores(self, query, key, relation, training):
        if training:
            relation = self.position_dropout(relation, training=training)
        relation = ops.expand_dims(relation, 0)
        places = (self._split(dense(relation))[0] for dense in (self.query, self.key))
        return disentangled_scores(query, key, *places, self._bucket)

    def _bucket(self, offset):
        """The row of the table for an offset `query - key`."""
        table = log_buckets(self.num_buckets, self.max_distance)
        bucket = rows(table, ops.minimum(ops.abs(offset), self.max_distance))
        return ops.clip(ops.sign(offset) * bucket + self.num_buckets, 0, 2 * self.num_buckets - 1)

    def get_config(self):
        return {
            **super().get_config(),
            "num_buckets": self.num_buckets,
            "max_distance": self.max_distance,
            "position_dropout": self.position_dropout.rate,
        }
