"""F1 of entities while a model trains: no tag leaves the device."""

import keras
import numpy as np
from keras import ops

from ..errors import unknown_name
from .entities import split_tag

AVERAGES = ("micro", "macro", "weighted")
RESULTS = ("f1", "precision", "recall")


@keras.saving.register_keras_serializable("keras_bert_zoo")
class EntityF1(keras.metrics.Metric):
    """F1 of predicted entities, equal to `entity_scores` in its default mode.

    Positions of weight 0, and those whose true index is negative, are no part of the sequence:
    their neighbours become each other's. Keras hands weights to `weighted_metrics` only, so it
    belongs there if padding and word pieces are told by weights.

    `update_state` takes

    - `y_true`: `(batch, length)`, indices of labels;
    - `y_pred`: `(batch, length, num_labels)` scores, or `(batch, length)` indices of labels;
    - `sample_weight`: `(batch, length)` or `(batch,)`, in or out: any weight above 0 counts once.

    An index that is not one of a label is taken for `"O"`.

    Args:
        labels: tags in the order of the scores, such as `["O", "B-PER", "I-PER"]`.
        average: `"micro"`, over all entities; `"macro"`, mean over the entity types that occur;
            `"weighted"`, mean weighted by their true entities.
        result: `"f1"`, `"precision"` or `"recall"`.

    Raises:
        ValueError: a label that is no tag of the prefixes B, I, E, S; a label named twice; an
            unknown average or result; in `update_state`, scores for another number of labels.

    Example:

    >>> metric = EntityF1(["O", "B-PER", "I-PER"])
    >>> metric.update_state([[1, 2, 0, 1]], [[1, 2, 0, 0]])
    >>> round(float(metric.result()), 4)
    0.6667
    """

    def __init__(self, labels, average="micro", result="f1", name="entity_f1", **kwargs):
        super().__init__(name=name, **kwargs)
        if average not in AVERAGES:
            raise unknown_name("average", average, AVERAGES)
        if result not in RESULTS:
            raise unknown_name("result", result, RESULTS)
        self.labels, self.average, self.score = list(labels), average, result
        self.types, self._tables = _tables(self.labels)
        size = (max(len(self.types), 1),)
        for counter in ("correct", "predicted", "actual"):
            setattr(self, counter, self._counter(size, counter))

    def _counter(self, size, name):
        # Not the policy's float type: float16 cannot count beyond 2,048.
        return self.add_variable(size, "zeros", dtype="float32", name=name)

    def update_state(self, y_true, y_pred, sample_weight=None):
        true = ops.cast(ops.convert_to_tensor(y_true), "int32")
        tags = self._tags(ops.convert_to_tensor(y_pred), true)
        kept = ops.greater_equal(true, 0)
        if sample_weight is not None:
            weight = ops.convert_to_tensor(sample_weight)
            weight = ops.expand_dims(weight, 1) if len(weight.shape) == 1 else weight
            kept = ops.logical_and(kept, ops.greater(weight, 0))
        true, tags = self._without_gaps(kept, true, tags)
        starts, types, ends = self._entities(true)
        our_starts, our_types, our_ends = self._entities(tags)
        both = ops.logical_and(starts, our_starts)
        same = ops.logical_and(ops.equal(types, our_types), ops.equal(ends, our_ends))
        self._add(self.correct, ops.logical_and(both, same), types)
        self._add(self.predicted, our_starts, our_types)
        self._add(self.actual, starts, types)

    def _tags(self, y_pred, true):
        """`(batch, length)` indices from scores or indices."""
        if len(true.shape) != 2 or len(y_pred.shape) not in (2, 3):
            raise ValueError(
                "y_true must be (batch, length), and y_pred the same or (batch, length, "
                f"num_labels). Given: {tuple(true.shape)} and {tuple(y_pred.shape)}."
            )
        if len(y_pred.shape) == 2:
            return ops.cast(y_pred, "int32")
        if y_pred.shape[-1] != len(self.labels):
            raise ValueError(
                f"y_pred has scores for {y_pred.shape[-1]} labels, but this metric was made with "
                f"{len(self.labels)}: {', '.join(map(str, self.labels))}."
            )
        return ops.cast(ops.argmax(y_pred, axis=-1), "int32")

    def _without_gaps(self, kept, *sequences):
        """The kept positions moved to the front, in order; then `"O"` as far as it goes."""
        length = ops.shape(kept)[1]
        position = ops.arange(length, dtype="int32")
        order = ops.argsort(ops.where(kept, position, position + length), axis=1)
        count = ops.sum(ops.cast(kept, "int32"), axis=1, keepdims=True)
        outside = len(self.labels)
        for tags in sequences:
            tags = ops.take_along_axis(tags, order, axis=1)
            real = ops.logical_and(ops.greater_equal(tags, 0), ops.less(tags, outside))
            yield ops.where(ops.logical_and(real, position < count), tags, outside)

    def _entities(self, tags):
        """Whether one starts at each position, of which type, and where it would end.

        The k-th start belongs to the k-th end, and the ends before a position are counted by a
        running sum: so no loop over positions is needed.
        """
        tables = (ops.take(ops.convert_to_tensor(table), tags, axis=0) for table in self._tables)
        types, inside, begins, closes = tables
        inside, begins, closes = (ops.cast(flag, "bool") for flag in (inside, begins, closes))
        other = ops.not_equal(types[:, 1:], types[:, :-1])
        cut = ops.logical_or(other, ops.logical_or(begins[:, 1:], closes[:, :-1]))
        edge = ops.ones_like(inside[:, :1])
        starts = ops.logical_and(inside, ops.concatenate([edge, cut], axis=1))
        ends = ops.logical_and(inside, ops.concatenate([cut, edge], axis=1))
        length = ops.shape(tags)[1]
        places = ops.sort(ops.where(ends, ops.arange(length, dtype="int32"), length), axis=1)
        ended = ops.cast(ends, "int32")
        before = ops.minimum(ops.cumsum(ended, axis=1) - ended, length - 1)
        return starts, types, ops.take_along_axis(places, before, axis=1)

    def _add(self, counter, counted, types):
        size = counter.shape[0]
        hot = ops.one_hot(ops.where(counted, types, size), size + 1, dtype="float32")
        counter.assign_add(ops.sum(hot, axis=(0, 1))[:-1])

    def result(self):
        counts = [ops.convert_to_tensor(v) for v in (self.correct, self.predicted, self.actual)]
        if self.average == "micro":
            return self._quotient(*(ops.sum(count) for count in counts))
        _, predicted, actual = counts
        weights = actual
        if self.average == "macro":
            weights = ops.cast(ops.greater(predicted + actual, 0), "float32")
        return ops.divide_no_nan(ops.sum(weights * self._quotient(*counts)), ops.sum(weights))

    def _quotient(self, correct, predicted, actual):
        if self.score == "precision":
            return ops.divide_no_nan(correct, predicted)
        if self.score == "recall":
            return ops.divide_no_nan(correct, actual)
        return ops.divide_no_nan(2 * correct, predicted + actual)

    def get_config(self):
        return {
            **super().get_config(),
            "labels": self.labels,
            "average": self.average,
            "result": self.score,
        }


def _tables(labels):
    """Types, and for each label and a last `"O"`: type, inside, begins, closes."""
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if not labels or twice:
        raise ValueError(
            "labels must name each tag once, in the order of the scores. Given: "
            f"{', '.join(map(repr, twice)) + ' more than once' if twice else 'none'}."
        )
    parts = [split_tag(label) for label in [*labels, "O"]]
    types = sorted({label for prefix, label in parts if prefix != "O"})
    columns = [
        [types.index(label) if prefix != "O" else 0 for prefix, label in parts],
        *([prefix in prefixes for prefix, _ in parts] for prefixes in ("BIES", "OBS", "OES")),
    ]
    return types, [np.array(column, "int32") for column in columns]
