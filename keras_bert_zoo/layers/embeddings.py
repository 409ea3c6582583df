"""From token ids to the vectors that the first block reads."""

import keras
from keras import ops

from .initializers import truncated_normal


@keras.saving.register_keras_serializable("keras_bert_zoo")
class LearnedPositions(keras.Layer):
    """One vector for each absolute position (BERT).

    Takes `padding_mask` `(batch, length)` and gives `(1, length, hidden_dim)`; or, where it is told
    the tokens' places, `(batch, length)` from 0, `(batch, length, hidden_dim)`.

    Args:
        max_sequence_length: rows of the table; a longer input is an error.
        hidden_dim: size of a vector.

    Raises:
        ValueError: an input longer than `max_sequence_length`, where its length is known.

    Example:

    >>> LearnedPositions(512, 128)(np.ones((2, 10), "int32")).shape
    (1, 10, 128)
    """

    first = 0  # row of the first position

    def __init__(self, max_sequence_length, hidden_dim, *, initializer_range=0.02, **kwargs):
        super().__init__(**kwargs)
        self.max_sequence_length, self.hidden_dim = max_sequence_length, hidden_dim
        self.initializer_range = initializer_range
        self.table = keras.layers.Embedding(
            max_sequence_length + self.first,
            hidden_dim,
            truncated_normal(initializer_range),
            dtype=self.dtype_policy,
            name="table",
        )

    def build(self, shape):
        self.table.build()

    def call(self, padding_mask, places=None):
        if places is not None:
            return self.table(places + self.first)
        self.check_length(padding_mask)
        return self.table(self.rows(padding_mask))

    def rows(self, padding_mask):
        """The row of the table for each token."""
        return ops.expand_dims(ops.arange(ops.shape(padding_mask)[1], dtype="int32"), 0)

    def check_length(self, padding_mask):
        length = padding_mask.shape[1]
        # Past its last row a lookup raises on one backend and gives nonsense on another.
        if isinstance(length, int) and length > self.max_sequence_length:
            raise ValueError(
                f"The input is {length} tokens long; this encoder has positions for "
                f"{self.max_sequence_length}. Cut the text, or split it into windows."
            )

    def compute_output_shape(self, shape):
        return (1, shape[1], self.hidden_dim)

    def get_config(self):
        return {
            **super().get_config(),
            "max_sequence_length": self.max_sequence_length,
            "hidden_dim": self.hidden_dim,
            "initializer_range": self.initializer_range,
        }


@keras.saving.register_keras_serializable("keras_bert_zoo")
class PaddedPositions(LearnedPositions):
    """Positions that count tokens only, from row 2 on; padding has row 1 (RoBERTa).

    Takes `padding_mask` `(batch, length)` and gives `(batch, length, hidden_dim)`. Source:
    `make_positions` of fairseq, with its padding index of 1.

    Example:

    >>> PaddedPositions(512, 128)(np.ones((2, 10), "int32")).shape
    (2, 10, 128)
    """

    first = 2

    def rows(self, padding_mask):
        mask = ops.cast(padding_mask > 0, "int32")
        return ops.cumsum(mask, axis=1) * mask + 1

    def compute_output_shape(self, shape):
        return (*shape[:2], self.hidden_dim)


@keras.saving.register_keras_serializable("keras_bert_zoo")
class Embeddings(keras.Layer):
    """Token (+ position) (+ segment) vectors, summed and normalised.

    Takes three `(batch, length)` integer tensors, gives `(batch, length, hidden_dim)`. Every part
    but the token table is optional: leave out what a family lacks. Where a row holds several texts,
    `places` `(batch, length)` tells where in its text each token stands.

    Args:
        vocabulary_size: rows of the token table.
        hidden_dim: size of a vector.
        positions: layer `padding_mask -> vectors`, or None.
        num_segments: rows of the segment table; 0 for none. With one row, all segments are read as
            that one, as RoBERTa's are.
        norm: layer applied to the sum, or None.
        dropout: rate, in training.
        output_dim: size of the vectors that come out, by a dense layer; `hidden_dim` if not given.

    Example:

    >>> embeddings = Embeddings(100, 128, positions=LearnedPositions(512, 128), num_segments=2)
    >>> ids = np.zeros((2, 10), "int32")
    >>> embeddings(ids, ids, ids + 1).shape
    (2, 10, 128)
    """

    # `token_ids -> vectors` that are added to the tokens' own, while what is learnt is the
    # difference to another table: see `keras_bert_zoo.pretraining.sharing`.
    base = None
    takes_places = True  # whether a row may hold several texts

    def __init__(
        self,
        vocabulary_size,
        hidden_dim,
        *,
        positions=None,
        num_segments=0,
        norm=None,
        dropout=0.0,
        output_dim=None,
        initializer_range=0.02,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.vocabulary_size, self.hidden_dim = vocabulary_size, hidden_dim
        self.num_segments, self.initializer_range = num_segments, initializer_range
        self.tokens = self._table(vocabulary_size, "tokens")
        self.positions = positions
        self.segments = self._table(num_segments, "segments") if num_segments else None
        self.norm = norm
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)
        self.output_dim, self.project = output_dim, None
        if output_dim is not None:
            initializer = truncated_normal(initializer_range)
            self.project = keras.layers.Dense(
                output_dim, kernel_initializer=initializer, dtype=self.dtype_policy, name="project"
            )

    def _table(self, rows, name):
        initializer = truncated_normal(self.initializer_range)
        return keras.layers.Embedding(
            rows, self.hidden_dim, initializer, dtype=self.dtype_policy, name=name
        )

    def build(self, token_ids_shape, *_):
        self.tokens.build()
        # Parts that come from a saved config are built already.
        if self.positions is not None and not self.positions.built:
            self.positions.build(token_ids_shape)
        if self.segments is not None:
            self.segments.build()
        if self.norm is not None and not self.norm.built:
            self.norm.build((*token_ids_shape, self.hidden_dim))
        if self.project is not None:
            self.project.build((*token_ids_shape, self.hidden_dim))

    def vectors(self, token_ids, segment_ids, padding_mask, places=None):
        """The sum of the parts."""
        x = self.tokens(token_ids)
        if self.base is not None:
            x = x + ops.cast(self.base(token_ids), x.dtype)
        if self.segments is not None:
            one = self.num_segments == 1
            x = x + self.segments(ops.zeros_like(segment_ids) if one else segment_ids)
        if self.positions is not None:
            x = x + self.positions(padding_mask, places)
        return x

    def call(self, token_ids, segment_ids, padding_mask, training=None, places=None):
        return self.finish(self.vectors(token_ids, segment_ids, padding_mask, places), training)

    def finish(self, x, training):
        """The norm, dropout and the dense layer, of what there is of these."""
        if self.norm is not None:
            x = self.norm(x)
        x = self.dropout(x, training=training) if training else x
        return x if self.project is None else self.project(x)

    def compute_output_shape(self, token_ids_shape, *_):
        return (*token_ids_shape, self.output_dim or self.hidden_dim)

    def get_config(self):
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "hidden_dim": self.hidden_dim,
            "positions": keras.saving.serialize_keras_object(self.positions),
            "num_segments": self.num_segments,
            "norm": keras.saving.serialize_keras_object(self.norm),
            "dropout": self.dropout.rate,
            "output_dim": self.output_dim,
            "initializer_range": self.initializer_range,
        }

    @classmethod
    def from_config(cls, config):
        parts = {
            key: keras.saving.deserialize_keras_object(config[key]) for key in ("positions", "norm")
        }
        return cls(**{**config, **parts})
