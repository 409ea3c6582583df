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


@keras.saving.register_keras_serializable("keras_bert_zoo")
class SequenceMask(keras.Layer):
    """Turns numbers of texts `(batch, length)`, 0 for padding, into `(batch, 1, length, length)`.

    Where several texts stand in one row, a token sees those of its own text, and padding sees
    padding.

    Example:

    >>> SequenceMask()(np.array([[1, 1, 2]]))[0, 0]
    [[True, True, False], [True, True, False], [False, False, True]]
    """

    def call(self, sequence_ids):
        same = ops.equal(ops.expand_dims(sequence_ids, 1), ops.expand_dims(sequence_ids, 2))
        return ops.expand_dims(same, 1)

    def compute_output_spec(self, sequence_ids):
        batch, length = sequence_ids.shape
        return keras.KerasTensor((batch, 1, length, length), dtype="bool")


@keras.saving.register_keras_serializable("keras_bert_zoo")
class SequencePlaces(keras.Layer):
    """Where in its text each token stands, from 0, for the numbers of texts `(batch, length)`.

    Example:

    >>> SequencePlaces()(np.array([[1, 1, 2, 2, 2, 0]]))
    [[0, 1, 0, 1, 2, 0]]
    """

    def call(self, sequence_ids):
        length = ops.shape(sequence_ids)[1]
        same = ops.equal(ops.expand_dims(sequence_ids, 1), ops.expand_dims(sequence_ids, 2))
        places = ops.arange(length, dtype="int32")
        earlier = ops.expand_dims(places, 0) < ops.expand_dims(places, 1)
        return ops.sum(ops.cast(ops.logical_and(same, earlier), "int32"), axis=2)

    def compute_output_spec(self, sequence_ids):
        return keras.KerasTensor(sequence_ids.shape, dtype="int32")
