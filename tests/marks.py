"""Which of several alike cases are run each time, and which in the slow suite only."""

import keras
import pytest


def cases(names, slow=(), slow_on_tensorflow=(), slow_to_compile=()):
    """Parameters of a test.

    Args:
        names: all cases.
        slow: those that have the parts of others.
        slow_on_tensorflow: those that the other two backends run each time: TensorFlow takes
            seconds to trace each of them.
        slow_to_compile: those that PyTorch alone runs each time, which makes no programs.
    """
    if keras.config.backend() == "tensorflow":
        slow = {*slow, *slow_on_tensorflow}
    if keras.config.backend() != "torch":
        slow = {*slow, *slow_to_compile}
    return [pytest.param(name, marks=pytest.mark.slow if name in slow else ()) for name in names]
