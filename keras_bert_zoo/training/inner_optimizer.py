"""The optimizer of a model, whatever is around it, and how far it is."""

import keras


def inner(optimizer):
    """The optimizer itself, where loss scaling is around it."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def updates_of(optimizer):
    """How many updates it has made; of replicas, any one's."""
    made = keras.ops.convert_to_tensor(inner(optimizer).iterations)
    return int(keras.ops.convert_to_numpy(made))
