"""Batches of similar length, tokenized as they are asked for."""

import concurrent.futures
import math
import threading

import keras
import numpy as np

from .truncation import TruncationReport

WINDOW = 64  # batches that are tokenized and sorted together
KEEP = 4  # windows behind the current one that stay in memory: a small set is tokenized once


class TextBatches(keras.utils.PyDataset):
    """Cuts texts into batches of similar length.

    The rows are shuffled, cut into windows of 64 batches, and each window is tokenized on a
    thread, sorted by length and cut into batches, which come in random order. The order is a pure
    function of `(seed, epoch)`.

    Args:
        rows: list of tuples of one or two texts.
        labels: array with a row for each, or None.
        sample_weight: array with a number for each, or None.
        preprocessor: `Preprocessor`.
        batch_size: rows of a batch.
        shuffle: whether the order is random. If not, batches are still sorted by length inside a
            window; `row_order` says which rows came when.
        seed: of the order.
        epoch: number of the first pass over the data.
        fill_rows: whether the last batch is filled up to `batch_size` with rows of padding.
        even_weights: how filled batches are weighted. False: real rows of the last batch count for
            more, so that its mean loss, and so its gradient, is that of the rows it has. True: all
            rows of all batches count the same, so that an average over batches is exact.

    Example:

    >>> batches = TextBatches([("one",), ("two",)], None, preprocessor=preprocessor, batch_size=2)
    >>> batches[0]["token_ids"].shape
    (2, 8)
    """

    def __init__(
        self,
        rows,
        labels=None,
        sample_weight=None,
        *,
        preprocessor,
        batch_size=32,
        shuffle=False,
        seed=0,
        epoch=0,
        fill_rows=False,
        even_weights=False,
    ):
        super().__init__(workers=1)
        self.rows, self.labels, self.sample_weight = rows, labels, sample_weight
        self.preprocessor, self.batch_size = preprocessor, int(batch_size)
        self.shuffle, self.seed, self.epoch = shuffle, seed, epoch
        self.fill_rows, self.even_weights = fill_rows, even_weights
        self.report = TruncationReport(preprocessor.max_sequence_length)
        self._windows, self._orders, self._counted = {}, {}, set()
        self._finished, self._lock = False, threading.Lock()
        self._pool = concurrent.futures.ThreadPoolExecutor(1, "tokenize")

    @property
    def num_batches(self):
        return math.ceil(len(self.rows) / self.batch_size)

    def __len__(self):
        return self.num_batches

    def __getitem__(self, index):
        if not 0 <= index < self.num_batches:
            raise IndexError(f"There are {self.num_batches} batches, from 0. Asked for: {index}.")
        number, place = divmod(index, WINDOW)
        rows, packed = self._window(number)[place]
        self._finished |= index == self.num_batches - 1
        return self._batch(rows, packed)

    def row_order(self):
        """Number of the row that stands at each place of the pass just made."""
        return np.concatenate([self._orders[number] for number in sorted(self._orders)])

    def on_epoch_end(self):
        """Moves on to the next order, if all of this one was handed out.

        Keras also calls this after a look at the first batch, and, with `steps_per_epoch`, in the
        middle of a pass that it then goes on with.
        """
        if self.shuffle and self._finished:
            with self._lock:
                self.epoch, self._finished = self.epoch + 1, False
                self._windows.clear()

    def _window(self, number):
        """The batches of a window; starts the window after it, and forgets those long past."""
        with self._lock:
            future = self._start(number)
            if (number + 1) * WINDOW < self.num_batches:
                self._start(number + 1)
            for old in [n for n in self._windows if n < number - KEEP]:
                del self._windows[old]
        return future.result()

    def _start(self, number):
        if number not in self._windows:
            self._windows[number] = self._pool.submit(self._prepare, number, self.epoch)
        return self._windows[number]

    def _prepare(self, number, epoch):
        size = WINDOW * self.batch_size
        order = self._epoch_order(epoch)[number * size : (number + 1) * size]
        first_time = number not in self._counted
        report = self.report if first_time else TruncationReport(0)
        packed, _ = self.preprocessor.pack_rows([self.rows[i] for i in order], report)
        self._counted.add(number)
        # The longest rows first: a batch that does not fit in memory fails at once, and the batch
        # that is not full is the one of the shortest.
        by_length = np.argsort([-len(ids) for ids, _ in packed], kind="stable")
        batches = np.split(by_length, range(self.batch_size, len(order), self.batch_size))
        if self.shuffle:
            shuffled = np.random.default_rng((self.seed, epoch, number)).permutation(len(batches))
            batches = [batches[i] for i in shuffled]
        self._orders[number] = order[np.concatenate(batches)]
        return [(order[batch], [packed[i] for i in batch]) for batch in batches]

    def _epoch_order(self, epoch):
        if not self.shuffle:
            return np.arange(len(self.rows))
        return np.random.default_rng((self.seed, epoch)).permutation(len(self.rows))

    def _batch(self, rows, packed):
        size = self.batch_size if self.fill_rows else len(rows)
        x = self.preprocessor.pad(packed, size)
        if self.labels is None:
            return x
        y = fill(self.labels[rows], size)
        if self.sample_weight is None and not self.fill_rows:
            return x, y
        weight = np.ones(len(rows)) if self.sample_weight is None else self.sample_weight[rows]
        weight = weight * self._weight_factor(len(rows), size)
        return x, y, fill(weight.astype("float32"), size)

    def _weight_factor(self, real, size):
        if self.even_weights:
            return self.num_batches * size / len(self.rows) if self.fill_rows else 1.0
        return size / real


def fill(values, size):
    """Adds zeros up to `size` rows."""
    return np.pad(values, [(0, size - len(values))] + [(0, 0)] * (values.ndim - 1))
