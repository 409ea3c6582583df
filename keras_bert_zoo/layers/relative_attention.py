"""Attention by content, by distance and by segment (XLNet)."""

import keras
import numpy as np
from keras import ops

from .attention import Attention
from .disentangled_attention import by_column
from .embeddings import Embeddings
from .initializers import truncated_normal
from .lora import LoraEinsumDense


@keras.saving.register_keras_serializable("keras_bert_zoo")
class OtherSegment(keras.Layer):
    """Which pairs of tokens are of different segments: bool `(batch, length, length)`.

    Takes `padding_mask`, which it does not look at, and `segment_ids`, both `(batch, length)`.

    Example:

    >>> OtherSegment()(np.ones((1, 2), "int32"), np.array([[0, 1]]))   # [[[False, True], ...]]
    """

    def call(self, padding_mask, segment_ids):
        return ops.expand_dims(segment_ids, 2) != ops.expand_dims(segment_ids, 1)

    def compute_output_spec(self, padding_mask, segment_ids):
        batch, length = segment_ids.shape
        return keras.KerasTensor((batch, length, length), "bool")


@keras.saving.register_keras_serializable("keras_bert_zoo")
class XLNetEmbeddings(Embeddings):
    """`Embeddings`, and the vector that stands for a token which is to be guessed.

    That vector is what pre-training by permutations starts its second stream from; it is trained
    there only. Arguments are those of `Embeddings`.

    Example:

    >>> layer, ids = XLNetEmbeddings(100, 128), np.zeros((2, 10), "int32")
    >>> layer(ids, ids, ids + 1).shape
    (2, 10, 128)
    """

    def build(self, token_ids_shape, *_):
        super().build(token_ids_shape)
        self.guessed = self.add_weight(
            shape=(1, 1, self.hidden_dim),
            initializer=truncated_normal(self.initializer_range),
            name="guessed",
        )
        # Not from the start: of a variable that is made so, TensorFlow records no gradient later.
        self.guessed.trainable = False

    def second_stream(self, content, training=False):
        """What the second stream starts from: that vector, in the shape of `content`."""
        guessed = ops.cast(ops.convert_to_tensor(self.guessed), content.dtype)
        return self.dropout(ops.broadcast_to(guessed, ops.shape(content)), training=training)


def sinusoids(offsets, dim):
    """`(len(offsets), dim)`: sines, then cosines (https://arxiv.org/abs/1901.02860, appendix B)."""
    speeds = ops.convert_to_tensor(10000.0 ** (-np.arange(0, dim, 2) / dim), "float32")
    angles = ops.expand_dims(ops.cast(offsets, "float32"), 1) * speeds
    return ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)


@keras.saving.register_keras_serializable("keras_bert_zoo")
class RelativeAttention(Attention):
    """Scores by content, by distance, and by whether two tokens share a segment.

    Source: https://arxiv.org/abs/1906.08237, sections 2.3 and 2.5. Keys may come from elsewhere,
    with what was read before at their front: the last of them stands where the last query does.

    Args:
        hidden_dim, num_heads, dropout, initializer_range: as for `Attention`.
        position_dropout: rate at which the vectors of distances are dropped in training.

    Example:

    >>> attention = RelativeAttention(16, 2)
    >>> other = np.zeros((2, 10, 10), "bool")
    >>> attention(np.zeros((2, 10, 16), "float32"), relation=other).shape
    (2, 10, 16)
    """

    def __init__(self, hidden_dim, num_heads, *, position_dropout=0.0, **kwargs):
        super().__init__(hidden_dim, num_heads, **kwargs)
        self.position_dropout = keras.layers.Dropout(position_dropout, dtype=self.dtype_policy)
        heads = (None, num_heads, self.head_dim)
        self.query, self.key, self.value, self.place = (
            self._einsum("abc,cde->abde", heads, name)
            for name in ("query", "key", "value", "place")
        )
        self.out = self._einsum("abde,cde->abc", (None, hidden_dim), "out")

    def _einsum(self, equation, shape, name):
        return LoraEinsumDense(
            equation,
            output_shape=shape,
            kernel_initializer=truncated_normal(self.initializer_range),
            dtype=self.dtype_policy,
            name=name,
        )

    def build(self, shape, *_):
        heads = (self.num_heads, self.head_dim)
        for dense in (self.query, self.key, self.value, self.place):
            dense.build((*shape[:-1], self.hidden_dim))
        self.out.build((*shape[:-1], *heads))
        self.content_bias, self.place_bias, self.segment_bias, self.segments = (
            self.add_weight(
                shape=size, initializer=truncated_normal(self.initializer_range), name=n
            )
            for n, size in (
                ("content_bias", heads),
                ("place_bias", heads),
                ("segment_bias", heads),
                ("segments", (2, *heads)),
            )
        )

    def project(self, x):
        return self.query(x), self.key(x), self.value(x)

    def project_from(self, x, source):
        return self.query(x), self.key(source), self.value(source)

    def join(self, mixed):
        return self.out(mixed)

    def scores(self, query, key, relation, training):
        length, columns = ops.shape(query)[1], ops.shape(key)[1]
        # Of a query at 5 and a key at 3 the distance is 2; columns go by key - query.
        places = sinusoids(ops.arange(columns - 1, -length, -1, dtype="int32"), self.hidden_dim)
        places = ops.expand_dims(ops.cast(places, self.compute_dtype), 0)
        places = self.position_dropout(places, training=training) if training else places
        place = ops.einsum("bqnh,pnh->bnqp", query + self.place_bias, self.place(places)[0])
        segment = ops.einsum("bqnh,snh->bnqs", query + self.segment_bias, self.segments)
        other = ops.expand_dims(relation, 1)
        parts = (
            ops.einsum("bqnh,bknh->bnqk", query + self.content_bias, key),
            by_column(place, length, columns),
            ops.where(other, segment[..., 1:], segment[..., :1]),
        )
        return sum(ops.cast(part, "float32") for part in parts) * self.head_dim**-0.5

    @property
    def lora_layers(self):
        """Query and value, as in https://arxiv.org/abs/2106.09685, section 7.1."""
        return self.query, self.value

    def get_config(self):
        return {**super().get_config(), "position_dropout": self.position_dropout.rate}
