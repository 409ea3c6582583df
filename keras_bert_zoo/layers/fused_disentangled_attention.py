"""Disentangled attention with one matrix for queries, keys and values (the first DeBERTa)."""

import keras
from keras import ops

from .attention import Attention
from .disentangled_attention import disentangled_scores


@keras.saving.register_keras_serializable("keras_bert_zoo")
class FusedDisentangledAttention(Attention):
    """Content meets content, content meets relative place, and place meets content.

    Section 3.1 of https://arxiv.org/abs/2006.03654, with projections of their own for places, a row
    of the table for each distance, and biases on queries and values only.

    Args:
        hidden_dim, num_heads, dropout, initializer_range: as for `Attention`.
        max_distance: distance from which on all are one; half the rows of the table.
        position_dropout: rate at which the vectors of the places are dropped in training.

    Example:

    >>> attention = FusedDisentangledAttention(16, 2, max_distance=8)
    >>> places = np.zeros((16, 16), "float32")
    >>> attention(np.zeros((2, 10, 16), "float32"), relation=places).shape
    (2, 10, 16)
    """

    def __init__(self, hidden_dim, num_heads, *, max_distance, position_dropout=0.0, **kwargs):
        super().__init__(hidden_dim, num_heads, **kwargs)
        self.max_distance = max_distance
        self.position_dropout = keras.layers.Dropout(position_dropout, dtype=self.dtype_policy)
        self.projection = self.dense(3 * hidden_dim, "projection", use_bias=False)
        self.place_query = self.dense(hidden_dim, "place_query")
        self.place_key = self.dense(hidden_dim, "place_key", use_bias=False)
        self.out = self.dense(hidden_dim, "out")

    def build(self, shape, *_):
        for dense in (self.projection, self.place_query, self.place_key, self.out):
            dense.build(shape)
        self.query_bias, self.value_bias = (
            self.add_weight(shape=(self.hidden_dim,), initializer="zeros", name=name)
            for name in ("query_bias", "value_bias")
        )

    def project(self, x):
        # Each head's query, key and value stand side by side.
        shape = (-1, ops.shape(x)[1], self.num_heads, 3 * self.head_dim)
        query, key, value = ops.split(ops.reshape(self.projection(x), shape), 3, axis=-1)
        heads = (self.num_heads, self.head_dim)
        bias = (ops.reshape(one, heads) for one in (self.query_bias, self.value_bias))
        return query + next(bias), key, value + next(bias)

    def scores(self, query, key, relation, training):
        if training:
            relation = self.position_dropout(relation, training=training)
        relation = ops.expand_dims(relation, 0)
        places = (self._split(dense(relation))[0] for dense in (self.place_query, self.place_key))
        return disentangled_scores(query, key, *places, self._bucket)

    def _bucket(self, offset):
        return ops.clip(offset + self.max_distance, 0, 2 * self.max_distance - 1)

    @property
    def lora_layers(self):
        """Query, key and value, which are one layer here."""
        return (self.projection,)

    def get_config(self):
        return {
            **super().get_config(),
            "max_distance": self.max_distance,
            "position_dropout": self.position_dropout.rate,
        }
