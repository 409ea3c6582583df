"""Accuracy, F1 and Matthews' correlation of classes.

The functions take labels of any kind, as a file has them; the metrics take what a model gives.
"""

import keras
import numpy as np
from keras import ops

from ..errors import unknown_name

AVERAGES = ("binary", "macro", "micro")


def accuracy(true, predicted):
    """Share of labels that are right.

    Args:
        true, predicted: sequences of labels, int or str.

    Raises:
        ValueError: nothing given, or not as many predictions as labels.

    Example:

    >>> accuracy(["yes", "no", "no", "no"], ["yes", "yes", "no", "no"])
    0.75
    """
    matrix, _ = confusion(true, predicted)
    return float(np.trace(matrix) / matrix.sum())


def f1(true, predicted, average="binary", positive=1):
    """F1, equal to scikit-learn's; 0.0 where it is not defined.

    Args:
        true, predicted: sequences of labels, int or str.
        average: `"binary"`, of one label; `"macro"`, mean over all labels that occur;
            `"micro"`, over all predictions, which is the accuracy.
        positive: the label that `"binary"` is about.

    Raises:
        ValueError: as `accuracy`; more than two labels, or two that lack `positive`, for
            `"binary"`; an unknown average.

    Example:

    >>> round(f1([1, 1, 0, 0], [1, 0, 0, 1]), 4)
    0.5
    """
    if average not in AVERAGES:
        raise unknown_name("average", average, AVERAGES)
    matrix, labels = confusion(true, predicted)
    right, both = np.diag(matrix), matrix.sum(0) + matrix.sum(1)
    if average == "micro":
        return float(2 * right.sum() / both.sum())
    if average == "macro":
        return float(np.mean(2 * right / both))
    if len(labels) > 2 or (len(labels) == 2 and positive not in labels):
        raise ValueError(
            f"average='binary' is about the label {positive!r} and at most one other. Found: "
            f"{', '.join(map(repr, labels))}. Name the positive label, or use average='macro'."
        )
    if positive not in labels:
        return 0.0
    index = labels.index(positive)
    return float(2 * right[index] / both[index])


def matthews(true, predicted):
    """Matthews' correlation of two or more classes; 0.0 where it is not defined.

    Source of the formula: J. Gorodkin, Comparing two K-category assignments by a K-category
    correlation coefficient, 2004, https://doi.org/10.1016/j.compbiolchem.2004.09.006.

    Args:
        true, predicted: sequences of labels, int or str.

    Raises:
        ValueError: as `accuracy`.

    Example:

    >>> matthews([1, 1, 0, 0], [1, 1, 0, 1])
    0.5773502691896258
    """
    matrix, _ = confusion(true, predicted)
    count = matrix.sum()
    actual, ours = matrix.sum(1), matrix.sum(0)
    covariance = count * np.trace(matrix) - actual @ ours
    spread = float(count**2 - actual @ actual) * float(count**2 - ours @ ours)
    return float(covariance / np.sqrt(spread)) if spread else 0.0


def confusion(true, predicted):
    """`(labels, labels)` counts, a row for each true label; and the labels, sorted.

    Raises:
        ValueError: as `accuracy`; names and numbers mixed.
    """
    true, predicted = list(true), list(predicted)
    if len(true) != len(predicted) or not true:
        raise ValueError(
            f"There are {len(true)} labels and {len(predicted)} predictions. Give one prediction "
            "for each label, and at least one."
        )
    true, predicted = ([getattr(v, "item", lambda v=v: v)() for v in s] for s in (true, predicted))
    if len({isinstance(label, str) for label in (*true, *predicted)}) > 1:
        raise ValueError(
            f"Labels must be all str or all numbers. Given: {true[0]!r} and {predicted[0]!r}."
        )
    labels = sorted({*true, *predicted})
    index = {label: number for number, label in enumerate(labels)}
    matrix = np.zeros((len(labels), len(labels)), "int64")
    np.add.at(matrix, ([index[t] for t in true], [index[p] for p in predicted]), 1)
    return matrix, labels


class ConfusionMetric(keras.metrics.Metric):
    """What metrics share that are computed from how often each class was taken for each other.

    `update_state` takes

    - `y_true`: `(batch,)` or `(batch, 1)`, class ids;
    - `y_pred`: `(batch, num_classes)` scores; or `(batch,)` or `(batch, 1)`: class ids if they
      are integers, else, for two classes, the logit of class 1;
    - `sample_weight`: `(batch,)` or `(batch, 1)`, how much each row counts.
    """

    def __init__(self, num_classes, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        if num_classes < 2:
            raise ValueError(f"num_classes must be 2 or more. Given: {num_classes}.")
        self.num_classes = num_classes
        shape = (num_classes, num_classes)
        # Not the policy's float type: float16 cannot count beyond 2,048.
        self.confusion = self.add_variable(shape, "zeros", dtype="float32", name="confusion")

    def update_state(self, y_true, y_pred, sample_weight=None):
        true = ops.cast(ops.reshape(ops.convert_to_tensor(y_true), (-1,)), "int32")
        ours = class_ids(ops.convert_to_tensor(y_pred), self.num_classes)
        true, ours = (ops.one_hot(ids, self.num_classes, dtype="float32") for ids in (true, ours))
        if sample_weight is not None:
            weight = ops.cast(ops.convert_to_tensor(sample_weight), "float32")
            true = true * ops.reshape(weight, (-1, 1))
        self.confusion.assign_add(ops.matmul(ops.transpose(true), ours))

    def get_config(self):
        return {**super().get_config(), "num_classes": self.num_classes}


def class_ids(y_pred, num_classes):
    """`(batch,)` class ids from scores, ids or logits; see `ConfusionMetric`."""
    rank, last = len(y_pred.shape), y_pred.shape[-1] if len(y_pred.shape) else None
    if rank == 2 and last == num_classes:
        return ops.argmax(y_pred, axis=-1)
    if rank == 1 or (rank == 2 and last == 1):
        flat = ops.reshape(y_pred, (-1,))
        if "int" in keras.backend.standardize_dtype(y_pred.dtype):
            return ops.cast(flat, "int32")
        if num_classes == 2:
            return ops.cast(ops.greater(flat, 0), "int32")
    raise ValueError(
        f"y_pred must be (batch, {num_classes}) scores, or integer class ids (batch,) or "
        f"(batch, 1), or for two classes the logit of class 1. Given: {tuple(y_pred.shape)} of "
        f"{keras.backend.standardize_dtype(y_pred.dtype)}."
    )


@keras.saving.register_keras_serializable("keras_bert_zoo")
class MatthewsCorrelation(ConfusionMetric):
    """Matthews' correlation, as `matthews`; for what it takes see `ConfusionMetric`.

    Args:
        num_classes: how many classes.

    Raises:
        ValueError: fewer than two classes, or predictions of another shape.

    Example:

    >>> metric = MatthewsCorrelation(2)
    >>> metric.update_state([1, 1, 0, 0], [[0.0, 2.0], [0.0, 1.0], [3.0, 0.0], [0.0, 1.0]])
    >>> round(float(metric.result()), 4)
    0.5774
    """

    def __init__(self, num_classes, name="matthews", **kwargs):
        super().__init__(num_classes, name=name, **kwargs)

    def result(self):
        matrix = ops.convert_to_tensor(self.confusion)
        # Shares, not counts: the squares of counts have more digits than float32.
        matrix = ops.divide_no_nan(matrix, ops.sum(matrix))
        actual, ours = ops.sum(matrix, axis=1), ops.sum(matrix, axis=0)
        covariance = ops.sum(ops.diagonal(matrix) - actual * ours)
        spread = ops.sum(actual * (1 - actual)) * ops.sum(ours * (1 - ours))
        return ops.divide_no_nan(covariance, ops.sqrt(spread))


@keras.saving.register_keras_serializable("keras_bert_zoo")
class F1(ConfusionMetric):
    """F1, as `f1`; for what it takes see `ConfusionMetric`.

    Args:
        num_classes: how many classes.
        average: `"binary"`, of class 1 of two; `"macro"`, mean over the classes that occur;
            `"micro"`.

    Raises:
        ValueError: fewer than two classes; more for `"binary"`; an unknown average; predictions
            of another shape.

    Example:

    >>> metric = F1(num_classes=3, average="macro")
    >>> metric.update_state([0, 1, 2, 2], [0, 1, 2, 1])
    >>> round(float(metric.result()), 4)
    0.7778
    """

    def __init__(self, num_classes, average="binary", name="f1", **kwargs):
        super().__init__(num_classes, name=name, **kwargs)
        if average not in AVERAGES:
            raise unknown_name("average", average, AVERAGES)
        if average == "binary" and num_classes != 2:
            raise ValueError(
                f"average='binary' is for two classes. Given: num_classes={num_classes}. Use "
                "'macro' or 'micro'."
            )
        self.average = average

    def result(self):
        matrix = ops.convert_to_tensor(self.confusion)
        right = ops.diagonal(matrix)
        both = ops.sum(matrix, axis=0) + ops.sum(matrix, axis=1)
        if self.average == "micro":
            return ops.divide_no_nan(2 * ops.sum(right), ops.sum(both))
        each = ops.divide_no_nan(2 * right, both)
        if self.average == "binary":
            return each[1]
        return ops.divide_no_nan(ops.sum(each), ops.sum(ops.cast(ops.greater(both, 0), "float32")))

    def get_config(self):
        return {**super().get_config(), "average": self.average}
