"""Counts in memory of a fixed size."""

import numpy as np


class BoundedCounts:
    """Counts of words, of the commonest ones when there are too many to keep.

    When there are more than `capacity`, the rarest are dropped: all that were counted up to `t`
    times, with `t` the least number that leaves three quarters of the capacity or less. A word
    loses at most `t` that way, so that at the end every count is at most `error`, the sum of all
    `t`, too low, and no word seen more often than that is missing. With `error` 0 the counts are
    exact. (Lossy counting, http://www.vldb.org/conf/2002/S10P03.pdf, with a bound on the memory
    given and that on the error found, where the paper has it the other way round.)

    Args:
        capacity: most words that are kept.

    Example:

    >>> counts = BoundedCounts(capacity=4)
    >>> counts.add({"a": 9, "b": 1, "c": 5, "d": 1, "e": 2})
    >>> {word: counts[word] for word in counts}, counts.error
    ({'a': 9, 'c': 5, 'e': 2}, 1)
    """

    def __init__(self, capacity):
        if capacity < 2:
            raise ValueError(f"capacity must be 2 words or more. Given: {capacity!r}.")
        self.capacity, self.error, self.total = capacity, 0, 0
        self._counts = {}

    def add(self, counts):
        """Adds a dictionary of word -> count."""
        ours = self._counts
        for word, count in counts.items():
            ours[word] = ours.get(word, 0) + count
            self.total += count
            if len(ours) > self.capacity:
                self._prune()

    def _prune(self):
        values = np.fromiter(self._counts.values(), "int64", len(self._counts))
        surplus = len(values) - self.capacity * 3 // 4
        threshold = int(np.partition(values, surplus - 1)[surplus - 1])
        kept = {word: count for word, count in self._counts.items() if count > threshold}
        self._counts.clear()  # in place: `add` holds on to it
        self._counts.update(kept)
        self.error += threshold

    def __iter__(self):
        return iter(self._counts)

    def __getitem__(self, word):
        return self._counts[word]

    def __len__(self):
        return len(self._counts)
