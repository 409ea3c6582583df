"""A feed-forward layer with a gate."""

import keras
from keras import ops

from .activations import activation as activation_called
from .dense import apply_dense
from .initializers import truncated_normal


@keras.saving.register_keras_serializable("keras_bert_zoo")
class GatedFeedForward(keras.Layer):
    """`out(activation(x A) * x B)`, without biases (https://arxiv.org/abs/2002.05202, GEGLU).

    Takes and gives `(batch, length, hidden_dim)`. A and B are one dense layer.

    Args:
        hidden_dim: size of the vectors that come in and go out.
        intermediate_dim: size between.
        activation: a name in `keras_bert_zoo.layers.ACTIVATIONS`.
        dropout: rate on what is between, in training.
        initializer_range: deviation of the new kernels.

    Example:

    >>> GatedFeedForward(128, 192)(np.zeros((2, 10, 128), "float32")).shape
    (2, 10, 128)
    """

    def __init__(
        self,
        hidden_dim,
        intermediate_dim,
        activation="gelu",
        *,
        dropout=0.0,
        initializer_range=0.02,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.hidden_dim, self.intermediate_dim = hidden_dim, intermediate_dim
        self.activation, self.initializer_range = activation, initializer_range
        dense = {
            "use_bias": False,
            "kernel_initializer": truncated_normal(initializer_range),
            "dtype": self.dtype_policy,
        }
        self.inner = keras.layers.Dense(2 * intermediate_dim, name="inner", **dense)
        self.out = keras.layers.Dense(hidden_dim, name="out", **dense)
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)

    def build(self, shape):
        self.inner.build(shape)
        self.out.build((*shape[:-1], self.intermediate_dim))

    def call(self, x, training=None):
        x, gate = ops.split(apply_dense(self.inner, x), 2, axis=-1)
        x = activation_called(self.activation)(x) * gate
        return apply_dense(self.out, self.dropout(x, training=training) if training else x)

    def compute_output_spec(self, x, training=None):
        return keras.KerasTensor((*x.shape[:-1], self.hidden_dim), self.compute_dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "hidden_dim": self.hidden_dim,
            "intermediate_dim": self.intermediate_dim,
            "activation": self.activation,
            "dropout": self.dropout.rate,
            "initializer_range": self.initializer_range,
        }
