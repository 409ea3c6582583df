"""A block with a convolution beside it."""

import keras
from keras import ops

from .activations import activation as activation_called
from .blocks import PostNormBlock
from .initializers import truncated_normal
from .norms import layer_norm


@keras.saving.register_keras_serializable("keras_bert_zoo")
class ConvolvedBlock(PostNormBlock):
    """A `PostNormBlock`, and a convolution of what it reads, summed and normalised (DeBERTa-v2).

    Takes and gives `(batch, length, hidden_dim)`; what it gives for padding is 0. The mask is one
    of padding, `(batch, 1, 1, length)`, as `AttentionMask` gives it. Source: class `ConvLayer` of
    https://github.com/microsoft/DeBERTa.

    Args:
        attention, feed_forward, attention_norm, feed_forward_norm, dropout: as for `PostNormBlock`.
        hidden_dim: size of the vectors.
        kernel_size: tokens that the convolution sees at once.
        activation: of the convolution; a name in `keras_bert_zoo.layers.ACTIVATIONS`.
        epsilon: of the norm after the sum.
        initializer_range: deviation of the new kernel.

    Example:

    >>> block = ConvolvedBlock(
    ...     SelfAttention(128, 2), FeedForward(128, 512), layer_norm("a"), layer_norm("b"),
    ...     hidden_dim=128, kernel_size=3,
    ... )
    >>> block(np.zeros((2, 10, 128), "float32")).shape
    (2, 10, 128)
    """

    def __init__(
        self,
        *parts,
        hidden_dim,
        kernel_size,
        activation="tanh",
        epsilon=1e-7,
        initializer_range=0.02,
        **kwargs,
    ):
        super().__init__(*parts, **kwargs)
        self.hidden_dim, self.kernel_size = hidden_dim, kernel_size
        self.activation, self.epsilon = activation, epsilon
        self.initializer_range = initializer_range
        self.convolution = keras.layers.Conv1D(
            hidden_dim,
            kernel_size,
            padding="same",
            kernel_initializer=truncated_normal(initializer_range),
            dtype=self.dtype_policy,
            name="convolution",
        )
        self.convolution_norm = layer_norm("convolution_norm", epsilon)

    def build(self, shape, *_):
        super().build(shape)
        self.convolution.build(shape)
        self.convolution_norm.build(shape)

    def call(
        self, x, attention_mask=None, training=None, return_attention_maps=False, relation=None
    ):
        out = super().call(x, attention_mask, training, return_attention_maps, relation)
        y, maps = out if return_attention_maps else (out, None)
        if attention_mask is None:
            mask = ops.ones_like(x[..., :1])
        else:
            mask = ops.cast(ops.expand_dims(attention_mask[:, 0, 0, :], -1), x.dtype)
        near = self.drop(self.convolution(x * mask) * mask, training)
        near = activation_called(self.activation)(near)
        y = self.convolution_norm(y + near) * mask
        return (y, maps) if return_attention_maps else y

    def get_config(self):
        return {
            **super().get_config(),
            "hidden_dim": self.hidden_dim,
            "kernel_size": self.kernel_size,
            "activation": self.activation,
            "epsilon": self.epsilon,
            "initializer_range": self.initializer_range,
        }
