"""Chooses the backend before Keras is imported, and keeps its start quiet."""

import contextlib
import importlib.util
import logging
import os
import sys
import tempfile
from pathlib import Path

BACKENDS = ("tensorflow", "jax", "torch")


def choose_backend(name=None):
    """Sets KERAS_BACKEND; Keras reads it once, when it is imported.

    Args:
        name: `"tensorflow"`, `"jax"` or `"torch"`. If not given, the variable as it is, or Keras'
            own settings, or the first that is installed.

    Raises:
        ImportError: it is not installed.
        ValueError: Keras is running on another one already.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "keras" in sys.modules:
        running = sys.modules["keras"].config.backend()
        if name not in (None, running):
            raise ValueError(f"--backend {name}: Keras is running on {running} already.")
        return
    installed = [backend for backend in BACKENDS if is_installed(backend)]
    wanted = name or os.environ.get("KERAS_BACKEND") or None
    if wanted is None and not _settings().exists() and installed:
        wanted = installed[0]
    if wanted is not None:
        if not is_installed(wanted):
            others = f", or use --backend {' or '.join(installed)}" if installed else ""
            raise ImportError(
                f"The backend {wanted!r} is not installed: pip install 'keras-bert-zoo[{wanted}]'"
                f"{others}."
            )
        os.environ["KERAS_BACKEND"] = wanted


def is_installed(package):
    return importlib.util.find_spec(package) is not None


def _settings():
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "keras.json"


def start_keras(seed=None, debug=False):
    """Imports Keras, without the backend's greetings.

    Args:
        seed: of all random numbers, if given.
        debug: whether to let the greetings through.
    """
    logging.getLogger("absl").setLevel(logging.ERROR)
    with contextlib.nullcontext() if debug else _no_stderr():
        import keras

        if seed is not None:
            keras.utils.set_random_seed(seed)  # imports TensorFlow, if there is one
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


@contextlib.contextmanager
def _no_stderr():
    """Drops what is written to the file descriptor: C++ code does not know of sys.stderr."""
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # closed
        yield
        return
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
