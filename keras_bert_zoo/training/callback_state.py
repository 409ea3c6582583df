"""What Keras' own callbacks remember from epoch to epoch."""

import keras
import numpy as np

REMEMBER = (
    keras.callbacks.EarlyStopping,
    keras.callbacks.ReduceLROnPlateau,
    keras.callbacks.ModelCheckpoint,
)
NUMBERS = (
    "best",
    "wait",
    "best_epoch",
    "stopped_epoch",
    "cooldown_counter",
    "_batches_seen_since_last_saving",
    "_last_batch_seen",
)
WEIGHTS = "best_weights"
CALLBACKS = "callbacks/"
ARRAYS = CALLBACKS + "{}/{}"


def read_callbacks(callbacks):
    """`(numbers, arrays)`: a list of `[place, class, {name: number}]`, and name -> array."""
    numbers, arrays = [], {}
    for place, one in enumerate(callbacks):
        if not isinstance(one, REMEMBER):
            continue
        found = {name: getattr(one, name) for name in NUMBERS if hasattr(one, name)}
        plain = {k: None if v is None else np.asarray(v).item() for k, v in found.items()}
        numbers.append([place, type(one).__name__, plain])
        for number, array in enumerate(getattr(one, WEIGHTS, None) or ()):
            arrays[ARRAYS.format(place, number)] = np.asarray(array)
    return numbers, arrays


def write_callbacks(callbacks, numbers, arrays):
    """Sets what `read_callbacks` found; a callback that was not there begins anew."""
    for place, kind, found in numbers:
        if place >= len(callbacks) or type(callbacks[place]).__name__ != kind:
            continue
        for name, value in found.items():
            setattr(callbacks[place], name, value)
        weights = []
        while (key := ARRAYS.format(place, len(weights))) in arrays:
            weights.append(arrays[key])
        if weights:
            setattr(callbacks[place], WEIGHTS, weights)
