"""From the two tokens around a span to a score for every token of the vocabulary."""

import keras
from keras import ops

from ..layers import TokenScores, activation, layer_norm
from ..layers.gather import at
from ..layers.initializers import truncated_normal


@keras.saving.register_keras_serializable("keras_bert_zoo")
class SpanBoundaryHead(TokenScores):
    """What a token of a span is, from the tokens around the span and its place in it.

    `[left; right; place]`, twice a dense layer, gelu and a norm, then the product with the token
    table, and a bias (https://arxiv.org/abs/1907.10529, section 3.2). Takes
    `(batch, length, hidden_dim)` and three times integers `(batch, places)`: the place before the
    span, the one after it, and how far into it the token is, from 0. Gives float32 logits
    `(batch, places, vocabulary_size)`.

    Args:
        tokens: the encoder's `Embedding` of tokens, whose table is the output's too.
        vocabulary_size, table_dim: rows of the table, and their size.
        hidden_dim: size of the first dense layer.
        max_span: rows of the table of places in a span.
        position_dim: size of such a row; 200 in the paper's code.
        epsilon: of the norms.

    Example:

    >>> head = SpanBoundaryHead(None, vocabulary_size=100, hidden_dim=16)
    >>> left, right, offsets = np.array([[1, 1]]), np.array([[4, 4]]), np.array([[0, 1]])
    >>> head(np.zeros((1, 6, 16), "float32"), left, right, offsets).shape
    (1, 2, 100)
    """

    def __init__(
        self,
        tokens=None,
        *,
        vocabulary_size,
        hidden_dim,
        table_dim=None,
        max_span=20,
        position_dim=200,
        epsilon=1e-12,
        initializer_range=0.02,
        **kwargs,
    ):
        super().__init__(
            tokens,
            vocabulary_size=vocabulary_size,
            hidden_dim=hidden_dim,
            initializer_range=initializer_range,
            **kwargs,
        )
        self.table_dim, self.epsilon = table_dim or hidden_dim, epsilon
        self.max_span, self.position_dim = max_span, position_dim
        options = {
            "kernel_initializer": truncated_normal(initializer_range),
            "dtype": self.dtype_policy,
        }
        self.offsets = keras.layers.Embedding(
            max_span,
            position_dim,
            truncated_normal(initializer_range),
            dtype=self.dtype_policy,
            name="offsets",
        )
        gelu = activation("gelu")
        self.inner = keras.layers.Dense(hidden_dim, gelu, name="inner", **options)
        self.inner_norm = layer_norm("inner_norm", epsilon)
        self.out = keras.layers.Dense(self.table_dim, gelu, name="out", **options)
        self.out_norm = layer_norm("out_norm", epsilon)

    def build(self, sequence_shape, *_):
        batch = sequence_shape[0]
        self.offsets.build()
        self.inner.build((batch, None, 2 * sequence_shape[-1] + self.position_dim))
        self.inner_norm.build((batch, None, self.hidden_dim))
        self.out.build((batch, None, self.hidden_dim))
        self.out_norm.build((batch, None, self.table_dim))
        super().build((batch, None, self.table_dim))

    def call(self, sequence, left, right, offsets):
        around = [at(sequence, left), at(sequence, right), self.offsets(offsets)]
        x = self.inner_norm(self.inner(ops.concatenate(around, axis=-1)))
        x = self.out_norm(self.out(x))
        return ops.cast(self.products(x), "float32") + self.bias

    def compute_output_spec(self, sequence, left, *_):
        return super().compute_output_spec(sequence, left)

    def get_config(self):
        return {
            **super().get_config(),
            "table_dim": self.table_dim,
            "max_span": self.max_span,
            "position_dim": self.position_dim,
            "epsilon": self.epsilon,
        }
