"""The order in which a corpus is read: random, and yet a stretch of a file at a time."""

import numpy as np

from .draws import Draws, permutation

WINDOW = 32768  # examples


class WindowOrder:
    """The number of the example at each place of an endless stream.

    In every epoch the row groups come in another order; examples are shuffled in windows of that
    stream, so that what is unpacked is used up soon. Of several hosts each has a stretch of its own
    of the epoch, all of one length: no two see the same example; at most `host_count - 1` are left
    out, others in each epoch. All is a pure function of the arguments: a place is a whole state.

    Args:
        group_sizes: examples of each row group, in the order of their numbers.
        seed: 0 or more.
        window: examples that are shuffled together.
        host_index, host_count: of this host, from 0 on, and how many there are.

    Raises:
        ValueError: a host that there is not, or fewer examples than hosts.

    Example:

    >>> WindowOrder([2, 2], seed=1).numbers(0, 6).tolist()
    [3, 2, 1, 0, 0, 1]
    """

    def __init__(self, group_sizes, seed=0, window=WINDOW, host_index=0, host_count=1):
        self._sizes = np.asarray(group_sizes, "int64")
        self._starts = np.cumsum(self._sizes) - self._sizes
        self.seed, self.window, self.host_index, self.host_count = (
            seed, window, host_index, host_count,
        )  # fmt: skip
        if not 0 <= host_index < host_count:
            raise ValueError(
                f"host_index={host_index} of host_count={host_count}: hosts are counted from 0."
            )
        if window < 1:
            raise ValueError(f"window is 1 or more examples. Given: {window!r}.")
        self._length = int(self._sizes.sum()) // host_count
        if not self._length:
            raise ValueError(f"{self._sizes.sum()} examples are too few for {host_count} hosts.")
        self._epoch = self._shuffled = (None, None)

    def __len__(self):
        """How many examples this host sees in an epoch."""
        return self._length

    def numbers(self, place, count):
        """Numbers of the examples at `count` places from `place` on, an int64 array."""
        found = []
        while count > 0:
            epoch, within = divmod(place, self._length)
            window, at = divmod(within, self.window)
            found.append(self._window(epoch, window)[at : at + count])
            place, count = place + len(found[-1]), count - len(found[-1])
        return np.concatenate(found) if found else np.zeros(0, "int64")

    def _window(self, epoch, window):
        known, numbers = self._shuffled  # once: other threads may replace it
        if known != (epoch, window):
            first = window * self.window
            count = min(self.window, self._length - first)
            key = (self.seed, 1, epoch, self.host_index, window)
            places = permutation(count, *key) + first + self.host_index * self._length
            groups, ends, turn = self._groups(epoch)
            places = (places + turn) % ends[-1]
            at = np.searchsorted(ends, places, side="right")
            group = groups[at]
            numbers = self._starts[group] + places - (ends[at] - self._sizes[group])
            self._shuffled = (epoch, window), numbers
        return numbers

    def _groups(self, epoch):
        """The row groups in the order of an epoch, where each ends, and where the epoch begins.

        It begins anywhere within them: else the last examples of a group were never the first.
        """
        known, found = self._epoch
        if known != epoch:
            groups = permutation(len(self._sizes), self.seed, 0, epoch)
            ends = np.cumsum(self._sizes[groups])
            found = groups, ends, Draws(self.seed, 2, epoch).between(0, int(ends[-1]) - 1)
            self._epoch = epoch, found
        return found
