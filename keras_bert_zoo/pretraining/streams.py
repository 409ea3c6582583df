"""Encoders run in other ways than their own: by permuted orders, and on two languages."""

import keras
from keras import ops

from ..two_streams import two_streams


class SecondStream(keras.layers.Layer):
    """What an XLNet knows at each place of those before it in some order: see `two_streams`.

    Args:
        encoder: an XLNet.

    Takes the encoder's inputs and two integer tensors `(batch, length)`: `order`, the place of each
    token in the order, and `hidden`, 1 for a token that only later ones may see. Gives the second
    stream `(batch, length, hidden_dim)`.
    """

    def __init__(self, encoder, **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder

    def call(self, inputs, training=None):
        order, hidden = inputs["order"], inputs["hidden"]
        later = ops.expand_dims(order, 2) > ops.expand_dims(order, 1)
        visible = ops.logical_or(later, ops.expand_dims(hidden, 1) == 0)
        given = {key: inputs[key] for key in self.encoder.input}
        return two_streams(self.encoder, given, visible=visible, training=training)["query"]

    def compute_output_spec(self, inputs, training=None):
        shape = (*inputs["order"].shape, self.encoder.config.hidden_dim)
        return keras.KerasTensor(shape, self.compute_dtype)


class Bilingual(keras.layers.Layer):
    """An encoder that is told the language and the place of each token.

    Args:
        encoder: one with a table of positions; of languages if it has one.

    Takes the encoder's inputs and two integer tensors `(batch, length)`: `language_ids`, rows of
    the table of languages, and `position_ids`, from 0. Gives `(batch, length, hidden_dim)`.
    """

    def __init__(self, encoder, **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder

    def call(self, inputs, training=None):
        encoder, parts = self.encoder, self.encoder.embeddings
        x = parts.tokens(inputs["token_ids"])
        if parts.segments is not None:
            segments = inputs["segment_ids"]
            one = parts.num_segments == 1
            x = x + parts.segments(ops.zeros_like(segments) if one else segments)
        x = x + parts.positions.table(inputs["position_ids"] + parts.positions.first)
        if hasattr(parts, "languages"):
            x = x + parts.languages(inputs["language_ids"])
        x = parts.finish(x, training)
        given = {key: inputs[key] for key in encoder.input}
        for index in range(len(encoder.blocks)):
            x = encoder.advance(x, given, index, training)
        return encoder.finish(x, given, training)

    def compute_output_spec(self, inputs, training=None):
        shape = (*inputs["position_ids"].shape, self.encoder.config.hidden_dim)
        return keras.KerasTensor(shape, self.compute_dtype)
