"""Denormal numbers are flushed inside, and the process is left as it was."""

import keras
import pytest

from keras_bert_zoo.training.denormals import flushed_denormals


def test_flushed_inside_only():
    if keras.config.backend() != "torch":
        with flushed_denormals():
            return
    torch = pytest.importorskip("torch")

    def flushed():
        return float(torch.tensor([1e-39]) * 1.0) == 0.0

    before = flushed()
    with flushed_denormals():
        assert flushed()
    assert flushed() is before
