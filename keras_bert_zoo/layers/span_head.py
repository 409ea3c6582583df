"""Two scores for each token: that a stretch of text begins there, and that it ends there."""

import keras
from keras import ops

from .initializers import truncated_normal

# No token's score is as low, so that a softmax gives padding exactly 0 in float32; and float16,
# which a model may be exported to, can hold it.
PADDING = -1e4


@keras.saving.register_keras_serializable("keras_bert_zoo")
class SpanHead(keras.Layer):
    """One dense layer: `(batch, length, hidden_dim)` to float32 logits `(batch, length, 2)`.

    Takes the sequence and its padding mask `(batch, length)`, 1 for a token and 0 for padding,
    whose logits are out of reach.

    Example:

    >>> SpanHead()(np.zeros((1, 3, 8), "float32"), np.array([[1, 1, 0]]))[0, :, 0]
    [0., 0., -10000.]
    """

    def __init__(self, *, initializer_range=0.02, **kwargs):
        super().__init__(**kwargs)
        self.initializer_range = initializer_range
        # Losses are computed on these: they stay in float32 under every precision policy.
        self.logits = keras.layers.Dense(
            2,
            kernel_initializer=truncated_normal(initializer_range),
            dtype="float32",
            name="logits",
        )

    def build(self, sequence_shape, padding_mask_shape=None):
        self.logits.build(sequence_shape)

    def call(self, sequence, padding_mask):
        logits = self.logits(sequence)
        visible = ops.expand_dims(ops.cast(padding_mask, "bool"), -1)
        return ops.where(visible, logits, ops.cast(PADDING, logits.dtype))

    def compute_output_spec(self, sequence, padding_mask):
        return keras.KerasTensor((*sequence.shape[:-1], 2), dtype="float32")

    def get_config(self):
        return {**super().get_config(), "initializer_range": self.initializer_range}
