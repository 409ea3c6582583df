"""Whether each token is the one that was written (ELECTRA)."""

import keras
from keras import ops

from .activations import activation as activation_called
from .initializers import truncated_normal


@keras.saving.register_keras_serializable("keras_bert_zoo")
class ReplacedTokenHead(keras.Layer):
    """A dense layer, an activation, one logit: `(batch, length, hidden_dim)` to two logits each.

    The first is 0 and the second that of a replaced token, so that their softmax is the sigmoid of
    https://arxiv.org/abs/2003.10555, section 2. Gives float32 `(batch, length, 2)`.

    Args:
        activation: a name in `keras_bert_zoo.layers.ACTIVATIONS`.
        initializer_range: deviation of the new kernels.

    Example:

    >>> ReplacedTokenHead()(np.zeros((2, 10, 128), "float32")).shape
    (2, 10, 2)
    """

    def __init__(self, activation="gelu", *, initializer_range=0.02, **kwargs):
        super().__init__(**kwargs)
        self.activation, self.initializer_range = activation, initializer_range

    def build(self, shape):
        initializer = truncated_normal(self.initializer_range)
        self.dense = keras.layers.Dense(
            shape[-1],
            activation_called(self.activation),
            kernel_initializer=initializer,
            dtype=self.dtype_policy,
            name="dense",
        )
        # Losses are computed on it: it stays in float32 under every precision policy.
        self.logits = keras.layers.Dense(
            1, kernel_initializer=initializer, dtype="float32", name="logits"
        )
        self.dense.build(shape)
        self.logits.build(shape)

    def call(self, x):
        replaced = self.logits(self.dense(x))
        return ops.concatenate([ops.zeros_like(replaced), replaced], axis=-1)

    def compute_output_spec(self, x):
        return keras.KerasTensor((*x.shape[:-1], 2), dtype="float32")

    def get_config(self):
        config = {"activation": self.activation, "initializer_range": self.initializer_range}
        return {**super().get_config(), **config}
