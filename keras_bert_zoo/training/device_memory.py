"""How much memory a device has left."""

import os
from pathlib import Path

import keras

GROUP = Path("/sys/fs/cgroup")  # where a container's limits are


def free_memory():
    """Bytes that are free on the device that is trained on: a GPU or TPU, else the machine.

    Raises:
        RuntimeError: the backend does not say; give the number yourself.
    """
    found = {"jax": _of_jax, "torch": _of_torch, "tensorflow": _of_tensorflow}
    return found[keras.config.backend()]() or _of_machine()


def _of_jax():
    import jax

    told = jax.local_devices()[0].memory_stats()
    return told and told["bytes_limit"] - told["bytes_in_use"]


def _of_torch():
    import torch

    return torch.cuda.mem_get_info()[0] if torch.cuda.is_available() else None


def _of_tensorflow():
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        raise RuntimeError(
            "TensorFlow does not say how much memory a GPU has: give memory=, in bytes."
        )


def _of_machine():
    """What the system, or the container that this runs in, has left."""
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    meminfo = Path("/proc/meminfo")
    if meminfo.is_file():  # with what the system gives back where it is asked to
        lines = dict(line.split(":") for line in meminfo.read_text().splitlines())
        free = int(lines["MemAvailable"].split()[0]) * 1024
    limit, used = GROUP / "memory.max", GROUP / "memory.current"
    if limit.is_file() and used.is_file() and limit.read_text().strip().isdigit():
        free = min(free, int(limit.read_text()) - int(used.read_text()))
    return free
