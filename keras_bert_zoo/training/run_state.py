"""All that decides how a training goes on, as named arrays: read from a model, and set again."""

import keras
import numpy as np

from .random_state import TORCH, read_random_state, seed_states, write_random_state

# Group -> its variables. A model's variables hold the states of its seed generators too.
GROUPS = {
    "weights": lambda model: model.variables,
    "optimizer": lambda model: model.optimizer.variables,
    "metrics": lambda model: model.metrics_variables,
}
RANDOM = "random/"


def read_state(model):
    """Name -> copy of the array, of weights, optimizer, metrics and generators."""
    synced(model)
    arrays = {
        f"{group}/{number}": copied(variable)
        for group, variables in GROUPS.items()
        for number, variable in enumerate(variables(model))
    }
    random = read_random_state(model)
    return arrays | {RANDOM + name: value for name, value in random.items() if _is_global(name)}


def write_state(model, arrays, groups=tuple(GROUPS)):
    """Sets the variables of these groups as `read_state` found them."""
    for group in groups:
        for number, variable in enumerate(GROUPS[group](model)):
            assign(variable, arrays[f"{group}/{number}"])


def write_generators(model, arrays):
    """Sets the generators that are no variables of the model, as `read_state` found them."""
    states = {k[len(RANDOM) :]: v for k, v in arrays.items() if k.startswith(RANDOM)}
    write_random_state(model, states)


def write_seeds(model, arrays):
    """Sets the states of the model's seed generators alone."""
    seeds = {id(state) for state in seed_states(model)}
    for number, variable in enumerate(model.variables):
        if id(variable) in seeds:
            variable.assign(arrays[f"weights/{number}"])


def not_finite(model, arrays, groups=("weights", "optimizer")):
    """Path of the first variable that holds NaN or an infinity; None if there is none."""
    for group in groups:
        for number, variable in enumerate(GROUPS[group](model)):
            if not all_finite(arrays[f"{group}/{number}"]):
                return variable.path
    return None


def all_finite(array):
    """Whether an array has neither NaN nor an infinity; whole numbers never have."""
    if array.dtype.kind in "iub":
        return True
    return bool(np.isfinite(array).all())


def copied(variable):
    """A variable's value that later steps do not write into: on a CPU backends share memory."""
    parts = own_parts(variable)
    if parts is not None:
        return np.stack([part.numpy() for part in parts])
    value = keras.ops.convert_to_tensor(variable)  # one value, where each replica has a copy
    return np.array(keras.ops.convert_to_numpy(whole(value)))


def whole(value):
    """A tensor that this process has all of: on JAX its parts may be in several."""
    if keras.config.backend() != "jax" or value.is_fully_addressable or value.is_fully_replicated:
        return value
    from jax.experimental.multihost_utils import process_allgather

    return process_allgather(value, tiled=True)


def assign(variable, value):
    """Sets a variable as `copied` found it."""
    parts = own_parts(variable)
    if parts is None:
        variable.assign(value)
        return
    for part, own in zip(parts, value, strict=True):
        part.assign(own)


def own_parts(variable):
    """What each replica of a TensorFlow strategy has of its own, as of metrics; else None."""
    if keras.config.backend() != "tensorflow":
        return None
    import tensorflow as tf

    on_read = tf.VariableSynchronization.ON_READ
    if getattr(variable.value, "synchronization", None) is not on_read:
        return None
    return getattr(variable.value, "values", None)


def synced(model):
    """On JAX, values are back in the variables after this; elsewhere they always are."""
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()


def _is_global(name):
    return name.startswith(TORCH.format(""))
