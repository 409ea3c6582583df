"""Embeddings that are another encoder's, brought to another width."""

import keras

from ..layers import Embeddings, LearnedPositions, layer_norm
from ..layers.initializers import truncated_normal


class TiedEmbeddings(keras.Layer):
    """The tables and the norm of other `Embeddings`, and a dense layer of its own.

    ELECTRA's generator reads the discriminator's tables (https://arxiv.org/abs/2003.10555, section
    3.2). It has a table of positions of its own, and a norm, where the other has none.

    Args:
        source: the `Embeddings` whose tables these are.
        config: `ElectraConfig` of the encoder that reads them.

    Raises:
        ValueError: a source that is put together in another way, such as MobileBERT's trigrams.

    Example:

    >>> layer = TiedEmbeddings(encoder.embeddings, ElectraConfig(30522, hidden_dim=64))
    >>> ids = np.zeros((2, 10), "int32")
    >>> layer(ids, ids, ids + 1).shape
    (2, 10, 64)
    """

    takes_places = True

    def __init__(self, source, config, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(source, Embeddings):
            raise ValueError(
                f"A {type(source).__name__} cannot be another encoder's too: give "
                "ReplacedTokens(sharing='none')."
            )
        self.source, self.output_dim = source, config.hidden_dim
        spread = {"initializer_range": config.initializer_range, "dtype": self.dtype_policy}
        self.positions = self.project = self.norm = None
        if source.positions is None:
            places = config.max_sequence_length
            self.positions = LearnedPositions(places, source.hidden_dim, name="positions", **spread)
        if source.norm is None:
            self.norm = layer_norm("norm", config.layer_norm_epsilon)
        self.dropout = keras.layers.Dropout(config.dropout, dtype=self.dtype_policy)
        if self.output_dim != source.hidden_dim:
            self.project = keras.layers.Dense(
                self.output_dim,
                kernel_initializer=truncated_normal(config.initializer_range),
                dtype=self.dtype_policy,
                name="project",
            )

    @property
    def tokens(self):
        """The `Embedding` of tokens."""
        return self.source.tokens

    def build(self, token_ids_shape, *_):
        shape = (*token_ids_shape, self.source.hidden_dim)
        if self.positions is not None:
            self.positions.build(token_ids_shape)
        for layer in (self.norm, self.project):
            if layer is not None:
                layer.build(shape)

    def call(self, token_ids, segment_ids, padding_mask, training=None, places=None):
        x = self.source.vectors(token_ids, segment_ids, padding_mask, places)
        if self.positions is not None:
            x = x + self.positions(padding_mask, places)
        x = (self.norm or self.source.norm)(x)
        x = self.dropout(x, training=training) if training else x
        return x if self.project is None else self.project(x)

    def compute_output_shape(self, token_ids_shape, *_):
        return (*token_ids_shape, self.output_dim)
