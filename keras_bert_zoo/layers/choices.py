"""Several texts a row: joined with the batch for the encoder, and taken apart after it."""

import keras
from keras import ops

NEVER = -1e9  # the logit of a choice that is not there


@keras.saving.register_keras_serializable("keras_bert_zoo")
class MergeChoices(keras.Layer):
    """`(batch, choices, length)` to `(batch * choices, length)`; axes after these stay.

    Example:

    >>> MergeChoices()(np.zeros((2, 4, 9), "int32")).shape
    (8, 9)
    """

    def call(self, x):
        batch, choices, *rest = ops.shape(x)
        return ops.reshape(x, (batch * choices, *rest))

    def compute_output_spec(self, x):
        batch, choices, *rest = x.shape
        rows = None if None in (batch, choices) else batch * choices
        return keras.KerasTensor((rows, *rest), dtype=x.dtype)


@keras.saving.register_keras_serializable("keras_bert_zoo")
class SplitChoices(keras.Layer):
    """`(batch * choices, 1)` scores to `(batch, choices)` logits, by `(batch, choices, length)`.

    The second input is the padding mask of the choices: one of padding alone is not there, and its
    logit is -1e9.

    Example:

    >>> SplitChoices()(np.zeros((6, 1), "float32"), np.ones((2, 3, 9), "int32")).shape
    (2, 3)
    """

    def call(self, scores, padding_mask):
        batch, choices = ops.shape(padding_mask)[:2]
        logits = ops.reshape(scores, (batch, choices))
        return ops.where(ops.any(padding_mask > 0, axis=-1), logits, NEVER)

    def compute_output_spec(self, scores, padding_mask):
        return keras.KerasTensor(padding_mask.shape[:2], dtype=scores.dtype)
