"""Random numbers that are the same in every release of Python and numpy: SplitMix64.

A shard must come out the same years later, on any machine; numpy does not promise that of its own
generators (NEP 19). The formula is of Steele, Lea and Flood, https://doi.org/10.1145/2714064.2660195,
as in Vigna's https://prng.di.unimi.it/splitmix64.c.
"""

import numpy as np

STEP = 0x9E3779B97F4A7C15
FIRST, SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
ALL = 2**64 - 1


class Draws:
    """A stream of random numbers of its own for every row of whole numbers.

    Args:
        *key: whole numbers, such as a seed and the number of a document.

    Example:

    >>> Draws.from_state(1234567).next()
    6457827717110365317
    """

    def __init__(self, *key):
        self._state = key_of(*key)

    @classmethod
    def from_state(cls, state):
        """The stream of the original, from its state."""
        draws = cls()
        draws._state = state
        return draws

    def next(self):
        """A whole number from 0 to 2^64 - 1."""
        self._state = (self._state + STEP) & ALL
        return _mixed(self._state)

    def chance(self, probability):
        """Whether something of this probability happens."""
        return (self.next() >> 11) * 2.0**-53 < probability

    def between(self, least, most):
        """A whole number from `least` to `most`, both included."""
        return least + (self.next() * (most - least + 1) >> 64)

    def heads(self, tosses):
        """How many of so many tosses of a fair coin are heads."""
        found = 0
        while tosses > 0:
            found += (self.next() >> (64 - min(tosses, 64))).bit_count()
            tosses -= 64
        return found


def key_of(*key):
    """One number from 0 to 2^64 - 1 of several whole numbers."""
    state = 0
    for part in key:
        state = _mixed(((state + STEP) & ALL) ^ (part & ALL))
    return state


def permutation(count, *key):
    """The numbers from 0 to `count - 1` in random order, an int64 array, by the same formula."""
    with np.errstate(over="ignore"):
        places = np.arange(1, count + 1, dtype="uint64") * np.uint64(STEP)
        return np.argsort(_mixed_array(places + np.uint64(key_of(*key))), kind="stable")


def _mixed(value):
    value = (value ^ value >> 30) * FIRST & ALL
    value = (value ^ value >> 27) * SECOND & ALL
    return value ^ value >> 31


def _mixed_array(values):
    values = (values ^ values >> np.uint64(30)) * np.uint64(FIRST)
    values = (values ^ values >> np.uint64(27)) * np.uint64(SECOND)
    return values ^ values >> np.uint64(31)
