"""The order in which rows become batches of similar length, the same for every task."""

import concurrent.futures
import math
import threading

import keras
import numpy as np

from .fingerprint import fingerprint

WINDOW = 64  # batches that are loaded and sorted together
KEEP = 4  # windows behind the current one that stay in memory: a small set is loaded once


class LengthBatches(keras.utils.PyDataset):
    """Cuts rows into batches of similar length.

    The rows are shuffled, cut into windows of 64 batches, and each window is loaded on a thread,
    sorted by length and cut into batches, which come in random order. The order is a pure function
    of `(seed, epoch)`. A subclass says what loading a row is, and what its batches hold.

    Args:
        num_rows: how many there are.
        batch_size: rows of a batch.
        shuffle: whether the order is random. If not, batches are still sorted by length inside a
            window; `row_order` says which rows came when.
        seed: of the order.
        epoch: number of the first pass over the data.
    """

    def __init__(self, num_rows, *, batch_size=32, shuffle=False, seed=0, epoch=0):
        super().__init__(workers=1)
        self.num_rows, self.batch_size = num_rows, int(batch_size)
        self.shuffle, self.seed, self.epoch = shuffle, seed, epoch
        self._windows, self._orders, self._counted = {}, {}, set()
        self._finished, self._lock = False, threading.Lock()
        self.tokens_read = 0  # of all batches that were handed out, without padding
        self._pool = concurrent.futures.ThreadPoolExecutor(1, "tokenize")

    # -------------------------------------------------------------- what a subclass says

    def load(self, rows, first_time):
        """`(items, lengths)` of these rows.

        Args:
            rows: their numbers.
            first_time: whether they were not loaded before; if not, they are not counted again.
        """
        raise NotImplementedError

    def collate(self, rows, items, generator):
        """A batch as the Keras trainer takes it.

        Args:
            rows: numbers of its rows.
            items: what `load` gave for them.
            generator: `np.random.Generator`, the same whenever this batch is made.
        """
        raise NotImplementedError

    def fit_buckets(self, epochs):
        """Chooses the lengths that batches are padded to, for so many passes."""
        raise NotImplementedError

    def contents(self):
        """All that the rows consist of; for `fingerprint`."""
        raise NotImplementedError

    # -------------------------------------------------------------- the order

    def fingerprint(self):
        """Name -> what tells these batches from those of other data."""
        order = {"rows": self.num_rows, "batch_size": self.batch_size, "shuffle": self.shuffle}
        return {**order, "seed": self.seed, "texts and labels": fingerprint(self.contents())}

    @property
    def num_batches(self):
        return math.ceil(self.num_rows / self.batch_size)

    def __len__(self):
        return self.num_batches

    def __getitem__(self, index):
        epoch, (rows, items) = self._batch(index)
        batch = self.collate(rows, items, np.random.default_rng((self.seed, epoch, 1, index)))
        inputs = batch[0] if isinstance(batch, tuple) else batch
        self.tokens_read += int(inputs["padding_mask"].sum())
        return batch

    def batch_items(self, index):
        """`(rows, items)` of a batch: the numbers of its rows, and what `load` gave for them."""
        return self._batch(index)[1]

    def batch_name(self, index):
        """Which rows a batch has, for messages."""
        return f"rows {', '.join(map(str, sorted(self.batch_items(index)[0].tolist())))}"

    def _batch(self, index):
        if not 0 <= index < self.num_batches:
            raise IndexError(f"There are {self.num_batches} batches, from 0. Asked for: {index}.")
        number, place = divmod(index, WINDOW)
        epoch, batches = self._window(number)
        self._finished |= index == self.num_batches - 1
        return epoch, batches[place]

    def row_order(self):
        """Number of the row that stands at each place of the pass just made."""
        return np.concatenate([self._orders[number] for number in sorted(self._orders)])

    def on_epoch_end(self):
        """Moves on to the next order, if all of this one was handed out.

        Keras also calls this after a look at the first batch, and, with `steps_per_epoch`, in the
        middle of a pass that it then goes on with.
        """
        if self.shuffle and self._finished:
            self.start_epoch(self.epoch + 1)

    def start_epoch(self, epoch):
        """Forgets the order of the present pass, for that of another."""
        with self._lock:
            self.epoch, self._finished = epoch, False
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
        items, lengths = self.load(order, number not in self._counted)
        self._counted.add(number)
        # The longest rows first: a batch that does not fit in memory fails at once, and the batch
        # that is not full is the one of the shortest.
        by_length = np.argsort(-np.asarray(lengths), kind="stable")
        batches = np.split(by_length, range(self.batch_size, len(order), self.batch_size))
        if self.shuffle:
            shuffled = np.random.default_rng((self.seed, epoch, number)).permutation(len(batches))
            batches = [batches[i] for i in shuffled]
        self._orders[number] = order[np.concatenate(batches)]
        return epoch, [(order[batch], [items[i] for i in batch]) for batch in batches]

    def _epoch_order(self, epoch):
        if not self.shuffle:
            return np.arange(self.num_rows)
        return np.random.default_rng((self.seed, epoch)).permutation(self.num_rows)
