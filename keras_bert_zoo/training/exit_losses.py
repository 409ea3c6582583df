"""What a model with an exit after each block learns from: logits `(batch, exits, classes)`."""

import keras
import numpy as np
from keras import ops

from ..errors import unknown_name

METRIC_NAMES = {"last": "accuracy", "all": "exits_accuracy"}


def cross_entropies(y_true, y_pred):
    """`-log p` of the true class at each exit, `(batch, exits)`.

    Args:
        y_true: numbers of the true classes, `(batch,)`.
        y_pred: logits `(batch, exits, classes)`.
    """
    y_true = ops.reshape(ops.cast(y_true, "int32"), (-1,))
    hot = ops.one_hot(y_true, y_pred.shape[-1], dtype=y_pred.dtype)
    return -ops.sum(ops.log_softmax(y_pred, axis=-1) * ops.expand_dims(hot, 1), axis=-1)


@keras.saving.register_keras_serializable("keras_bert_zoo")
class ExitLoss(keras.losses.Loss):
    """All exits learn the labels: the mean of their cross-entropies, the k-th counted k times.

    The deeper an exit is, the more it counts: `sum(k loss_k) / sum(k)`, as in
    https://arxiv.org/abs/2006.04152.

    Takes `y_true` `(batch,)`, numbers of classes, and `y_pred` `(batch, exits, classes)`, logits.

    Example:

    >>> ExitLoss()(np.array([0]), np.zeros((1, 3, 2)))   # log 2
    0.6931472
    """

    def __init__(self, reduction="sum_over_batch_size", name="exit_loss", dtype=None):
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true, y_pred):
        depth = np.arange(1, y_pred.shape[1] + 1)
        shares = ops.convert_to_tensor(depth / depth.sum(), y_pred.dtype)
        return ops.sum(cross_entropies(y_true, y_pred) * shares, axis=-1)


@keras.saving.register_keras_serializable("keras_bert_zoo")
class SelfDistillation(ExitLoss):
    """The last exit learns the labels, the others learn what the last one says.

    Each of the others adds `sum(p log(p / q))` over the classes, with p its own probabilities and q
    those of the last exit, which learns nothing from it: section 3.2.3 of
    https://arxiv.org/abs/2004.02178.

    Takes what `ExitLoss` takes.

    Example:

    >>> SelfDistillation()(np.array([0]), np.zeros((1, 3, 2)))   # log 2: the exits agree
    0.6931472
    """

    def __init__(self, reduction="sum_over_batch_size", name="self_distillation", dtype=None):
        super().__init__(reduction=reduction, name=name, dtype=dtype)

    def call(self, y_true, y_pred):
        log_p = ops.log_softmax(y_pred, axis=-1)
        students, teacher = log_p[:, :-1], ops.stop_gradient(log_p[:, -1:])
        divergence = ops.sum(ops.exp(students) * (students - teacher), axis=-1)
        return ops.sum(divergence, axis=-1) + cross_entropies(y_true, y_pred[:, -1:])[:, 0]


@keras.saving.register_keras_serializable("keras_bert_zoo")
class ExitAccuracy(keras.metrics.Mean):
    """Share of right answers of the last exit, or the mean of this share over all exits.

    Args:
        exits: `"last"` or `"all"`.
        name: `accuracy` for the last, `exits_accuracy` for all if not given.

    Raises:
        ValueError: neither of the two.

    Example:

    >>> metric = ExitAccuracy("all")
    >>> metric.update_state([1], [[[2.0, 0.0], [0.0, 2.0]]])
    >>> float(metric.result())
    0.5
    """

    def __init__(self, exits="last", name=None, **kwargs):
        if exits not in METRIC_NAMES:
            raise unknown_name("exits", exits, METRIC_NAMES)
        super().__init__(name=name or METRIC_NAMES[exits], **kwargs)
        self.exits = exits

    def update_state(self, y_true, y_pred, sample_weight=None):
        found = ops.argmax(ops.convert_to_tensor(y_pred), axis=-1)
        found = found[:, -1:] if self.exits == "last" else found
        y_true = ops.reshape(ops.cast(y_true, "int32"), (-1, 1))
        right = ops.cast(ops.equal(ops.cast(found, "int32"), y_true), "float32")
        super().update_state(ops.mean(right, axis=-1), sample_weight=sample_weight)

    def get_config(self):
        return {**super().get_config(), "exits": self.exits}
