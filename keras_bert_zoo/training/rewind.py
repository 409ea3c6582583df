"""Finding the batch that made weights NaN or infinite, and the model as it was before it."""

import contextlib
import copy
import dataclasses
import math

import keras

from .run import NotFinite, Progress
from .run_state import GROUPS, not_finite, read_state, write_generators, write_state


class NonFiniteError(FloatingPointError):
    """Training met NaN or an infinity; the model is as it was before that."""


class Search(keras.callbacks.Callback):
    """Looks at all numbers after each batch, and keeps those before it.

    Args:
        run: `Run` that stands at its last checkpoint.
        until: number of the batch in the run at which to give up.
    """

    def __init__(self, run, until):
        super().__init__()
        self.run, self.until, self.first_batch = run, until, run.progress.batch
        self.before = self.what = None

    def on_epoch_begin(self, epoch, logs=None):
        self.run.begin_epoch(epoch)

    def on_train_batch_begin(self, batch, logs=None):
        self.run.begin_batch()
        self.before = copy.deepcopy(self.run.progress), read_state(self.model)

    def on_train_batch_end(self, batch, logs=None):
        self.run.end_batch(batch + self.first_batch)
        loss = (logs or {}).get("loss", 0.0)
        wrong = not_finite(self.model, read_state(self.model))
        if not math.isfinite(loss):
            self.what = f"the loss is {loss}"
        elif wrong is not None:
            self.what = f"{wrong} is not finite after it"
        if self.what or self.run.progress.position >= self.until:
            raise NotFinite(self.what)


def rewind(fit, run, found, options):
    """Makes the model what it was before the batch that spoilt it, and says which one that is.

    Args:
        fit: as for `fit_resumable`.
        run: `Run` in which something was not finite.
        found: the `NotFinite` that was raised.
        options: of `fit`.

    Raises:
        NonFiniteError: always.
    """
    failed = run.progress
    last = run.folder.read_last()
    if last is None:
        raise NonFiniteError(f"Before the first batch {found.what}.") from None
    info, run.state = last
    run.progress = Progress(**info["progress"])
    saved, search = copy.deepcopy(run.progress), Search(run, failed.position)
    in_epoch = saved.epoch == failed.epoch or (
        failed.batch == 0 and saved.epoch == failed.epoch - 1
    )
    if in_epoch and failed.position > saved.position:
        _run_again(fit, run, search, failed.position - saved.position, options)
    if search.what is None:
        _set(run, *run.folder.read_last()[::-1])
        raise NonFiniteError(
            f"{found.what} after batch {failed.position - 1} of the run. Run again from batch "
            f"{saved.position}, no batch did that, so which one it was is not known. The model is "
            f"as it was before batch {saved.position}."
        ) from None
    progress, state = search.before
    _set(run, state, {"progress": dataclasses.asdict(progress)})
    if progress.position > saved.position:
        run.write(state)
    raise NonFiniteError(_message(run, search.what)) from None


def _run_again(fit, run, search, steps, options):
    """The batches from the last checkpoint on, without the caller's callbacks."""
    run.begin_part()
    left_out = ("validation_data", "validation_split", "verbose")
    with contextlib.suppress(NotFinite):
        fit(
            run.data,
            epochs=run.progress.epoch + 1,
            initial_epoch=run.progress.epoch,
            steps_per_epoch=steps,
            callbacks=keras.callbacks.CallbackList([search], model=run.model),
            verbose=0,
            **{name: value for name, value in options.items() if name not in left_out},
        )


def _set(run, state, info):
    run.progress, run.state = Progress(**info["progress"]), None
    write_state(run.model, state, tuple(GROUPS))
    write_generators(run.model, state)


def _message(run, what):
    progress = run.progress
    rows = run.data.batch_name(progress.position)
    return (
        f"Batch {progress.batch} of epoch {progress.epoch} (batch {progress.position} of the run"
        f"{rows and ', '}{rows}) spoils the training: {what}. The model is as it was before that "
        f"batch, and so is the last checkpoint in {run.folder.path}. Going on there ends at the "
        "same batch: look at its rows, or lower the learning rate, and train this model with "
        "another folder."
    )
