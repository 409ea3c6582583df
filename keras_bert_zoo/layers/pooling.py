"""From one vector a token to one vector a text."""

import keras

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
