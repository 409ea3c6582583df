"""Where the course of a run is written: a table, and TensorBoard's events."""

import importlib.util
from pathlib import Path

import keras

from .inner_optimizer import updates_of


def loggers(folder):
    """Callbacks that write `log.csv`, and events where the package `tensorboard` is installed.

    A run that goes on in the same folder goes on in the same table.

    Args:
        folder: where; made if need be.

    Returns:
        A list of Keras callbacks.

    Example:

    >>> task.fit(texts, labels, epochs=3, callbacks=loggers("run"))
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    found = [keras.callbacks.CSVLogger(folder / "log.csv", append=True)]
    return [*found, Events(folder)] if importlib.util.find_spec("tensorboard") else found


class Events(keras.callbacks.Callback):
    """Writes the logs of each epoch for TensorBoard; unlike Keras' own, without TensorFlow.

    Args:
        folder: where the file of events lies.
    """

    def __init__(self, folder):
        super().__init__()
        self.folder, self._writer = folder, None

    def on_train_begin(self, logs=None):
        from tensorboard.summary import Writer

        self._writer = Writer(str(self.folder))

    def on_epoch_end(self, epoch, logs=None):
        step = updates_of(self.model.optimizer)
        for name, value in (logs or {}).items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def on_train_end(self, logs=None):
        self._writer.close()
