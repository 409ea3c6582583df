"""What stands between the encoder and the logits of every head of ModernBERT."""

import keras

from .activations import activation as activation_called
from .initializers import truncated_normal
from .norms import layer_norm


@keras.saving.register_keras_serializable("keras_bert_zoo")
class PredictionTransform(keras.Layer):
    """A dense layer, an activation and a norm, without biases. Takes and gives `(..., hidden_dim)`.

    Args:
        hidden_dim: size of the vectors that come in and go out.
        activation: a name in `keras_bert_zoo.layers.ACTIVATIONS`.
        epsilon: of the norm.
        initializer_range: deviation of the new kernel.

    Example:

    >>> PredictionTransform(128)(np.zeros((2, 10, 128), "float32")).shape
    (2, 10, 128)
    """

    def __init__(
        self, hidden_dim, activation="gelu", *, epsilon=1e-5, initializer_range=0.02, **kwargs
    ):
        super().__init__(**kwargs)
        self.hidden_dim, self.activation = hidden_dim, activation
        self.epsilon, self.initializer_range = epsilon, initializer_range
        self.dense = keras.layers.Dense(
            hidden_dim,
            activation_called(activation),
            use_bias=False,
            kernel_initializer=truncated_normal(initializer_range),
            dtype=self.dtype_policy,
            name="dense",
        )
        self.norm = layer_norm("norm", epsilon, use_bias=False)

    def build(self, shape):
        self.dense.build(shape)
        self.norm.build(shape)

    def call(self, x):
        return self.norm(self.dense(x))

    def compute_output_shape(self, shape):
        return (*shape[:-1], self.hidden_dim)

    def get_config(self):
        return {
            **super().get_config(),
            "hidden_dim": self.hidden_dim,
            "activation": self.activation,
            "epsilon": self.epsilon,
            "initializer_range": self.initializer_range,
        }
