"""Keras' `fit`, begun in the middle of an epoch."""

import keras

from ..distribution.replicas import together
from ..preprocessing.array_batches import ArrayBatches
from ..preprocessing.streams import ForTensorFlow
from .resumable import ResumableTraining
from .resumable_data import ResumableData
from .rewind import rewind
from .run import NotFinite, Run


def resumable_among(callbacks):
    """The `ResumableTraining` among callbacks, or None."""
    if callbacks is None or isinstance(callbacks, keras.callbacks.CallbackList):
        return None
    found = [one for one in keras.tree.flatten(callbacks) if isinstance(one, ResumableTraining)]
    if len(found) > 1:
        raise ValueError(f"One ResumableTraining is enough. Given: {len(found)}.")
    return found[0] if found else None


def saved_seed(callbacks, seed):
    """The seed of the order that a run to be resumed has; `seed` if there is no such run.

    For models that draw a seed where none is given: a new process would draw another one.
    """
    keeper = resumable_among(callbacks)
    return seed if keeper is None else keeper.saved_seed(seed)


def fit_resumable(
    fit,
    model,
    data,
    *,
    callbacks=None,
    epochs=1,
    initial_epoch=0,
    steps_per_epoch=None,
    verbose="auto",
    seed=None,
    **rest,
):
    """`fit(data, ...)`, which goes on where the run of a `ResumableTraining` stands.

    Keras begins every `fit` at the start of an epoch. So what is left of one that was begun is a
    `fit` of its own, over the rest of the data, and the other epochs are another; callbacks see
    one training, with the numbers that the batches have in it.

    Args:
        fit: `keras.Model.fit` of `model`, or what calls it and takes its arguments.
        model: compiled `keras.Model`.
        data: PyDataset; see `resumable_data`.
        callbacks: as in `fit`; without a `ResumableTraining` among them this is `fit` as it is.
        epochs, initial_epoch, steps_per_epoch, verbose: as in `fit`.
        seed: of the order of the data, if the model has one.
        **rest: of `fit`.

    Returns:
        Keras' `History`, with the epochs of earlier processes.

    Raises:
        TypeError: data that cannot be begun in the middle.
        ValueError: the folder is of another run, or its checkpoints are damaged.
        NonFiniteError: weights became NaN or infinite; the model is as it was before that.
    """
    options = {"epochs": epochs, "initial_epoch": initial_epoch, "verbose": verbose}
    options["steps_per_epoch"] = steps_per_epoch
    keeper = resumable_among(callbacks)
    if keeper is None:
        return fit(data, callbacks=callbacks, **options, **rest)
    data = ResumableData(data)
    if data.endless and not steps_per_epoch:
        raise ValueError("This data has no end: give steps_per_epoch.")
    folder = keeper.folder.of_process(together()[0])
    with folder.alone():
        run = Run(folder, model, data, initial_epoch, steps_per_epoch, seed)
        keeper.run = run
        others = [one for one in keras.tree.flatten(callbacks) if one is not keeper]
        one_run = OneRun(others, keeper, model, epochs, run.steps_of_epoch(), verbose)
        try:
            _fit_parts(fit, keeper, one_run, epochs, {"verbose": verbose, **rest})
            run.begin_batch()  # where nothing was left to do, generators are still to be set
        except NotFinite as found:
            rewind(fit, run, found, {"verbose": verbose, **rest})
        finally:
            keeper.run = None
    one_run.end()
    return model.history


def _fit_parts(fit, keeper, callbacks, epochs, options):
    """Calls `fit` until all epochs are done, or a callback has ended the training."""
    run = keeper.run
    while True:
        progress = run.progress
        until, steps, first = epochs, run.steps_per_epoch, progress.batch
        if progress.stopped or progress.epoch >= epochs:
            until = progress.epoch
        elif not run.is_at_start_of_pass():
            until, steps = progress.epoch + 1, steps and steps - first
        keeper.in_parts = progress.epoch < until < epochs
        callbacks.first_batch = first
        run.begin_part()
        fit(
            run.data,
            epochs=until,
            initial_epoch=progress.epoch,
            steps_per_epoch=steps,
            callbacks=callbacks,
            **options,
        )
        if not keeper.in_parts or progress.stopped:
            return


def fit_ready(
    fit,
    model,
    x,
    y=None,
    *,
    batch_size=None,
    shuffle=True,
    sample_weight=None,
    validation_split=0.0,
    callbacks=None,
    seed=0,
    **options,
):
    """`fit_resumable` for what Keras takes as it is: arrays, a PyDataset or a stream.

    Args:
        fit, model: as for `fit_resumable`.
        seed: of the order of arrays.
        **options: these and the others are those of `keras.Model.fit`.

    Raises:
        ValueError: `validation_split` with a `ResumableTraining`.
    """
    if resumable_among(callbacks) is None:
        options.update(batch_size=batch_size, shuffle=shuffle, sample_weight=sample_weight)
        return fit(x, y, callbacks=callbacks, validation_split=validation_split, **options)
    if validation_split:
        raise ValueError("With ResumableTraining give validation_data, not validation_split.")
    leaves = keras.tree.flatten(x)
    if leaves and all(hasattr(one, "shape") for one in leaves):
        order = {"batch_size": batch_size or 32, "shuffle": shuffle, "seed": seed}
        x = ArrayBatches(x, y, sample_weight, **order)

    def on_backend(data, **options):
        # TensorFlow reads ahead on a thread of its own, across the end of a pass.
        if keras.config.backend() == "tensorflow":
            data = ForTensorFlow(data, closed=True).dataset()
        return fit(data, shuffle=False, **options)

    return fit_resumable(on_backend, model, x, callbacks=callbacks, seed=seed, **options)


class OneRun(keras.callbacks.CallbackList):
    """Callbacks to which several calls of `fit` are one training.

    Args:
        callbacks: those of the caller, which come first.
        keeper: `ResumableTraining`, which saves what the others have changed.
        model, epochs, steps, verbose: as Keras' trainer gives them.
    """

    def __init__(self, callbacks, keeper, model, epochs, steps, verbose):
        history = [one for one in callbacks if isinstance(one, keras.callbacks.History)]
        history = history or [keras.callbacks.History()]
        callbacks = [*(one for one in callbacks if one not in history), *history, keeper]
        params = {"epochs": epochs, "steps": steps, "verbose": verbose}
        super().__init__(callbacks, add_progbar=verbose not in (0, "0"), model=model, **params)
        self.first_batch, self._begun, self._logs = 0, False, None
        self._past, self._history_of_run = keeper.run.progress, history[0]
        self._keeper, self._callers = keeper, callbacks

    def on_train_begin(self, logs=None):
        if self._begun:
            return
        self._begun = True
        super().on_train_begin(logs)
        self._history_of_run.epoch = list(self._past.epochs)
        self._history_of_run.history = {k: list(v) for k, v in self._past.history.items()}
        self._keeper.run.begin(self._callers)

    def on_train_end(self, logs=None):
        self._logs = logs  # another part may follow

    def end(self):
        """The training is over."""
        super().on_train_end(self._logs)

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        self.first_batch = 0

    def on_train_batch_begin(self, batch, logs=None):
        super().on_train_batch_begin(batch + self.first_batch, logs)

    def on_train_batch_end(self, batch, logs=None):
        super().on_train_batch_end(batch + self.first_batch, logs)
