"""Batches of several tasks in random order, each batch of one task."""

import numpy as np

from ..errors import unknown_name
from .length_batches import LengthBatches
from .truncation import TruncationReport

# How often a task's turn comes, by the number of its batches.
SAMPLINGS = {
    "proportional": lambda sizes: sizes,
    "square_root": lambda sizes: np.sqrt(sizes),
    "uniform": lambda sizes: np.ones(len(sizes)),
}


class MixedBatches(LengthBatches):
    """An epoch has as many batches as the tasks have together.

    Which task's turn it is, and which of its batches comes then, is a pure function of the seed
    and the epoch. A task that has more turns than batches begins a new order of its own; one that
    has fewer goes on in the next epoch where it stopped.

    Args:
        batches: name -> `TextBatches`, of one preprocessor.
        labels: name -> `Labels`, of these tasks and of others that have no data.
        sampling: `"proportional"` to the batches of a task, so that each comes once an epoch (as
            in https://arxiv.org/abs/1901.11504); to their `"square_root"`
            (https://arxiv.org/abs/1901.11373); or `"uniform"`.
        **order: `shuffle`, `seed` and `epoch` of `LengthBatches`.

    Raises:
        ValueError: unknown sampling.

    Example:

    >>> labels = {"mood": Labels(["bad", "good"]), "stars": Labels(problem="regression")}
    >>> mixed = MixedBatches({"mood": moods, "stars": stars}, labels, sampling="square_root")
    >>> x, labels, weights = mixed[0]  # those of the task whose turn it is not weigh nothing
    """

    def __init__(self, batches, labels, sampling="proportional", **order):
        if sampling not in SAMPLINGS:
            raise unknown_name("sampling", sampling, SAMPLINGS)
        first = next(iter(batches.values()))
        super().__init__(
            sum(one.num_rows for one in batches.values()), batch_size=first.batch_size, **order
        )
        self.batches, self.labels, self.sampling = batches, labels, sampling
        self.turns_of = turns_of(batches, sampling if self.shuffle else "proportional")
        self._turns = None
        self.report = TruncationReport(first.preprocessor.max_sequence_length)
        for one in batches.values():
            one.report = self.report

    @property
    def num_batches(self):
        return sum(one.num_batches for one in self.batches.values())

    def turns(self, epoch):
        """The name of the task at each place of an epoch."""
        names = np.repeat(list(self.turns_of), list(self.turns_of.values()))
        if self.shuffle:
            names = np.random.default_rng((self.seed, epoch)).permutation(names)
        return names

    def __getitem__(self, index):
        name, number = self._place(index)
        x, y, *weight = self.batches[name][number]
        self.tokens_read += int(x["padding_mask"].sum())
        return x, *self._targets(name, y, weight[0] if weight else None)

    def batch_name(self, index):
        name, number = self._place(index)
        return f"{self.batches[name].batch_name(number)} of {name!r}"

    def _place(self, index):
        """`(name, number)`: whose turn it is, and which of its batches comes."""
        if not 0 <= index < self.num_batches:
            raise IndexError(f"There are {self.num_batches} batches, from 0. Asked for: {index}.")
        if self._turns is None or self._turns[0] != self.epoch:
            self._turns = (self.epoch, self.turns(self.epoch))
        self._finished |= index == self.num_batches - 1
        turns = self._turns[1]
        name = turns[index]
        batches = self.batches[name]
        place, epoch = int(np.count_nonzero(turns[:index] == name)), 0
        if self.shuffle:
            place += self.epoch * self.turns_of[name]
            epoch, place = divmod(place, batches.num_batches)
        if batches.epoch != epoch:
            batches.start_epoch(epoch)
        return name, place

    def _targets(self, name, y, weight):
        """Labels and weights for all heads: without weight for those whose turn it is not."""
        rows = len(y)
        labels = {other: one.nothing(rows) for other, one in self.labels.items()}
        weights = {other: np.zeros(rows, "float32") for other in self.labels}
        labels[name] = y
        weights[name] = np.ones(rows, "float32") if weight is None else weight * self._even(name)
        return labels, weights

    def _even(self, name):
        """What makes rows count the same across tasks, where batches are filled up."""
        batches = self.batches[name]
        if not (batches.fill_rows and batches.even_weights):
            return np.float32(1)
        of_all = self.num_batches / self.num_rows
        return np.float32(of_all * batches.num_rows / batches.num_batches)

    def contents(self):
        return {name: one.fingerprint() for name, one in self.batches.items()}

    def fit_buckets(self, epochs):
        """Chooses the lengths for the texts of all tasks together."""
        first = next(iter(self.batches.values()))
        rows = [row for one in self.batches.values() for row in one.rows]
        width = max(map(len, rows))
        rows = [row + ("",) * (width - len(row)) for row in rows]
        first.preprocessor.fit_buckets(rows, epochs * self.num_batches)


def turns_of(batches, sampling):
    """Name -> number of turns in an epoch: whole numbers, at least 1, with the same sum."""
    sizes = np.array([one.num_batches for one in batches.values()], float)
    share = SAMPLINGS[sampling](sizes)
    exact = share / share.sum() * sizes.sum()
    turns = np.maximum(np.floor(exact), 1).astype(int)
    while turns.sum() < sizes.sum():
        turns[np.argmax(exact - turns)] += 1
    while turns.sum() > sizes.sum():
        turns[np.argmax(np.where(turns > 1, turns - exact, -np.inf))] -= 1
    return dict(zip(batches, turns.tolist()))
