"""Positions that are computed, not learnt."""

import keras
import numpy as np

from .embeddings import LearnedPositions


@keras.saving.register_keras_serializable("keras_bert_zoo")
class SinusoidalPositions(LearnedPositions):
    """Sines and cosines of the place (section 3.5 of https://arxiv.org/abs/1706.03762), kept fixed.

    Takes and gives what `LearnedPositions` does. They are a table, since checkpoints have one.

    Example:

    >>> SinusoidalPositions(512, 128)(np.ones((2, 10), "int32")).shape
    (1, 10, 128)
    """

    def __init__(self, max_sequence_length, hidden_dim, **kwargs):
        super().__init__(max_sequence_length, hidden_dim, **kwargs)
        self.table = keras.layers.Embedding(
            max_sequence_length,
            hidden_dim,
            keras.initializers.Constant(0.0),
            trainable=False,
            dtype=self.dtype_policy,
            name="table",
        )

    def build(self, shape):
        super().build(shape)
        self.table.embeddings.assign(sinusoids(self.max_sequence_length, self.hidden_dim))


def sinusoids(rows, dim):
    """The table: sines in the even columns, cosines in the odd ones.

    >>> sinusoids(2, 2).round(2).tolist()
    [[0.0, 1.0], [0.84, 0.54]]
    """
    columns = np.arange(dim)
    angles = np.arange(rows)[:, None] / 10000 ** (2 * (columns // 2) / dim)
    return np.where(columns % 2, np.cos(angles), np.sin(angles)).astype("float32")
