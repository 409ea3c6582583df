"""From a padding mask to what attention may look at."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_bert_zoo")
class AttentionMask(keras.Layer):
    """Turns `(batch, length)` of 1 (token) and 0 (padding) into `(batch, 1, 1, length)` of bool.

    A row that is padding from end to end sees all of its positions: a softmax over nothing
    would be NaN on some backends, and would poison the whole batch through the loss.

    Example:

    >>> AttentionMask()(np.array([[1, 1, 0]]))   # [[[[True, True, False]]]]
    """

    def call(self, padding_mask):
        visible = ops.cast(padding_mask, "bool")
        empty = ops.logical_not(ops.any(visible, axis=-1, keepdims=True))
        visible = ops.logical_or(visible, empty)
        return ops.expand_dims(ops.expand_dims(visible, 1), 1)

    def compute_output_spec(self, padding_mask):
        batch, length = padding_mask.shape
        return keras.KerasTensor((batch, 1, 1, length), dtype="bool")
