"""Activations by name. A checkpoint's `hidden_act` is one of these, or it is refused."""

import keras
from keras import ops

from ..errors import unknown_name


def gelu(x):
    """x * P(X <= x) with the error function (https://arxiv.org/abs/1606.08415, eq. 2)."""
    if keras.config.backend() != "jax":
        return keras.activations.gelu(x, approximate=False)
    # JAX's own takes 1 - erf, which is right to the last bit far below zero, where the product is
    # next to nothing, and which takes three times as long on a CPU.
    x = ops.convert_to_tensor(x)
    wide = ops.cast(x, "float32")
    return ops.cast(wide * (0.5 + 0.5 * ops.erf(wide * 0.5**0.5)), x.dtype)


def gelu_tanh(x):
    """The tanh approximation of GELU (https://arxiv.org/abs/1606.08415, section 2)."""
    return keras.activations.gelu(x, approximate=True)


def gelu_quick(x):
    """The sigmoid approximation of GELU: x * sigmoid(1.702 x)."""
    x = ops.convert_to_tensor(x)
    return x * ops.sigmoid(1.702 * x)


ACTIVATIONS = {
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "gelu_quick": gelu_quick,
    "relu": keras.activations.relu,
    "relu6": keras.activations.relu6,
    "silu": keras.activations.silu,
    "mish": keras.activations.mish,
    "tanh": keras.activations.tanh,
    "sigmoid": keras.activations.sigmoid,
    "linear": keras.activations.linear,
}
for _function in (gelu, gelu_tanh, gelu_quick):
    keras.saving.register_keras_serializable("keras_bert_zoo")(_function)


def activation(name):
    """The function called `name`.

    Raises:
        ValueError: the name is not in `ACTIVATIONS`.

    Example:

    >>> activation("relu")
    """
    if name not in ACTIVATIONS:
        raise unknown_name("activation", name, ACTIVATIONS)
    return ACTIVATIONS[name]
