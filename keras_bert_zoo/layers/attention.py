"""Multi-head self-attention."""

import keras
from keras import ops

from .dense import apply_dense
from .initializers import truncated_normal
from .lora import LoraDense

HIDDEN = -1e30  # the score of a key that a query may not see: float32 has room for it
# What can be had of an attention: its weights; the float32 scores that they are the softmax of; and
# what these are made of, `(batch, length, num_heads, head_dim)`.
PARTS = ("maps", "scores", "query", "key", "value")


def needs_weights(asked):
    """Whether one of these parts cannot be had from the fused operation."""
    return "maps" in asked or "scores" in asked


class Attention(keras.Layer):
    """What all multi-head attentions share (https://arxiv.org/abs/1706.03762, section 3.2).

    Uses the backend's fused attention unless attention dropout is active, or the maps are asked
    for, or something is added to the scores: none can be had from the fused operation. A subclass
    makes queries, keys and values.

    Args:
        hidden_dim: size of the vectors that come in and go out; a multiple of `num_heads`.
        num_heads: number of heads.
        dropout: rate at which attention weights are dropped in training.
        initializer_range: deviation of the new kernels.

    Raises:
        ValueError: `hidden_dim` is not a multiple of `num_heads`.
    """

    def __init__(self, hidden_dim, num_heads, *, dropout=0.0, initializer_range=0.02, **kwargs):
        super().__init__(**kwargs)
        if hidden_dim % num_heads:
            raise ValueError(
                f"hidden_dim={hidden_dim} does not divide into num_heads={num_heads} heads of the "
                "same size. Change one of them."
            )
        self.hidden_dim, self.num_heads = hidden_dim, num_heads
        self.head_dim = hidden_dim // num_heads
        self.initializer_range = initializer_range
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)

    def dense(self, units, name, use_bias=True):
        """A new dense layer."""
        return LoraDense(
            units,
            use_bias=use_bias,
            kernel_initializer=truncated_normal(self.initializer_range),
            dtype=self.dtype_policy,
            name=name,
        )

    def project(self, x):
        """Queries, keys and values, `(batch, length, num_heads, head_dim)` each."""
        raise NotImplementedError

    def join(self, mixed):
        """The output `(batch, length, hidden_dim)` from what the heads give."""
        return apply_dense(self.out, self._join(mixed))

    def project_from(self, x, source):
        """Queries from `x`, keys and values from `source`, where a subclass has that."""
        raise ValueError(
            f"{type(self).__name__} attends to the text itself only: leave source out."
        )

    def call(
        self,
        x,
        attention_mask=None,
        training=None,
        return_attention_maps=False,
        relation=None,
        source=None,
    ):
        """Mixes each token's vector with those it may see.

        Args:
            x: `(batch, length, hidden_dim)`.
            attention_mask: bool, broadcast to `(batch, num_heads, length, length)`; True where
                the query (third axis) may see the key (last axis).
            return_attention_maps: also return the weights `(batch, num_heads, length, length)`; or,
                for names in `PARTS`, a dictionary of these.
            relation: added to the scores; broadcast to `(batch, num_heads, length, length)`.
            source: what keys and values are made of, `(batch, its length, hidden_dim)`; `x` if not
                given. Its length is the last axis of mask, maps and relation.
        """
        parts = self.project(x) if source is None else self.project_from(x, source)
        asked = ("maps",) if return_attention_maps is True else tuple(return_attention_maps or ())
        mixed, found = self.mix(*parts, attention_mask, training, asked, relation)
        out = self.join(mixed)
        if not asked:
            return out
        found = {**found, **dict(zip(("query", "key", "value"), parts))}
        if return_attention_maps is True:
            return out, found["maps"]
        return out, {name: found[name] for name in asked}

    def mix(self, query, key, value, mask, training, asked=(), relation=None):
        """`(what the heads give, {"maps": ..., "scores": ...} if one of them is asked for)`."""
        dropping = training and self.dropout.rate > 0
        plain = needs_weights(asked) or dropping or relation is not None
        if not (plain or (training and is_slow_to_derive(query))):
            return fused_attention(query, key, value, mask), {}
        scores = self.scores(query, key, relation, training)
        if mask is not None:
            scores = ops.where(mask, scores, HIDDEN)
        maps = ops.cast(ops.softmax(scores, axis=-1), self.compute_dtype)
        dropped = self.dropout(maps, training=training) if training else maps
        return ops.einsum("bnqk,bknh->bqnh", dropped, value), {"maps": maps, "scores": scores}

    def scores(self, query, key, relation, training):
        """How much each query is drawn to each key: float32 `(batch, num_heads, length, length)`.

        Softmax in float32 under every policy: float16 has too few bits for long sums.
        """
        scores = ops.cast(ops.einsum("bqnh,bknh->bnqk", query, key), "float32")
        scores = scores * self.head_dim**-0.5
        return scores if relation is None else scores + ops.cast(relation, "float32")

    def _split(self, x):
        return ops.reshape(x, (-1, ops.shape(x)[1], self.num_heads, self.head_dim))

    def _join(self, x):
        return ops.reshape(x, (-1, ops.shape(x)[1], self.hidden_dim))

    def compute_output_spec(
        self,
        x,
        attention_mask=None,
        training=None,
        return_attention_maps=False,
        relation=None,
        source=None,
    ):
        out = keras.KerasTensor((*x.shape[:-1], self.hidden_dim), self.compute_dtype)
        batch, length, _ = x.shape
        columns = length if source is None else source.shape[1]
        maps, heads = (batch, self.num_heads, length, columns), (self.num_heads, self.head_dim)
        if not return_attention_maps:
            return out
        if return_attention_maps is True:
            return out, keras.KerasTensor(maps, self.compute_dtype)
        shapes = {"maps": maps, "scores": maps, "query": (batch, length, *heads)}
        return out, {
            name: keras.KerasTensor(
                shapes.get(name, (batch, columns, *heads)),
                "float32" if name == "scores" else self.compute_dtype,
            )
            for name in return_attention_maps
        }

    def get_config(self):
        return {
            **super().get_config(),
            "hidden_dim": self.hidden_dim,
            "num_heads": self.num_heads,
            "dropout": self.dropout.rate,
            "initializer_range": self.initializer_range,
        }


@keras.saving.register_keras_serializable("keras_bert_zoo")
class SelfAttention(Attention):
    """Multi-head self-attention with a dense layer each for query, key, value and output (BERT).

    Arguments are those of `Attention`.

    Example:

    >>> attention = SelfAttention(128, 2)
    >>> attention(np.zeros((2, 10, 128), "float32")).shape
    (2, 10, 128)
    """

    def __init__(self, hidden_dim, num_heads, **kwargs):
        super().__init__(hidden_dim, num_heads, **kwargs)
        self.query, self.key, self.value, self.out = (
            self.dense(hidden_dim, name) for name in ("query", "key", "value", "out")
        )

    def build(self, shape, *_):
        for dense in (self.query, self.key, self.value, self.out):
            dense.build(shape)

    def project(self, x):
        parts = (self.query, self.key, self.value)
        return tuple(self._split(apply_dense(part, x)) for part in parts)

    @property
    def lora_layers(self):
        """Query and value, as in https://arxiv.org/abs/2106.09685, section 7.1."""
        return self.query, self.value


def fused_attention(query, key, value, mask):
    """Softmax(query key^T / sqrt(head_dim)) value, in the backend's fastest way.

    All are `(batch, length, num_heads, head_dim)`; the mask is boolean, because on TPU the JAX
    backend drops an additive one, and its flash kernel takes no mask for each batch row.
    """
    flash = False if on_jax("tpu") else None
    dtype = keras.backend.standardize_dtype(query.dtype)
    if dtype == "float16" and on_jax("cpu"):
        # JAX asks for float16 products summed in float32, which its CPU compiler does not have.
        query, key, value = (ops.cast(x, "float32") for x in (query, key, value))
    mixed = ops.dot_product_attention(query, key, value, mask=mask, flash_attention=flash)
    return ops.cast(mixed, dtype)


def is_slow_to_derive(x):
    """Whether the fused attention costs more in training than its plain products.

    PyTorch's backward pass of 16-bit numbers on a CPU: 88 ms against 33 for 32 rows of 128 tokens.
    """
    if keras.config.backend() != "torch":
        return False
    return keras.backend.standardize_dtype(x.dtype) != "float32" and x.device.type == "cpu"


def on_jax(platform):
    """Whether this is JAX, on devices of that platform."""
    if keras.config.backend() != "jax":
        return False
    return any(platform in device.lower() for device in keras.distribution.list_devices())
