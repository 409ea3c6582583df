"""Batches of arrays, in an order that is a pure function of the seed and the epoch."""

import math

import keras
import numpy as np

from .fingerprint import fingerprint


class ArrayBatches(keras.utils.PyDataset):
    """Batches of inputs that are arrays already. Keras' own order cannot be begun in the middle.

    Args:
        x: array, or a dictionary or list of arrays with as many rows each.
        y: the same, or None.
        sample_weight: the same, or None.
        batch_size: rows of a batch.
        shuffle: whether the order is random.
        seed: of the order.

    Raises:
        ValueError: no rows, or arrays of different numbers of rows.

    Example:

    >>> ArrayBatches(np.arange(6), batch_size=4)[0][0].tolist()
    [0, 1, 2, 3]
    """

    def __init__(self, x, y=None, sample_weight=None, *, batch_size=32, shuffle=False, seed=0):
        super().__init__(workers=1)
        parts = [part for part in (x, y, sample_weight) if part is not None]
        self.parts = tuple(keras.tree.map_structure(_as_array, part) for part in parts)
        rows = {len(array) for array in keras.tree.flatten(self.parts)}
        if len(rows) != 1 or 0 in rows:
            raise ValueError(
                f"All arrays must have as many rows, and at least one. Given: {sorted(rows)} rows."
            )
        self.num_rows, self.batch_size = rows.pop(), int(batch_size)
        self.shuffle, self.seed = shuffle, seed
        self.start_epoch(0)

    def start_epoch(self, epoch):
        """Takes the order of another pass."""
        self.epoch, self._finished, self._order = epoch, False, np.arange(self.num_rows)
        if self.shuffle:
            self._order = np.random.default_rng((self.seed, epoch)).permutation(self.num_rows)

    @property
    def num_batches(self):
        return math.ceil(self.num_rows / self.batch_size)

    def __getitem__(self, index):
        self._finished |= index == self.num_batches - 1
        rows = self._rows(index)
        return keras.tree.map_structure(lambda array: array[rows], self.parts)

    def _rows(self, index):
        if not 0 <= index < self.num_batches:
            raise IndexError(f"There are {self.num_batches} batches, from 0. Asked for: {index}.")
        return self._order[index * self.batch_size : (index + 1) * self.batch_size]

    def on_epoch_end(self):
        if self.shuffle and self._finished:
            self.start_epoch(self.epoch + 1)

    def batch_name(self, index):
        """Which rows a batch has, for messages."""
        return f"rows {', '.join(map(str, sorted(self._rows(index).tolist())))}"

    def fingerprint(self):
        """Name -> what tells these batches from those of other data."""
        order = {"rows": self.num_rows, "batch_size": self.batch_size, "shuffle": self.shuffle}
        return {**order, "seed": self.seed, "arrays": fingerprint(self.parts)}


def _as_array(value):
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
