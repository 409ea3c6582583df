"""Several devices on JAX: Keras' distributions."""

import contextlib
import random

import keras
import numpy as np

from .devices import Devices
from .layouts import CheckedModelParallel


@contextlib.contextmanager
def start(kind, devices, model_parallel=None):
    """The distribution's scope."""
    import jax

    names = list(devices or _all(kind, jax))
    if kind == "auto" and len(names) == 1:
        yield Devices("one", 1, names[0], "there is one device")
        return
    number = jax.process_index()
    _equal_seeds(jax)
    if kind == "model":
        parts = model_parallel or len(names)
        if len(names) % parts:
            raise ValueError(
                f"model_parallel={parts} does not divide the {len(names)} devices that there are."
            )
        shape = (len(names) // parts, parts)
        mesh = keras.distribution.DeviceMesh(shape, ("batch", "model"), names)
        distribution = CheckedModelParallel(mesh)
        why = f"each layer over {parts} of them, each batch over {shape[0]}"
    else:
        distribution = keras.distribution.DataParallel(devices=names, auto_shard_dataset=False)
        why, kind = f"each has a part of every batch{_asked(kind)}", "data"
    with distribution.scope():
        replicas = distribution.num_model_replicas
        yield Devices(kind, replicas, _named(names), why, number, distribution)


def gathered(predict):
    """A predict function of Keras whose answers are in one place, not spread over processes."""
    if getattr(predict, "is_gathered", False):
        return predict

    def predict_and_gather(state, data):
        from jax.experimental import multihost_utils

        outputs, state = predict(state, data)
        return multihost_utils.process_allgather(outputs, tiled=True), state

    predict_and_gather.is_gathered = True
    return predict_and_gather


def _equal_seeds(jax):
    """Draws the same random numbers in all processes: each makes the weights by itself."""
    if jax.process_count() > 1:
        from jax.experimental import multihost_utils

        seed = np.array(random.randrange(2**31))
        keras.utils.set_random_seed(int(multihost_utils.broadcast_one_to_all(seed)))


def _all(kind, jax):
    found = keras.distribution.list_devices()
    if kind == "tpu":
        found = [name for name in found if name.startswith("tpu")]
        if not found:
            raise ValueError(
                f"JAX finds no TPU here, but {_named(keras.distribution.list_devices())}. On "
                "Colab choose a TPU runtime and restart; on Cloud install jax[tpu]."
            )
    return found


def _asked(kind):
    return "" if kind == "auto" else "; asked for"


def _named(names):
    """`8 devices, cpu:0 to cpu:7`."""
    if len(names) == 1:
        return names[0]
    return f"{len(names)} devices, {names[0]} to {names[-1]}"
