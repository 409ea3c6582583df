"""From the logits of classes to labels and their probabilities."""

import numpy as np
from keras import ops


def probabilities(labels, logits):
    """Probabilities `(n, num_classes)`: softmax, or for multi-label a sigmoid for each class.

    Args:
        labels: `Labels`.
        logits: float array `(n, num_classes)`.
    """
    function = ops.softmax if labels.problem == "single" else ops.sigmoid
    return ops.convert_to_numpy(function(logits))


def answers(labels, logits, top_k=1):
    """For each row its best label, a list of its `top_k` best, or its numbers.

    Args:
        labels: `Labels`.
        logits: float array `(n, num_classes)`.
        top_k: how many labels; None for all.

    Raises:
        ValueError: `top_k` is not between 1 and the number of classes.
    """
    count = labels.num_classes if top_k is None else top_k
    if not 1 <= count <= labels.num_classes:
        raise ValueError(f"top_k must be from 1 to {labels.num_classes}, or None. Given: {top_k}.")
    if labels.problem == "regression":
        return [{"value": float(row[0]) if len(row) == 1 else row.tolist()} for row in logits]
    rows = [_best(labels, row, count) for row in probabilities(labels, logits)]
    return rows if top_k != 1 else [row[0] for row in rows]


def _best(labels, row, count):
    return [
        {"label": labels.name_of(int(index)), "score": float(row[index])}
        for index in np.argsort(-row, kind="stable")[:count]
    ]
