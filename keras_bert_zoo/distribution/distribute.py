"""`keras_bert_zoo.distribute`: what to train on, chosen and said."""

import contextlib
import importlib

import keras

from ..errors import unknown_name

# Kind -> the backends that have it, and what it is.
KINDS = {
    "auto": ("tensorflow", "jax", "torch"),
    "data": ("jax", "torch"),
    "model": ("jax",),
    "mirrored": ("tensorflow",),
    "tpu": ("tensorflow", "jax"),
}
INSTEAD = {
    "tensorflow": '"mirrored" for the GPUs of one machine, "tpu" for TPUs',
    "jax": '"data", each device a part of every batch, or "model", each a part of every layer',
    "torch": '"data", in processes that torchrun starts',
}


@contextlib.contextmanager
def distribute(kind="auto", *, devices=None, model_parallel=None, verbose=True):
    """A context in which tasks are built and trained on several devices.

    What comes out is what one device makes of the same batches: see docs/distribution.md. Where
    that cannot be, it is an error.

    Args:
        kind: `"auto"` takes all devices there are: TPUs, then GPUs; one device if there is no
            more. `"data"`: on JAX each device has all weights and a part of every batch; on
            PyTorch each process that torchrun started does. `"model"`: on JAX the weights too are
            cut up. `"mirrored"` and `"tpu"` are TensorFlow's strategies.
        devices: names of devices; all if not given.
        model_parallel: with `"model"`, over how many devices each layer is cut up; all if not
            given. The others share the batches.
        verbose: whether it is printed what was chosen, and why.

    Yields:
        `Devices`: `kind`, `replicas`, `why`.

    Raises:
        ValueError: a kind that the backend does not have, or devices that are not there.

    Example:

    >>> with keras_bert_zoo.distribute("auto"):
    ...     task = keras_bert_zoo.TextClassifier.from_preset("bert_base_en_uncased", labels=labels)
    ...     task.fit(texts, labels, batch_size=64)
    """
    backend = keras.config.backend()
    if kind == "multi_worker":
        raise ValueError(
            "MultiWorkerMirroredStrategy does not train Keras 3 models with several inputs "
            "(https://github.com/keras-team/keras/issues/20585). For several machines take "
            'KERAS_BACKEND=jax with jax.distributed.initialize() and "data", or '
            'KERAS_BACKEND=torch with torchrun and "data".'
        )
    if kind not in KINDS:
        raise unknown_name("distribution", kind, KINDS)
    if backend not in KINDS[kind]:
        raise ValueError(
            f'distribute("{kind}") is not for {backend}. There it is {INSTEAD[backend]}.'
        )
    start = importlib.import_module(f".on_{backend}", __package__).start
    options = {"model_parallel": model_parallel} if kind == "model" else {}
    with start(kind, devices, **options) as found:
        if verbose and found.number == 0:
            print(f"Training on {found}", flush=True)
        yield found
