"""Attention that turns queries and keys by where they stand, over the whole text or nearby."""

import keras
from keras import ops

from .attention import Attention, needs_weights


def rotate(x, base):
    """Turns each pair of values by an angle that grows with the position.

    Source: https://arxiv.org/abs/2104.09864, eq. 34, with the pairs made of the first and the
    second half of a vector.

    Args:
        x: `(batch, length, num_heads, head_dim)`.
        base: the slowest pair turns by about `1 / base` a position.

    >>> rotate(np.ones((1, 2, 1, 2), "float32"), 10_000.0)[0, 1, 0]   # cos 1 - sin 1, cos 1 + sin 1
    array([-0.30116868,  1.3817732 ])
    """
    half = x.shape[-1] // 2
    places = ops.cast(ops.arange(ops.shape(x)[1], dtype="int32"), "float32")
    speeds = ops.convert_to_tensor([1.0 / base ** (i / half) for i in range(half)], "float32")
    angles = ops.expand_dims(ops.expand_dims(places, 1) * speeds, 1)
    cos, sin = ops.cos(angles), ops.sin(angles)
    first, second = ops.cast(x[..., :half], "float32"), ops.cast(x[..., half:], "float32")
    turned = [first * cos - second * sin, second * cos + first * sin]
    return ops.cast(ops.concatenate(turned, axis=-1), x.dtype)


@keras.saving.register_keras_serializable("keras_bert_zoo")
class RotaryAttention(Attention):
    """Self-attention with rotary positions, of all tokens or of those nearby (ModernBERT).

    Near tokens only: work and memory grow with `length * window`. One dense layer without bias
    gives queries, keys and values. With a window the mask is one of padding, `(batch, 1, 1,
    length)`, as `AttentionMask` gives it. Source: https://arxiv.org/abs/2412.13663, section 2.1.

    Args:
        hidden_dim, num_heads, initializer_range: as for `Attention`.
        dropout: rate at which attention weights, and the output, are dropped in training.
        rotary_base: see `rotate`.
        window: how many tokens to each side a token sees; all of them if not given.

    Example:

    >>> attention = RotaryAttention(128, 2, rotary_base=10_000.0, window=4)
    >>> attention(np.zeros((2, 10, 128), "float32")).shape
    (2, 10, 128)
    """

    def __init__(self, hidden_dim, num_heads, *, rotary_base, window=None, **kwargs):
        super().__init__(hidden_dim, num_heads, **kwargs)
        self.rotary_base, self.window = rotary_base, window
        self.projection = self.dense(3 * hidden_dim, "projection", use_bias=False)
        self.out = self.dense(hidden_dim, "out", use_bias=False)

    def build(self, shape, *_):
        self.projection.build(shape)
        self.out.build(shape)

    def project(self, x):
        query, key, value = map(self._split, ops.split(self.projection(x), 3, axis=-1))
        return rotate(query, self.rotary_base), rotate(key, self.rotary_base), value

    def mix(self, query, key, value, mask, training, asked=(), relation=None):
        if self.window is None:
            return super().mix(query, key, value, mask, training, asked, relation)
        length = ops.shape(query)[1]
        if mask is not None and mask.shape[2] != 1:  # several texts in a row
            places = ops.arange(length, dtype="int32")
            near = ops.logical_and(self._near(places, places), mask)
            return super().mix(query, key, value, near, training, asked, relation)
        visible = None if mask is None else mask[:, 0, 0, :]
        if needs_weights(asked) or (isinstance(length, int) and length <= 2 * self.window):
            near = self._near(ops.arange(length, dtype="int32"), ops.arange(length, dtype="int32"))
            if visible is not None:
                near = sees_itself(ops.logical_and(near, visible[:, None, :]), 0)
                near = near[:, None]
            return super().mix(query, key, value, near, training, asked, relation)
        return self._mix_blocks(query, key, value, visible, training), {}

    def _mix_blocks(self, query, key, value, visible, training):
        """Blocks of `window` queries, each with the keys of its own block and of its neighbours."""
        size, length = self.window, ops.shape(query)[1]
        count = (length + size - 1) // size
        if visible is None:
            visible = ops.ones((ops.shape(query)[0], length), "bool")
        query = in_blocks(query, count, size)
        key, value = (with_neighbours(in_blocks(x, count, size)) for x in (key, value))
        seen = with_neighbours(in_blocks(visible, count, size))
        places = ops.arange(size, dtype="int32")
        near = self._near(places + size, ops.arange(3 * size, dtype="int32"))
        near = sees_itself(ops.logical_and(near, ops.expand_dims(seen, 2)), size)
        flat = lambda x: ops.reshape(x, (-1, *x.shape[2:]))  # noqa: E731
        mixed, _ = super().mix(
            flat(query), flat(key), flat(value), ops.expand_dims(flat(near), 1), training
        )
        mixed = ops.reshape(mixed, (-1, count * size, self.num_heads, self.head_dim))
        return mixed[:, :length]

    def _near(self, queries, keys):
        return ops.abs(ops.expand_dims(queries, 1) - keys) <= self.window

    def call(
        self, x, attention_mask=None, training=None, return_attention_maps=False, relation=None
    ):
        out = super().call(x, attention_mask, training, return_attention_maps, relation)
        if not training:
            return out
        if return_attention_maps:
            return self.dropout(out[0], training=training), out[1]
        return self.dropout(out, training=training)

    @property
    def lora_layers(self):
        """Query, key and value, which are one layer here."""
        return (self.projection,)

    def get_config(self):
        return {
            **super().get_config(),
            "rotary_base": self.rotary_base,
            "window": self.window,
        }


def in_blocks(x, count, size):
    """`(batch, length, ...)` to `(batch, count, size, ...)`, with zeros at the end."""
    missing = count * size - ops.shape(x)[1]
    x = ops.pad(x, [[0, 0], [0, missing]] + [[0, 0]] * (len(x.shape) - 2))
    return ops.reshape(x, (-1, count, size, *x.shape[2:]))


def with_neighbours(blocks):
    """`(batch, count, size, ...)` to `(batch, count, 3 * size, ...)`; zeros beyond the ends."""
    around = ops.pad(blocks, [[0, 0], [1, 1]] + [[0, 0]] * (len(blocks.shape) - 2))
    return ops.concatenate([around[:, :-2], blocks, around[:, 2:]], axis=2)


def sees_itself(visible, first):
    """`visible` `(..., queries, keys)`, and each query the key at its own place.

    A softmax over nothing is NaN, and padding far from all tokens sees nothing else. Tokens see
    themselves already.

    Args:
        visible: bool.
        first: the place of the first query among the keys.
    """
    queries, keys = ops.shape(visible)[-2:]
    own = ops.expand_dims(ops.arange(queries, dtype="int32") + first, 1) == ops.arange(
        keys, dtype="int32"
    )
    return ops.logical_or(visible, own)
