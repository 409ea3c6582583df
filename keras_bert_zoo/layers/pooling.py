"""From one vector a token to one vector a text."""

import keras
from keras import ops

from .gather import at
from .initializers import truncated_normal


@keras.saving.register_keras_serializable("keras_bert_zoo")
class Pooler(keras.Layer):
    """The first token's vector through a dense tanh layer (BERT, section 3.2).

    Takes `(batch, length, hidden_dim)` and gives `(batch, hidden_dim)`.

    Example:

    >>> Pooler(128)(np.zeros((2, 10, 128), "float32")).shape
    (2, 128)
    """

    def __init__(self, hidden_dim, *, initializer_range=0.02, **kwargs):
        super().__init__(**kwargs)
        self.hidden_dim, self.initializer_range = hidden_dim, initializer_range
        self.dense = keras.layers.Dense(
            hidden_dim,
            "tanh",
            kernel_initializer=truncated_normal(initializer_range),
            dtype=self.dtype_policy,
            name="dense",
        )

    def build(self, sequence_shape):
        self.dense.build((sequence_shape[0], sequence_shape[-1]))

    def call(self, sequence):
        return self.dense(sequence[:, 0])

    def compute_output_shape(self, sequence_shape):
        return (sequence_shape[0], self.hidden_dim)

    def get_config(self):
        return {
            **super().get_config(),
            "hidden_dim": self.hidden_dim,
            "initializer_range": self.initializer_range,
        }


@keras.saving.register_keras_serializable("keras_bert_zoo")
class LastToken(keras.Layer):
    """The vector of the last token before the one that closes the text (VisualBERT).

    Takes `(batch, length, hidden_dim)` and the `(batch, length)` padding mask, with padding on the
    right, and gives `(batch, hidden_dim)`. Source: VisualBERT answers a question at a `[MASK]` that
    ends it, https://github.com/uclanlp/visualbert.

    Example:

    >>> LastToken()(np.zeros((2, 10, 128), "float32"), np.ones((2, 10), "int32")).shape
    (2, 128)
    """

    def call(self, sequence, padding_mask):
        real = ops.sum(ops.cast(padding_mask > 0, "int32"), axis=1)
        place = ops.maximum(real - 2, 0)  # a row of padding has no last token
        return at(sequence, ops.expand_dims(place, 1))[:, 0]

    def compute_output_spec(self, sequence, padding_mask):
        return keras.KerasTensor((sequence.shape[0], sequence.shape[2]), dtype=sequence.dtype)
