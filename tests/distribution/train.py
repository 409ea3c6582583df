"""Trains tasks for some steps, on what `distribute` is told, and keeps what comes out.

    python -m tests.distribution.train KIND OUTPUT [CASE ...]

The devices are set by the environment, before anything is imported: `DEVICES` of TensorFlow,
`XLA_FLAGS` of JAX, torchrun's variables of PyTorch. KIND `one` is a single device.
"""

import contextlib
import os
import sys

import keras
import numpy as np

import keras_bert_zoo as kbz
from tests.distribution.others import OTHERS, trained_other
from tests.tasks.cases import CASES

ROWS, BATCH, EPOCHS = 10, 4, 7  # the last batch is half full: 21 updates
RECIPE = {"learning_rate": 1e-2, "clip_norm": 0.1, "warmup": 0.0, "epsilon": 1e-3}
WEIGHTED = ("text", "token", "span")  # those that are trained with a weight for each row too


def set_devices():
    count = int(os.environ.get("DEVICES", "0"))
    if count and keras.config.backend() == "tensorflow":
        import tensorflow as tf

        parts = [tf.config.LogicalDeviceConfiguration()] * count
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], parts)


def rows(values):
    return None if values is None else [values[i % len(values)] for i in range(ROWS)]


def build(case):
    keras.utils.set_random_seed(0)
    no_dropout = {"dropout": 0.0, "attention_dropout": 0.0}
    encoder = case.encoder(num_layers=case.num_layers, **no_dropout)
    task = case.build(encoder=encoder, recipe=kbz.Recipe(**RECIPE))
    task.preprocessor.fixed_batch_shape = True  # the logged loss counts batches as replicas do
    return task


def trained(case, weighted):
    """Name -> array: the course of the training, what the task says then, and its weights."""
    x, y = rows(case.x), rows(case.y)
    weight = np.linspace(0.2, 2.0, ROWS) if weighted else None
    task = build(case)
    task.learn_labels(y) if y is not None else None
    options = {"batch_size": BATCH, "epochs": EPOCHS, "verbose": 0, "sample_weight": weight}
    history = task.fit(x, y, **options).history
    task.preprocessor.fixed_batch_shape = False  # how replicas judge is as one device does
    judged = task.evaluate(x, y, batch_size=BATCH, verbose=0, return_dict=True)
    found = {f"history/{key}": np.array(values) for key, values in history.items()}
    found |= {f"judged/{key}": np.array(value) for key, value in judged.items()}
    for place, output in enumerate(
        keras.tree.flatten(task.predict(x, batch_size=BATCH, verbose=0))
    ):
        if isinstance(output, np.ndarray) and output.dtype.kind == "f":
            found[f"said/{place}"] = output
    for weight in task.weights:
        found[f"weights/{weight.path}"] = numpy_of(weight)
    return found


def numpy_of(variable):
    return keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(variable))


def result_of(name, weighted):
    if name in OTHERS:
        return trained_other(name, kbz.Recipe(**RECIPE))
    return trained(CASES[name], weighted)


def main():
    kind, output, *names = sys.argv[1:]
    set_devices()
    jobs = [(name, False) for name in names] + [(n, True) for n in names if n in WEIGHTED]
    found, number = {}, 0
    context = contextlib.nullcontext() if kind == "one" else kbz.distribute(kind)
    with context as devices:
        number = devices.number if devices else 0
        for name, weighted in jobs:
            key = f"{name}{' weighted' if weighted else ''}"
            try:
                result = result_of(name, weighted)
            except ValueError as error:
                result = {"error": np.array(str(error))}
            found |= {f"{key}|{part}": value for part, value in result.items()}
    np.savez(f"{output}.{number}.npz", **found)


if __name__ == "__main__":
    main()
