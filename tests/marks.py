"""Which of several alike cases are run each time, and which in the slow suite only."""

import keras
import pytest


def cases(names, slow=(), slow_on_tensorflow=()):
    """Parameters of a test.

    Args:
        names: all cases.
        slow: those that have the parts of others.
        slow_on_tensorflow: those that the other two backends run each time: TensorFlow takes
            seconds to trace each of them.
    """
    if keras.config.backend() == "tensorflow":
        slow = {*slow, *slow_on_tensorflow}
    return [pytest.param(name, marks=pytest.mark.slow if name in slow else ()) for name in names]
