"""How new weights start."""

import contextlib
import contextvars

import keras
from keras import ops

_EMPTY = contextvars.ContextVar("empty", default=False)


@contextlib.contextmanager
def zeros_for_now():
    """Within it, what would start at random starts at zero: for weights that are read right after.

    Drawing the numbers of a large model takes longer than reading them from a file.
    """
    token = _EMPTY.set(True)
    try:
        yield
    finally:
        _EMPTY.reset(token)


class InitialNormal(keras.initializers.TruncatedNormal):
    """BERT's initialiser: a normal of some deviation, cut at two deviations."""

    def __call__(self, shape, dtype=None):
        return ops.zeros(shape, dtype) if _EMPTY.get() else super().__call__(shape, dtype)


def truncated_normal(initializer_range=0.02):
    """BERT's initialiser, see `InitialNormal`."""
    return InitialNormal(stddev=initializer_range)
