"""Numbers too small to be worth their time."""

import contextlib

import keras


@contextlib.contextmanager
def flushed_denormals():
    """On torch, numbers below 1e-38 count as 0 inside, as they always do on the other backends.

    Adam's averages of a token that does not occur for some hundred updates fade into that range,
    where a CPU takes several times as long; most rows of an embedding table are such tokens.
    """
    if keras.config.backend() != "torch":
        yield
        return
    import torch

    before = float(torch.tensor([1e-39]) * 1.0) == 0.0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
