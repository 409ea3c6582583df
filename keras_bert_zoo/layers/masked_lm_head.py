"""From a token's vector to a score for every token of the vocabulary."""

import keras
from keras import ops

from .activations import activation
from .gather import at
from .initializers import truncated_normal
from .norms import layer_norm


@keras.saving.register_keras_serializable("keras_bert_zoo")
class TokenScores(keras.Layer):
    """The product with the token table, and a bias (XLM).

    Takes and gives what `MaskedLMHead` does.

    Args:
        tokens, vocabulary_size: as there.
        hidden_dim: size of a row of the table.

    Example:

    >>> head = TokenScores(None, vocabulary_size=100, hidden_dim=16)
    >>> head(np.zeros((2, 5, 16), "float32"), np.zeros((2, 3), "int32")).shape
    (2, 3, 100)
    """

    def __init__(
        self, tokens=None, *, vocabulary_size, hidden_dim, initializer_range=0.02, **kwargs
    ):
        super().__init__(**kwargs)
        self.vocabulary_size, self.hidden_dim = vocabulary_size, hidden_dim
        self.initializer_range = initializer_range
        # In a function, so that Keras does not take the encoder's layer for one of this layer's.
        self._tied = None if tokens is None else (lambda: tokens)
        self.decoder = None
        if tokens is None:
            self.decoder = keras.layers.Dense(
                vocabulary_size,
                use_bias=False,
                kernel_initializer=truncated_normal(initializer_range),
                dtype=self.dtype_policy,
                name="decoder",
            )

    def build(self, sequence_shape, *_):
        if self.decoder is not None:
            self.decoder.build(sequence_shape)
        self.bias = self.add_weight(
            shape=(self.vocabulary_size,),
            initializer="zeros",
            name="bias",
            dtype="float32",
            autocast=False,
        )

    def call(self, sequence, places):
        return ops.cast(self.products(at(sequence, places)), "float32") + self.bias

    def products(self, x):
        """The product of vectors with the table."""
        if self.decoder is not None:
            return self.decoder(x)
        return ops.matmul(x, ops.transpose(ops.cast(self._table(), x.dtype)))

    def _table(self):
        tokens = self._tied()
        if getattr(tokens, "quantization_mode", None):  # the table holds whole numbers then
            return tokens(ops.arange(self.vocabulary_size, dtype="int32"))
        return ops.convert_to_tensor(tokens.embeddings)

    def compute_output_spec(self, sequence, places):
        shape = (sequence.shape[0], places.shape[1], self.vocabulary_size)
        return keras.KerasTensor(shape, dtype="float32")

    def get_config(self):
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "hidden_dim": self.hidden_dim,
            "initializer_range": self.initializer_range,
        }


@keras.saving.register_keras_serializable("keras_bert_zoo")
class MaskedLMHead(TokenScores):
    """Dense layer, activation, norm, then the product with the token table, and a bias.

    Takes `(batch, length, hidden_dim)` and `(batch, places)` integers, the tokens to answer for;
    gives float32 logits `(batch, places, vocabulary_size)`. Only these places are computed: all of
    them would be most of the work of a small model.

    Args:
        tokens: the encoder's `Embedding` of tokens, whose table is the output's too
            (https://arxiv.org/abs/1608.05859); or None, for a table of its own.
        vocabulary_size: rows of the table.
        hidden_dim: size of the dense layer's output.
        table_dim: size of a row of the table; `hidden_dim` if not given. If it is less, the head
            has the other columns (MobileBERT).
        activation: a name in `ACTIVATIONS`.
        epsilon: of the norm.
        use_bias: whether the dense layer and the norm have biases.

    Example:

    >>> head = MaskedLMHead(None, vocabulary_size=100, hidden_dim=16, activation="gelu")
    >>> head(np.zeros((2, 5, 16), "float32"), np.zeros((2, 3), "int32")).shape
    (2, 3, 100)
    """

    def __init__(
        self,
        tokens=None,
        *,
        vocabulary_size,
        hidden_dim,
        activation,
        epsilon=1e-12,
        use_bias=True,
        table_dim=None,
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
        self.activation, self.epsilon, self.use_bias = activation, epsilon, use_bias
        self.transform = keras.layers.Dense(
            hidden_dim,
            use_bias=use_bias,
            kernel_initializer=truncated_normal(initializer_range),
            dtype=self.dtype_policy,
            name="transform",
        )
        self.table_dim = table_dim or hidden_dim
        self.norm = layer_norm("norm", epsilon, use_bias)

    def build(self, sequence_shape, *_):
        self.transform.build(sequence_shape)
        inner = (*sequence_shape[:-1], self.hidden_dim)
        self.norm.build(inner)
        if self.table_dim < self.hidden_dim:
            self.columns = self.add_weight(
                shape=(self.hidden_dim - self.table_dim, self.vocabulary_size),
                initializer=truncated_normal(self.initializer_range),
                name="columns",
            )
        super().build((*inner[:-1], self.table_dim))

    def products(self, x):
        x = self.norm(activation(self.activation)(self.transform(x)))
        logits = super().products(x[..., : self.table_dim])
        if self.table_dim < self.hidden_dim:
            logits = logits + ops.matmul(x[..., self.table_dim :], self.columns)
        return logits

    def get_config(self):
        return {
            **super().get_config(),
            "activation": self.activation,
            "epsilon": self.epsilon,
            "use_bias": self.use_bias,
            "table_dim": self.table_dim,
        }
