"""Position-wise feed-forward layers."""

import keras

from .activations import activation as activation_called
from .dense import apply_dense
from .initializers import truncated_normal


@keras.saving.register_keras_serializable("keras_bert_zoo")
class FeedForward(keras.Layer):
    """Two dense layers with an activation between (https://arxiv.org/abs/1706.03762, section 3.3).

    Takes and gives `(batch, length, hidden_dim)`.

    Args:
        hidden_dim: size of the vectors that come in and go out.
        intermediate_dim: size between the two layers.
        activation: a name in `keras_bert_zoo.layers.ACTIVATIONS`.
        initializer_range: deviation of the new kernels.

    Example:

    >>> FeedForward(128, 512)(np.zeros((2, 10, 128), "float32")).shape
    (2, 10, 128)
    """

    def __init__(
        self, hidden_dim, intermediate_dim, activation="gelu", *, initializer_range=0.02, **kwargs
    ):
        super().__init__(**kwargs)
        self.hidden_dim, self.intermediate_dim = hidden_dim, intermediate_dim
        self.activation, self.initializer_range = activation, initializer_range
        dense = {
            "kernel_initializer": truncated_normal(initializer_range),
            "dtype": self.dtype_policy,
        }
        self.inner = keras.layers.Dense(
            intermediate_dim, activation_called(activation), name="inner", **dense
        )
        self.out = keras.layers.Dense(hidden_dim, name="out", **dense)

    def build(self, shape):
        self.inner.build(shape)
        self.out.build((*shape[:-1], self.intermediate_dim))

    def call(self, x):
        return apply_dense(self.out, apply_dense(self.inner, x))

    def compute_output_shape(self, shape):
        return (*shape[:-1], self.hidden_dim)

    def get_config(self):
        return {
            **super().get_config(),
            "hidden_dim": self.hidden_dim,
            "intermediate_dim": self.intermediate_dim,
            "activation": self.activation,
            "initializer_range": self.initializer_range,
        }
