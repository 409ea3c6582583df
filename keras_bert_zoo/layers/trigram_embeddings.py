"""Embeddings that are made of three tokens each."""

import keras
from keras import ops

from .embeddings import LearnedPositions
from .initializers import truncated_normal


@keras.saving.register_keras_serializable("keras_bert_zoo")
class TrigramEmbeddings(keras.Layer):
    """A token's vector and its neighbours', made wide, with position and segment (MobileBERT).

    Takes three `(batch, length)` integer tensors, gives `(batch, length, hidden_dim)`. Beyond the
    ends of a text there are zeros, and padding is beyond: a text has the same vectors alone and in
    a batch. Source: https://arxiv.org/abs/2004.02984, section 3.1, and its code.

    Args:
        vocabulary_size: rows of the token table.
        embedding_dim: size of a row of the token table.
        hidden_dim: size of the vectors that come out.
        max_sequence_length: rows of the position table.
        num_segments: rows of the segment table.
        norm: layer applied to the sum.
        dropout: rate, in training.

    Example:

    >>> layer = TrigramEmbeddings(100, 8, 16, max_sequence_length=512)
    >>> ids = np.zeros((2, 10), "int32")
    >>> layer(ids, ids, ids + 1).shape
    (2, 10, 16)
    """

    def __init__(
        self,
        vocabulary_size,
        embedding_dim,
        hidden_dim,
        *,
        max_sequence_length,
        num_segments=2,
        norm=None,
        dropout=0.0,
        initializer_range=0.02,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.vocabulary_size, self.embedding_dim = vocabulary_size, embedding_dim
        self.hidden_dim, self.max_sequence_length = hidden_dim, max_sequence_length
        self.num_segments, self.initializer_range = num_segments, initializer_range
        self.norm = norm
        initializer, policy = truncated_normal(initializer_range), self.dtype_policy
        table = keras.layers.Embedding
        self.tokens = table(
            vocabulary_size, embedding_dim, initializer, dtype=policy, name="tokens"
        )
        self.segments = table(num_segments, hidden_dim, initializer, dtype=policy, name="segments")
        self.positions = LearnedPositions(
            max_sequence_length,
            hidden_dim,
            initializer_range=initializer_range,
            dtype=policy,
            name="positions",
        )
        self.project = keras.layers.Dense(
            hidden_dim, kernel_initializer=initializer, dtype=policy, name="project"
        )
        self.dropout = keras.layers.Dropout(dropout, dtype=policy)

    def build(self, token_ids_shape, *_):
        self.tokens.build()
        self.segments.build()
        self.positions.build(token_ids_shape)
        self.project.build((*token_ids_shape, 3 * self.embedding_dim))
        if self.norm is not None and not self.norm.built:
            self.norm.build((*token_ids_shape, self.hidden_dim))

    def call(self, token_ids, segment_ids, padding_mask, training=None):
        x = self.tokens(token_ids)
        x = x * ops.cast(ops.expand_dims(padding_mask > 0, -1), x.dtype)
        around = ops.pad(x, [[0, 0], [1, 1], [0, 0]])
        x = self.project(ops.concatenate([around[:, 2:], x, around[:, :-2]], axis=-1))
        x = x + self.positions(padding_mask) + self.segments(segment_ids)
        x = x if self.norm is None else self.norm(x)
        return self.dropout(x, training=training) if training else x

    def compute_output_shape(self, token_ids_shape, *_):
        return (*token_ids_shape, self.hidden_dim)

    def get_config(self):
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "embedding_dim": self.embedding_dim,
            "hidden_dim": self.hidden_dim,
            "max_sequence_length": self.max_sequence_length,
            "num_segments": self.num_segments,
            "norm": self.norm and keras.saving.serialize_keras_object(self.norm),
            "dropout": self.dropout.rate,
            "initializer_range": self.initializer_range,
        }

    @classmethod
    def from_config(cls, config):
        norm = config["norm"] and keras.saving.deserialize_keras_object(config["norm"])
        return cls(**{**config, "norm": norm})
