"""One training from its beginning to its end, over any number of processes."""

import dataclasses
import warnings

import keras

from .callback_state import CALLBACKS, read_callbacks, write_callbacks
from .checkpoint_folder import ResumeWarning
from .run_description import OtherRun, check_same, describe
from .run_state import not_finite, read_state, write_generators, write_seeds, write_state


@dataclasses.dataclass
class Progress:
    """How far a run has come.

    Args:
        epoch: number of the one that is being trained, or that comes next.
        batch: batches of that epoch that are done.
        position: batches that were taken from the data, over all passes.
        stopped: whether a callback ended the run.
        epochs: numbers of the epochs that are done.
        history: name -> its value in each of them.
    """

    epoch: int = 0
    batch: int = 0
    position: int = 0
    stopped: bool = False
    epochs: list = dataclasses.field(default_factory=list)
    history: dict = dataclasses.field(default_factory=dict)


class NotFinite(Exception):
    """Ends Keras' `fit` at once: the last batch, or one shortly before it, spoilt the weights."""

    def __init__(self, what):
        super().__init__(what)
        self.what = what


class Run:
    """The state of a run: read from its folder, set in the model, read from it, written.

    Args:
        folder: `CheckpointFolder`.
        model: compiled `keras.Model`.
        data: `ResumableData`.
        initial_epoch: the first, if nothing is saved yet.
        steps_per_epoch: as in `fit`.
        seed: of the order of the data, kept for the next process.

    Raises:
        OtherRun: the folder has checkpoints of another model, training or data.
        DamagedFile: it has damaged ones only.
    """

    def __init__(self, folder, model, data, initial_epoch=0, steps_per_epoch=None, seed=None):
        self.folder, self.model, self.data = folder, model, data
        self.steps_per_epoch, self.seed = steps_per_epoch, seed
        self.callbacks, self._remembered = [], ([], {})
        folder.remove_unfinished()
        last = folder.read_last()
        self.is_new = last is None
        if self.is_new:
            self.progress = Progress(initial_epoch, position=data.first_position())
        else:
            self.progress = Progress(**last[0]["progress"])
        if not self.is_new or keras.config.backend() == "tensorflow":
            self._build()
        self.state = None
        if not self.is_new:
            self.description = describe(model, data, steps_per_epoch)
            check_same(folder.path, last[0]["description"], self.description)
            self._check_last_batch(last[0]["digest"])
            self.state = last[1]
            arrays = {name: a for name, a in last[1].items() if name.startswith(CALLBACKS)}
            self._remembered = (last[0]["callbacks"], arrays)

    def _build(self):
        """Makes all variables: TensorFlow makes those of metrics in the first step otherwise."""
        self.data.start_at(max(self.progress.position - 1, 0))
        self.model._symbolic_build(data_batch=self.data[0])

    def _check_last_batch(self, told):
        """Asks the data for the batch that was learnt from last: it must be the same."""
        number = self.progress.position - 1
        if told is not None and not self.data.is_same(number, told):
            raise OtherRun(
                f"The data does not give the batches that the run of {self.folder.path} saw: batch "
                f"{number} is another one. Give data whose batches depend on nothing but their "
                "number, as texts in memory or a PyDataset without a shuffle of its own; or give "
                "another folder, to begin anew."
            )

    # -------------------------------------------------------------- setting what was saved

    def begin(self, callbacks):
        """After the callbacks were told that training begins: gives them their memory back."""
        self.callbacks = callbacks
        write_callbacks(callbacks, *self._remembered)

    def begin_part(self):
        """Makes model and data what they were where the run stands, before Keras' `fit`."""
        if self.state is not None:
            write_state(self.model, self.state, ("weights", "optimizer"))
        self.data.start_at(self.progress.position)

    def begin_epoch(self, epoch):
        """After Keras has set the metrics to zero."""
        self.progress.epoch = epoch
        if self.is_new:
            self._save_beginning()
        if self.state is None:
            return
        if self.progress.batch:
            write_state(self.model, self.state, ("metrics",))
        # Keras now begins to iterate over the batches, for which torch draws a number. Without an
        # interruption it would here only if it begins anew in every epoch, or for the first time.
        elif self.steps_per_epoch is None or not self.progress.epochs:
            self._set_generators()

    def _save_beginning(self):
        """As Keras has built everything: the first step is the one that it would be without us."""
        self.is_new = False
        self.description = describe(self.model, self.data, self.steps_per_epoch)
        self.write(self.read())

    def begin_batch(self):
        """Before a step: what was drawn since `begin_epoch` does not count."""
        if self.state is not None:
            self._set_generators()

    def _set_generators(self):
        write_seeds(self.model, self.state)
        write_generators(self.model, self.state)
        self.state = None

    # -------------------------------------------------------------- going on

    def end_batch(self, batch):
        """Counts up to batch number `batch` of the epoch."""
        steps = self.steps_of_epoch()
        done = min(batch + 1, steps) if steps else batch + 1  # several steps may be one to Keras
        self.progress.position += done - self.progress.batch
        self.progress.batch = done

    def end_epoch(self, epoch, logs):
        """Adds the figures of an epoch to the history."""
        progress = self.progress
        progress.epoch, progress.batch = epoch + 1, 0
        progress.stopped = bool(self.model.stop_training)
        progress.epochs.append(epoch)
        for name, value in (logs or {}).items():
            progress.history.setdefault(name, []).append(float(value))

    def steps_of_epoch(self):
        return self.steps_per_epoch or self.data.pass_length

    def is_at_end_of_epoch(self):
        """Whether no batch of this epoch is left."""
        length = self.data.pass_length
        passed = length and self.progress.position % length == 0
        return passed or self.progress.batch == self.steps_of_epoch()

    def is_at_start_of_pass(self):
        length = self.data.pass_length
        return not self.progress.batch and (not length or self.progress.position % length == 0)

    # -------------------------------------------------------------- saving

    def read(self):
        """The state as it is now.

        Raises:
            NotFinite: weights or optimizer hold what is no finite number.
        """
        state = read_state(self.model)
        wrong = not_finite(self.model, state)
        if wrong is not None:
            raise NotFinite(f"{wrong} is not finite")
        return state

    def write(self, state):
        """Adds a checkpoint; if it cannot be written, those before it stay, and that is told.

        Raises:
            OSError: it would have been the first.
        """
        position = self.progress.position
        numbers, arrays = read_callbacks(self.callbacks)
        info = {
            "progress": dataclasses.asdict(self.progress),
            "description": self.description,
            "digest": self.data.digest_of(position - 1),
            "seed": self.seed,
            "callbacks": numbers,
        }
        try:
            self.folder.write(position, info, {**state, **arrays})
        except OSError as error:
            if not self.folder.files():
                raise
            warnings.warn(
                f"The checkpoint after batch {position} could not be written: {error}. Those "
                f"before it in {self.folder.path} are whole; training goes on.",
                ResumeWarning,
                stacklevel=2,
            )
