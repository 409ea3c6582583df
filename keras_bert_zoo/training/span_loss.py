"""Loss and accuracy of two positions, where a stretch of text begins and where it ends."""

import keras
from keras import ops

from ..errors import unknown_name

PARTS = ("start", "end", "both")


@keras.saving.register_keras_serializable("keras_bert_zoo")
class SpanLoss(keras.losses.Loss):
    """Mean of the cross-entropies of begin and end over positions.

    `-(log p(start) + log p(end)) / 2`, each probability a softmax over the positions of a row:
    section 4.2 of https://arxiv.org/abs/1810.04805, the mean as in its code.

    Takes `y_true` `(batch, 2)`, positions of begin and end, and `y_pred` `(batch, length, 2)`,
    logits. Rows of weight 0 do not count.

    Example:

    >>> SpanLoss()(np.array([[0, 1]]), np.zeros((1, 4, 2)))   # log 4
    1.3862944
    """

    def __init__(self, reduction="mean_with_sample_weight", name="span_loss", dtype=None):
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true, y_pred):
        scores = ops.transpose(y_pred, (0, 2, 1))
        each = keras.losses.sparse_categorical_crossentropy(
            ops.cast(y_true, "int32"), scores, from_logits=True
        )
        return ops.mean(each, axis=-1)


@keras.saving.register_keras_serializable("keras_bert_zoo")
class SpanAccuracy(keras.metrics.Mean):
    """Share of rows whose most probable position is the true one.

    Args:
        part: `"start"`, `"end"`, or `"both"` at once.
        name: `start_accuracy`, `end_accuracy` or `span_accuracy` if not given.

    Raises:
        ValueError: unknown `part`.

    Example:

    >>> metric = SpanAccuracy("start")
    >>> metric.update_state([[0, 1]], [[[2.0, 0.0], [1.0, 3.0]]])
    >>> float(metric.result())
    1.0
    """

    def __init__(self, part="both", name=None, **kwargs):
        if part not in PARTS:
            raise unknown_name("part", part, PARTS)
        super().__init__(name=name or f"{'span' if part == 'both' else part}_accuracy", **kwargs)
        self.part = part

    def update_state(self, y_true, y_pred, sample_weight=None):
        found = ops.argmax(ops.convert_to_tensor(y_pred), axis=1)
        right = ops.equal(ops.cast(y_true, "int32"), ops.cast(found, "int32"))
        right = ops.all(right, axis=-1) if self.part == "both" else right[:, PARTS.index(self.part)]
        super().update_state(right, sample_weight=sample_weight)

    def get_config(self):
        return {**super().get_config(), "part": self.part}
