"""Several devices on TensorFlow: its strategies."""

import concurrent.futures
import contextlib
import os

from .devices import Devices


@contextlib.contextmanager
def start(kind, devices):
    """The strategy's scope."""
    import tensorflow as tf

    if kind == "auto":
        kind, why = _chosen(tf, devices)
    else:
        why = "asked for"
    if kind == "one":
        yield Devices("one", 1, "one device", why)
        return
    if kind == "tpu":
        strategy, what = _tpu(tf, devices)
    else:
        names = list(devices or _mirrored(tf))
        strategy, what = tf.distribute.MirroredStrategy(names), ", ".join(names)
    replicas = strategy.num_replicas_in_sync
    with strategy.scope():
        yield Devices(kind, replicas, what, f"{why}; {replicas} replicas share each batch")


def outside_strategies(function, *arguments):
    """`function(*arguments)` as it is without a strategy, though the caller is in the scope of one.

    TensorFlow keeps the scope for each thread, and has no way out of it.
    """
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *arguments).result()


def _chosen(tf, devices):
    if devices:
        return ("mirrored" if len(devices) > 1 else "one"), "of the devices that were named"
    if os.environ.get("TPU_NAME") or tf.config.list_logical_devices("TPU"):
        return "tpu", "there is a TPU"
    gpus = len(tf.config.list_logical_devices("GPU"))
    if gpus > 1:
        return "mirrored", f"there are {gpus} GPUs"
    return "one", "there is one GPU" if gpus else "there is neither a TPU nor a GPU"


def _mirrored(tf):
    gpus = [device.name for device in tf.config.list_logical_devices("GPU")]
    return gpus or [device.name for device in tf.config.list_logical_devices("CPU")]


def _tpu(tf, devices):
    """TPUStrategy on what the resolver finds.

    Raises:
        ValueError: there is none, with what to do instead.
    """
    name = devices if isinstance(devices, str) else (devices or [""])[0]
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=name)
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        raise ValueError(
            "TensorFlow finds no TPU here. Its TPU package ends with version 2.20, and Colab's TPU "
            "runtimes come without TensorFlow: there take JAX, which is kept up for TPUs: set "
            'KERAS_BACKEND=jax before Keras is imported, and keras_bert_zoo.distribute("tpu").'
        ) from error
    return tf.distribute.TPUStrategy(resolver), f"TPU {name}".strip()
