"""Activations against Python's own mathematics."""

import math

import numpy as np
import pytest

from keras_bert_zoo.layers import ACTIVATIONS, activation
from tests.tiny import to_numpy

BY_HAND = {
    "gelu": lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2))),
    "gelu_tanh": lambda x: (
        0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    ),
    "gelu_quick": lambda x: x / (1 + math.exp(-1.702 * x)),
    "relu": lambda x: max(x, 0.0),
    "relu6": lambda x: min(max(x, 0.0), 6.0),
    "silu": lambda x: x / (1 + math.exp(-x)),
    "mish": lambda x: x * math.tanh(math.log1p(math.exp(x))),
    "tanh": math.tanh,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "linear": lambda x: x,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_matches_the_formula(name):
    x = np.linspace(-8, 8, 101).astype("float32")
    expected = [BY_HAND[name](float(value)) for value in x]
    np.testing.assert_allclose(to_numpy(activation(name)(x)), expected, atol=1e-6)


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(
        ValueError, match="Unknown activation 'gelu_than'. Did you mean 'gelu_tanh'"
    ):
        activation("gelu_than")
