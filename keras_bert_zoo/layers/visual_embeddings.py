"""Embeddings of tokens and, after them, of the regions of an image (VisualBERT)."""

import keras
from keras import ops

from .embeddings import Embeddings
from .initializers import truncated_normal


@keras.saving.register_keras_serializable("keras_bert_zoo")
class VisualEmbeddings(Embeddings):
    """`Embeddings`, with the regions of an image behind the tokens.

    Source: section 3.2 of https://arxiv.org/abs/1908.03557. A region is its features through a
    dense layer, plus a segment, plus a position, which is the first for all: regions have no order.
    Takes `(batch, length)` ids, `visual_features` `(batch, regions, visual_dim)` and
    `visual_segment_ids` `(batch, regions)`, and gives `(batch, length + regions, hidden_dim)`.

    Args:
        visual_dim: size of a region's features.
        visual_positions: rows of the regions' table of positions.
        *arguments, **options: of `Embeddings`, with segments.

    Example:

    >>> layer = VisualEmbeddings(100, 128, num_segments=2, visual_dim=2048, visual_positions=512)
    >>> ids, regions = np.zeros((2, 10), "int32"), np.zeros((2, 36), "int32")
    >>> layer(ids, ids, ids + 1, np.zeros((2, 36, 2048), "float32"), regions).shape
    (2, 46, 128)
    """

    takes_places = False  # images are behind the tokens

    def __init__(self, *arguments, visual_dim, visual_positions, **options):
        super().__init__(*arguments, **options)
        self.visual_dim = visual_dim
        self.visual_project = keras.layers.Dense(
            self.hidden_dim,
            kernel_initializer=truncated_normal(self.initializer_range),
            dtype=self.dtype_policy,
            name="visual_project",
        )
        self.visual_segments = self._table(self.num_segments, "visual_segments")
        self.visual_positions = self._table(visual_positions, "visual_positions")

    def build(self, token_ids_shape, *_):
        super().build(token_ids_shape)
        self.visual_project.build((None, None, self.visual_dim))
        self.visual_segments.build()
        self.visual_positions.build()

    def call(
        self,
        token_ids,
        segment_ids,
        padding_mask,
        visual_features,
        visual_segment_ids,
        training=None,
    ):
        tokens = self.vectors(token_ids, segment_ids, padding_mask)
        regions = self.visual_project(visual_features) + self.visual_segments(visual_segment_ids)
        regions = regions + self.visual_positions(ops.zeros((1, 1), "int32"))
        return self.finish(ops.concatenate([tokens, regions], axis=1), training)

    def compute_output_shape(self, token_ids_shape, visual_features_shape, **_):
        lengths = token_ids_shape[1], visual_features_shape[1]
        length = None if None in lengths else sum(lengths)
        return (token_ids_shape[0], length, self.output_dim or self.hidden_dim)

    def get_config(self):
        return {
            **super().get_config(),
            "visual_dim": self.visual_dim,
            "visual_positions": self.visual_positions.input_dim,
        }


@keras.saving.register_keras_serializable("keras_bert_zoo")
class TokensOnly(keras.Layer):
    """Cuts `(batch, length + more, hidden_dim)` to the `length` of a padding mask.

    Example:

    >>> TokensOnly()(np.zeros((2, 46, 128), "float32"), np.ones((2, 10), "int32")).shape
    (2, 10, 128)
    """

    def call(self, sequence, padding_mask):
        return sequence[:, : ops.shape(padding_mask)[1]]

    def compute_output_spec(self, sequence, padding_mask):
        shape = (*padding_mask.shape[:2], sequence.shape[-1])
        return keras.KerasTensor(shape, dtype=sequence.dtype)
