"""Building a model under a precision policy of its own."""

import contextlib

import keras


@contextlib.contextmanager
def dtype_scope(dtype):
    """Layers made inside get this policy; None leaves the global one.

    Example:

    >>> with dtype_scope("mixed_bfloat16"):
    ...     layer = keras.layers.Dense(4)
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype or before)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
