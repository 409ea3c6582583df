"""The callback with which a training goes on after a kill as if nothing had happened."""

import math
import random
import time

import keras

from ..distribution.replicas import shared
from .checkpoint_folder import CheckpointFolder
from .run import NotFinite


class ResumableTraining(keras.callbacks.Callback):
    """Saves all of a training while it runs; `fit` with the same folder goes on where it was.

    Give the same model, data and arguments again: `fit` continues in the middle of an epoch, and
    the losses to come are those of a run that was never interrupted, to the last bit. That needs
    weights, optimizer, metrics, the order of the data and the place in it, dropout's random
    numbers and the history, so all of these are saved. Checkpoints are written whole or not at
    all; a damaged one is noticed and the one before it is used; weights that are not finite are
    never saved. When all epochs are done, `fit` has nothing left to do and returns the history.

    It works in `fit` of every task. A plain `keras.Model` is trained by this object's `fit`.

    Args:
        folder: where the checkpoints of this one run are.
        every_steps: batches from one checkpoint to the next.
        every_minutes: minutes from one to the next. There is always one at the end of an epoch.
        keep: how many checkpoints stay.

    Raises:
        ValueError: a number out of its range; in `fit`, a folder with the checkpoints of another
            model, training or data, or with damaged ones only.
        TypeError: in `fit`, data that cannot be begun in the middle.
        NonFiniteError: in `fit`, a batch made weights NaN or infinite.

    Example:

    >>> saved = ResumableTraining("run", every_minutes=5)
    >>> task.fit(texts, labels, epochs=3, callbacks=[saved])  # after a kill the same line goes on
    """

    def __init__(self, folder, every_steps=None, every_minutes=10, keep=2):
        super().__init__()
        for name, value, least in (
            ("every_steps", every_steps, 1),
            ("every_minutes", every_minutes, 0),
            ("keep", keep, 1),
        ):
            if value is not None and not value >= least:
                raise ValueError(f"ResumableTraining: {name} is {least} or more. Given: {value!r}.")
        self.every_steps, self.every_minutes = every_steps, every_minutes
        self.folder = CheckpointFolder(folder, keep)
        self.run, self.in_parts = None, False

    def fit(self, model, x=None, y=None, *, seed=None, **options):
        """`model.fit` of a plain `keras.Model`, resumed.

        Args:
            model: compiled model.
            x: PyDataset or stream (see `keras_bert_zoo.training.resumable_data`), or arrays.
            y: labels, for arrays.
            seed: of the order of arrays; drawn if not given.
            **options: of `keras.Model.fit`.

        Returns:
            Keras' `History`, with the epochs before an interruption.

        Example:

        >>> ResumableTraining("run").fit(model, stream, epochs=3, steps_per_epoch=100)
        """
        from .resumable_fit import fit_ready

        seed = self.saved_seed(random.randrange(2**31) if seed is None else seed)
        options["callbacks"] = [*keras.tree.flatten(options.pop("callbacks", None) or []), self]
        return fit_ready(model.fit, model, x, y, seed=seed, **options)

    def saved_seed(self, seed):
        """The seed of the order that the saved run has; `seed` if nothing is saved."""
        info = self.folder.last_info() or {}
        return seed if info.get("seed") is None else info["seed"]

    # -------------------------------------------------------------- what Keras calls

    def on_train_begin(self, logs=None):
        if self.run is None:
            raise RuntimeError(
                "Keras' own fit cannot begin in the middle of an epoch. Train a plain keras.Model "
                "with ResumableTraining(folder).fit(model, data, ...)."
            )
        self._saved_at, self._saved_position = time.monotonic(), self.run.progress.position

    def on_epoch_begin(self, epoch, logs=None):
        self.run.begin_epoch(epoch)

    def on_train_batch_begin(self, batch, logs=None):
        self.run.begin_batch()

    def on_train_batch_end(self, batch, logs=None):
        self.run.end_batch(batch)
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            raise NotFinite(f"the loss is {loss}")
        if self._is_due() and not self.run.is_at_end_of_epoch():
            self._save()

    def on_epoch_end(self, epoch, logs=None):
        self.run.end_epoch(epoch, logs)
        state = self._save()
        if self.in_parts:
            self.run.state = state

    def _is_due(self):
        steps = self.run.progress.position - self._saved_position
        if self.every_steps is not None and steps >= self.every_steps:
            return True
        if self.every_minutes is None:
            return False
        minutes = (time.monotonic() - self._saved_at) / 60
        return shared(minutes >= self.every_minutes)  # all processes, or none

    def _save(self):
        state = self.run.read()
        self.run.write(state)
        self._saved_at, self._saved_position = time.monotonic(), self.run.progress.position
        return state
