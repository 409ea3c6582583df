"""Correlation of predicted with true numbers."""

import keras
import numpy as np
from keras import ops


def pearson(true, predicted):
    """Pearson's correlation; nan if either side is constant or holds a nan, as in scipy.

    Args:
        true, predicted: `(n,)` numbers.

    Raises:
        ValueError: fewer than two numbers, or not as many of each.

    Example:

    >>> round(pearson([1, 2, 3], [1, 2, 4]), 4)
    0.982
    """
    true, predicted = _numbers(true), _numbers(predicted)
    if len(true) != len(predicted) or len(true) < 2:
        raise ValueError(
            f"There are {len(true)} true and {len(predicted)} predicted numbers. Give as many of "
            "each, and at least two."
        )
    if np.all(true == true[0]) or np.all(predicted == predicted[0]):
        return float("nan")
    # Numbers of any size: their squares must neither overflow nor vanish.
    true, predicted = (x - x.mean() for x in (true, predicted))
    true, predicted = (x / np.max(np.abs(x)) for x in (true, predicted))
    value = true @ predicted / np.sqrt((true @ true) * (predicted @ predicted))
    return float(np.clip(value, -1.0, 1.0))


def spearman(true, predicted):
    """Spearman's correlation: Pearson's of the ranks, where equal numbers share the mean rank.

    nan as in `pearson`.

    Args:
        true, predicted: `(n,)` numbers.

    Raises:
        ValueError: as `pearson`.

    Example:

    >>> round(spearman([1, 2, 3, 3], [1, 3, 9, 8]), 4)
    0.9487
    """
    true, predicted = _numbers(true), _numbers(predicted)
    if np.isnan(true).any() or np.isnan(predicted).any():
        true, predicted = true * np.nan, predicted * np.nan
        return pearson(true, predicted)
    return pearson(ranks(true), ranks(predicted))


def ranks(values):
    """Ranks from 1; equal values share the mean of theirs: `[5, 7, 7]` to `[1, 2.5, 2.5]`."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]


def _numbers(values):
    return np.asarray(values, "float64").reshape(-1)


@keras.saving.register_keras_serializable("keras_bert_zoo")
class Pearson(keras.metrics.Metric):
    """Pearson's correlation over all batches; 0.0 while either side is constant.

    (Not nan, as `pearson`: callbacks compare metrics.) Means and squared deviations are merged
    batch by batch, which loses no digits when numbers lie far from 0. Source of the formula:
    Chan, Golub, LeVeque, Updating formulae and a pairwise algorithm for computing sample
    variances, 1979, http://i.stanford.edu/pub/cstr/reports/cs/tr/79/773/CS-TR-79-773.pdf.

    `update_state` takes `y_true` and `y_pred`, `(batch,)` or `(batch, 1)`, and `sample_weight`
    of the same shape: how much each row counts.

    Example:

    >>> metric = Pearson()
    >>> metric.update_state([1.0, 2.0], [1.0, 2.0])
    >>> metric.update_state([3.0], [4.0])
    >>> round(float(metric.result()), 4)
    0.982
    """

    def __init__(self, name="pearson", **kwargs):
        super().__init__(name=name, **kwargs)
        self.count = self.add_variable((), "zeros", dtype="float32", name="count")
        # Of the true numbers and of the predicted ones.
        self.mean = self.add_variable((2,), "zeros", dtype="float32", name="mean")
        self.spread = self.add_variable((2,), "zeros", dtype="float32", name="spread")
        self.product = self.add_variable((), "zeros", dtype="float32", name="product")

    def update_state(self, y_true, y_pred, sample_weight=None):
        values = ops.stack([_flat(y_true), _flat(y_pred)])
        weight = ops.ones_like(values[0]) if sample_weight is None else _flat(sample_weight)
        # A row that does not count may hold anything, nan too.
        values = ops.where(ops.greater(weight, 0), values, 0.0)
        count = ops.sum(weight)
        mean = ops.divide_no_nan(ops.sum(values * weight, axis=1), count)
        rest = values - ops.expand_dims(mean, 1)
        before, old_mean = (ops.convert_to_tensor(v) for v in (self.count, self.mean))
        total = before + count
        step = mean - old_mean
        share = ops.divide_no_nan(count, total)
        both = before * share
        self.spread.assign_add(ops.sum(weight * rest * rest, axis=1) + step * step * both)
        self.product.assign_add(ops.sum(weight * rest[0] * rest[1]) + step[0] * step[1] * both)
        self.mean.assign_add(step * share)
        self.count.assign(total)

    def result(self):
        spread, mean = ops.convert_to_tensor(self.spread), ops.convert_to_tensor(self.mean)
        # Smaller deviations than these are the rounding of a constant.
        noise = ops.convert_to_tensor(self.count) * ops.square(1e-6 * mean)
        return _correlation(ops.convert_to_tensor(self.product), spread, noise)


@keras.saving.register_keras_serializable("keras_bert_zoo")
class Spearman(keras.metrics.Metric):
    """Spearman's correlation over all batches; 0.0 while either side is constant.

    Ranks need all numbers at once, so they are kept, and sorted whenever the result is asked
    for, which Keras does after each batch: some 10 ms on a CPU for the default capacity.

    `update_state` takes `y_true` and `y_pred`, `(batch,)` or `(batch, 1)`, and `sample_weight`
    of the same shape: rows of weight 0 are left out, all others count once.

    Args:
        capacity: how many rows it holds. If more were given, the result is nan: it would be one
            over a part of them.

    Raises:
        ValueError: a capacity below 2.

    Example:

    >>> metric = Spearman()
    >>> metric.update_state([1.0, 2.0, 3.0, 3.0], [1.0, 3.0, 9.0, 8.0])
    >>> round(float(metric.result()), 4)
    0.9487
    """

    def __init__(self, capacity=10_000, name="spearman", **kwargs):
        super().__init__(name=name, **kwargs)
        if capacity < 2:
            raise ValueError(f"capacity must be 2 or more. Given: {capacity}.")
        self.capacity = capacity
        shape = (2, capacity)
        self.values = self.add_variable(shape, "zeros", dtype="float32", name="values")
        self.count = self.add_variable((), "zeros", dtype="float32", name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        new = ops.stack([_flat(y_true), _flat(y_pred)])
        weight = ops.ones_like(new[0]) if sample_weight is None else _flat(sample_weight)
        kept = ops.concatenate([self._used(), ops.greater(weight, 0)])
        # The sort is stable: what is kept comes first, and in its order.
        order = ops.argsort(ops.cast(ops.logical_not(kept), "int32"))[: self.capacity]
        values = ops.concatenate([ops.convert_to_tensor(self.values), new], axis=1)
        self.values.assign(ops.reshape(ops.take(values, order, axis=1), (2, self.capacity)))
        self.count.assign_add(ops.sum(ops.cast(ops.greater(weight, 0), "float32")))

    def _used(self):
        return ops.arange(self.capacity, dtype="float32") < ops.convert_to_tensor(self.count)

    def result(self):
        used, values = self._used(), ops.convert_to_tensor(self.values)
        lost = ops.logical_or(
            ops.convert_to_tensor(self.count) > self.capacity,
            ops.any(ops.logical_and(used, ops.isnan(values))),
        )
        weight = ops.cast(used, "float32")
        rank = ops.stack([_shared_ranks(values[side], used) for side in (0, 1)])
        count = ops.maximum(ops.sum(weight), 1.0)
        mean = ops.sum(rank * weight, axis=1, keepdims=True) / count
        rest = (rank - mean) / self.capacity * weight
        value = _correlation(ops.sum(rest[0] * rest[1]), ops.sum(rest * rest, axis=1), 1e-12)
        return ops.where(lost, float("nan"), value)

    def get_config(self):
        return {**super().get_config(), "capacity": self.capacity}


def _flat(values):
    return ops.reshape(ops.cast(ops.convert_to_tensor(values), "float32"), (-1,))


def _correlation(product, spread, noise):
    # Asked this way round, since a nan is to stay one.
    constant = ops.any(spread <= noise)
    root = ops.sqrt(ops.where(constant, 1.0, spread))
    # One root each: the product of the two spreads may overflow.
    return ops.where(constant, 0.0, ops.clip(product / root[0] / root[1], -1.0, 1.0))


def _shared_ranks(values, used):
    """Ranks from 0 of the `used` ones of `values (n,)`; equal ones share the mean of theirs."""
    length = values.shape[0]
    largest = np.finfo("float32").max
    values = ops.where(used, ops.minimum(values, largest), float("inf"))
    order = ops.argsort(values)
    values = ops.take(values, order)
    first = ops.concatenate([ops.ones_like(used[:1]), values[1:] != values[:-1]])
    group = ops.cumsum(ops.cast(first, "int32")) - 1
    places = ops.sort(ops.where(first, ops.arange(length, dtype="int32"), length))
    after = ops.concatenate([places[1:], ops.full_like(places[:1], length)])
    rank = ops.cast(ops.take(places, group) + ops.take(after, group) - 1, "float32") / 2
    return ops.take(rank, ops.argsort(order))
