"""Blocks that are narrow inside (MobileBERT, https://arxiv.org/abs/2004.02984)."""

import keras

from .attention import SelfAttention
from .initializers import truncated_normal


@keras.saving.register_keras_serializable("keras_bert_zoo")
class Affine(keras.Layer):
    """`gamma * x + beta`, where other families have a norm (section 3.3).

    Example:

    >>> Affine()(np.zeros((2, 10, 128), "float32")).shape
    (2, 10, 128)
    """

    def build(self, shape):
        self.gamma = self.add_weight(shape=shape[-1:], initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=shape[-1:], initializer="zeros", name="beta")

    def call(self, x):
        return x * self.gamma + self.beta


@keras.saving.register_keras_serializable("keras_bert_zoo")
class BottleneckAttention(SelfAttention):
    """Attention whose queries and keys come from narrowed vectors, and values from wide ones.

    Takes `(batch, length, any)`, gives `(batch, length, hidden_dim)`. Arguments are those of
    `SelfAttention`.

    Example:

    >>> BottleneckAttention(32, 4)(np.zeros((2, 10, 128), "float32")).shape
    (2, 10, 32)
    """

    def __init__(self, hidden_dim, num_heads, **kwargs):
        super().__init__(hidden_dim, num_heads, **kwargs)
        self.focus = self.dense(hidden_dim, "focus")
        self.focus_norm = Affine(dtype=self.dtype_policy, name="focus_norm")

    def build(self, shape, *_):
        narrow = (*shape[:-1], self.hidden_dim)
        for dense in (self.focus, self.value):
            dense.build(shape)
        for layer in (self.focus_norm, self.query, self.key, self.out):
            layer.build(narrow)

    def project(self, x):
        narrow = self.focus_norm(self.focus(x))
        return tuple(map(self._split, (self.query(narrow), self.key(narrow), self.value(x))))


@keras.saving.register_keras_serializable("keras_bert_zoo")
class BottleneckBlock(keras.Layer):
    """A narrow attention and a stack of narrow feed-forwards, between two wide sums (figure 1c).

    Takes and gives `(batch, length, hidden_dim)`.

    Args:
        attention: wide to narrow, as `BottleneckAttention`.
        feed_forwards: list of layers `x -> x`, narrow.
        hidden_dim: size of the wide vectors.
        dropout: rate before the last sum, in training.
        initializer_range: deviation of the new kernels.

    Example:

    >>> block = BottleneckBlock(BottleneckAttention(32, 4), [FeedForward(32, 64)], hidden_dim=128)
    >>> block(np.zeros((2, 10, 128), "float32")).shape
    (2, 10, 128)
    """

    def __init__(
        self,
        attention,
        feed_forwards,
        *,
        hidden_dim,
        dropout=0.0,
        initializer_range=0.02,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.attention, self.feed_forwards = attention, list(feed_forwards)
        self.hidden_dim, self.initializer_range = hidden_dim, initializer_range
        self.enter, self.leave = (
            keras.layers.Dense(
                units,
                kernel_initializer=truncated_normal(initializer_range),
                dtype=self.dtype_policy,
                name=name,
            )
            for units, name in ((attention.hidden_dim, "enter"), (hidden_dim, "leave"))
        )
        affine = lambda name: Affine(dtype=self.dtype_policy, name=name)  # noqa: E731
        self.enter_norm, self.leave_norm = affine("enter_norm"), affine("leave_norm")
        self.attention_norm = affine("attention_norm")
        self.norms = [affine(f"feed_forward_{i}_norm") for i in range(len(self.feed_forwards))]
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)

    def build(self, shape, *_):
        narrow = (*shape[:-1], self.attention.hidden_dim)
        self.enter.build(shape)
        self.leave.build(narrow)
        self.leave_norm.build(shape)
        for part in (self.enter_norm, self.attention_norm, *self.norms):
            part.build(narrow)
        for part, part_shape in (
            (self.attention, shape),
            *((one, narrow) for one in self.feed_forwards),
        ):
            if not part.built:  # parts that come from a saved config are
                part.build(part_shape)

    def call(
        self, x, attention_mask=None, training=None, return_attention_maps=False, relation=None
    ):
        out = self.attention(
            x, attention_mask, training=training, return_attention_maps=return_attention_maps
        )
        mixed, maps = out if return_attention_maps else (out, None)
        y = self.attention_norm(self.enter_norm(self.enter(x)) + mixed)
        for feed_forward, norm in zip(self.feed_forwards, self.norms):
            y = norm(y + feed_forward(y))
        y = self.leave(y)
        y = self.dropout(y, training=training) if training else y
        x = self.leave_norm(x + y)
        return (x, maps) if return_attention_maps else x

    def compute_output_spec(
        self, x, attention_mask=None, training=None, return_attention_maps=False, relation=None
    ):
        out = keras.KerasTensor(x.shape, self.compute_dtype)
        if not return_attention_maps:
            return out
        return out, self.attention.compute_output_spec(
            x, return_attention_maps=return_attention_maps
        )[1]

    @property
    def lora_layers(self):
        """Dense layers that get low-rank updates."""
        return self.attention.lora_layers

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "attention": serialize(self.attention),
            "feed_forwards": [serialize(one) for one in self.feed_forwards],
            "hidden_dim": self.hidden_dim,
            "dropout": self.dropout.rate,
            "initializer_range": self.initializer_range,
        }

    @classmethod
    def from_config(cls, config):
        read = keras.saving.deserialize_keras_object
        parts = {
            "attention": read(config["attention"]),
            "feed_forwards": [read(one) for one in config["feed_forwards"]],
        }
        return cls(**{**config, **parts})
