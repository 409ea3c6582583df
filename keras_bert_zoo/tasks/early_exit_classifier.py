"""A classifier whose easy texts do not go through all of the encoder."""

import keras
import numpy as np

from ..checkpoints.fill import carry_over
from ..errors import unknown_name
from ..families import family_called
from ..preprocessing import LengthBatches
from ..preprocessing.buckets import row_buckets
from ..preprocessing.inputs import is_encoded
from ..preprocessing.streams import mapped, split_batch
from ..training.exit_losses import ExitAccuracy, ExitLoss, SelfDistillation
from .class_answers import answers
from .class_head import ClassHead
from .exit_steps import Steps, is_certain, leave_early
from .exits import Exits, build_heads
from .feeding import check_length
from .task import Task
from .text_classifier import TextClassifier
from .trainer import BATCH_SIZE

# What the exits learn from -> the loss.
LOSSES = {"labels": ExitLoss, "last_exit": SelfDistillation}
THRESHOLDS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0)


@keras.saving.register_keras_serializable("keras_bert_zoo")
class EarlyExitClassifier(ClassHead, Task):
    """A `TextClassifier` with an exit after each block, by which a text leaves when it is certain.

    FastBERT (https://arxiv.org/abs/2004.02178), on the encoder of any family. The last exit is the
    family's own classifier, so a saved `TextClassifier`, ours or a Hugging Face folder, is read as
    one of these: its new exits are then to be trained. `predict` and `classify` leave early and
    give what a `TextClassifier` gives; the model itself, as `task(inputs)`, gives the logits of all
    exits, `(batch, num_layers, num_classes)`, and `fit` and `evaluate` are on these. Of what they
    show, `accuracy` is that of the last exit and `exits_accuracy` the mean over all.

    Args:
        encoder: `keras_bert_zoo.Encoder`.
        preprocessor: `keras_bert_zoo.Preprocessor`.
        uncertainty: a text leaves by the first exit whose uncertainty is less than this, from 0
            (all texts go through all blocks) to 1 (all leave after the first); see `exits`.
        frozen: whether the encoder and the last exit stay as they are, and the others learn alone.
        learn_from: `"labels"`: all exits learn these (`ExitLoss`); `"last_exit"`: the others learn
            what the last one says (`SelfDistillation`).
        labels, num_classes, dropout, recipe, seed: as for `TextClassifier`.

    Raises:
        ValueError: an uncertainty out of its range, an unknown `learn_from`, a problem that is not
            `"single"`; or as `TextClassifier`.

    Example:

    >>> task = EarlyExitClassifier.from_preset("my_classifier", frozen=True,
    ...                                        learn_from="last_exit")
    >>> task.fit(texts, labels, epochs=3)
    >>> task.exits(other_texts, other_labels)   # to choose an uncertainty
    >>> task.classify("What a lovely place.", uncertainty=0.2)
    {'label': 'good', 'score': 0.97}
    """

    head_style = ClassHead.head_style
    also_reads = ("TextClassifier",)

    def __init__(
        self,
        encoder,
        preprocessor=None,
        *,
        uncertainty=0.1,
        frozen=False,
        learn_from="labels",
        problem="single",
        name="early_exit_classifier",
        **options,
    ):
        if problem != "single":
            raise ValueError(
                "Exits are chosen by how sure they are of one label a text, so problem must be "
                f"'single'. Given: {problem!r}; a TextClassifier takes it."
            )
        if learn_from not in LOSSES:
            raise unknown_name("learn_from", learn_from, LOSSES)
        check_uncertainty(uncertainty)
        super().__init__(encoder, preprocessor, problem=problem, name=name, **options)
        self.uncertainty, self.frozen, self.learn_from = uncertainty, frozen, learn_from
        self._exits, self._steps = self.get_layer("exits"), None
        if frozen:
            self._exits.freeze()

    def build_outputs(self, encoder, inputs, num_classes, dropout):
        style = family_called(encoder.config.family).head(self.head_style)
        return Exits(encoder, build_heads(encoder, style, num_classes, dropout))(inputs)

    def default_loss(self):
        return LOSSES[self.learn_from]()

    def default_metrics(self):
        return [ExitAccuracy("last"), ExitAccuracy("all")]

    # -------------------------------------------------------------- leaving early

    def predict(self, x, batch_size=None, verbose="auto", *, uncertainty=None):
        """Logits `(number of texts, num_classes)`, in the caller's order; see `run`."""
        return self.run(x, batch_size, verbose, uncertainty=uncertainty)[0]

    def classify(self, texts, top_k=1, batch_size=None, *, uncertainty=None):
        """Labels and their probabilities, as `TextClassifier.classify` has them.

        Args:
            texts: a text, or anything that `predict` takes.
            top_k: how many labels for each text, best first; None for all.
            batch_size: texts in a batch.
            uncertainty: see `run`.
        """
        logits = self.predict(texts, batch_size, 0, uncertainty=uncertainty)
        found = answers(self._labels, logits, top_k)
        return found[0] if isinstance(texts, str) else found

    def run(self, x, batch_size=None, verbose=0, *, uncertainty=None):
        """Answers, and by which exit each text left.

        The texts of a batch that have left are taken out of it; the others go on.

        Args:
            x: anything that `TextClassifier.predict` takes.
            batch_size: texts in a batch; 32 if not given.
            verbose: whether to show the progress; 0 for no.
            uncertainty: the task's own if not given.

        Returns:
            `(logits, blocks)`: `(n, num_classes)`, and how many blocks each text went through.
        """
        threshold = self.uncertainty if uncertainty is None else check_uncertainty(uncertainty)
        size = batch_size or BATCH_SIZE
        batches = self._batches(x, size)
        told = isinstance(batches, LengthBatches)
        count = getattr(batches, "num_batches", None)
        shown = verbose not in (0, "0") and count != 1
        progress = keras.utils.Progbar(count) if shown else None
        self._steps = self._steps or Steps(self._exits)
        # XLA compiles each number of rows anew.
        few = keras.config.backend() == "jax" or (told and self.preprocessor.fixed_batch_shape)
        sizes = row_buckets(size) if few else None
        done = [(np.zeros((0, self.num_classes), "float32"), np.zeros(0, int))]
        for number, (inputs, real) in enumerate(real_rows(batches), 1):
            done.append(leave_early(self._steps, inputs, real, threshold, sizes))
            if progress is not None:
                progress.update(number)
        logits, blocks = (np.concatenate(parts) for parts in zip(*done))
        self._tell(batches)
        if not told or not len(logits):
            return logits, blocks
        back = np.argsort(batches.row_order(), kind="stable")
        return logits[back], blocks[back]

    def _batches(self, x, size):
        """Batches of inputs without labels: a PyDataset, or something to be iterated."""
        if not self._is_ready(x):
            return self._feeder().for_inference().inputs(x, size)
        if not is_encoded(x):
            return mapped(x, lambda batch: split_batch(batch)[0], size)
        arrays = {key: np.asarray(value) for key, value in x.items()}
        starts = range(0, len(arrays["token_ids"]), size)
        return [{key: a[start : start + size] for key, a in arrays.items()} for start in starts]

    def exits(self, x, y=None, uncertainty=THRESHOLDS, batch_size=None):
        """What each uncertainty costs and gives on these texts, to choose one by.

        Args:
            x: texts.
            y: their labels, if they are known.
            uncertainty: one, or several.
            batch_size: texts in a batch.

        Raises:
            ValueError: no texts, or labels of another number.

        Returns:
            For each uncertainty a dictionary: `uncertainty`; `blocks`, how many a text goes through
            on the mean; `left`, how many texts leave after each block; `accuracy`, given labels.
            `pandas.DataFrame` makes a table of it.

        Example:

        >>> task.exits(texts, labels, 0.1)
        [{'uncertainty': 0.1, 'blocks': 2.5, 'left': [10, 52, 38], 'accuracy': 0.94}]
        """
        true = None if y is None else self.encode_labels(y)
        logits = super().predict(x, batch_size=batch_size, verbose=0)
        if not len(logits):
            raise ValueError("There are no texts: the data is empty.")
        if true is not None:
            check_length("labels", len(true), logits)
        return [
            account(logits, check_uncertainty(one), true)
            for one in np.atleast_1d(uncertainty).tolist()
        ]

    # -------------------------------------------------------------- the parts

    def classifier(self):
        """The `TextClassifier` that the last exit is, to be saved or exported on its own.

        Its encoder is the one of this model; its head is a copy.
        """
        one = TextClassifier(
            self.encoder,
            self.preprocessor,
            labels=self.labels,
            num_classes=self.num_classes,
            dropout=self._dropout,
            recipe=self.recipe,
            seed=self.seed,
        )
        carry_over(self, one)
        return one

    def _forget_functions(self):
        super()._forget_functions()
        self._steps = None

    def get_config(self):
        return {
            **super().get_config(),
            "uncertainty": self.uncertainty,
            "frozen": self.frozen,
            "learn_from": self.learn_from,
        }


def check_uncertainty(value):
    """`value`, if it is from 0 to 1.

    Raises:
        ValueError: it is not.
    """
    if not 0 <= value <= 1:
        raise ValueError(
            "uncertainty is from 0 (no text leaves early) to 1 (all leave after the first block). "
            f"Given: {value!r}."
        )
    return value


def account(logits, threshold, true=None):
    """How many texts leave after each block, and how often their answers are right.

    Args:
        logits: of all exits, `(n, num_layers, num_classes)`.
        threshold: see `is_certain`.
        true: numbers of their classes, or None.
    """
    count = logits.shape[1]
    certain = is_certain(logits, threshold)
    certain[:, -1] = True
    chosen = certain.argmax(axis=1)
    left = np.bincount(chosen, minlength=count)
    row = {"uncertainty": threshold, "blocks": float((chosen + 1).mean()), "left": left.tolist()}
    if true is not None:
        found = logits[np.arange(len(logits)), chosen].argmax(axis=-1)
        row["accuracy"] = float((found == true).mean())
    return row


def real_rows(batches):
    """For each batch its inputs, and how many of its rows are no filling."""
    if isinstance(batches, LengthBatches):
        for index in range(batches.num_batches):
            yield batches[index], len(batches.batch_items(index)[0])
        return
    if isinstance(batches, keras.utils.PyDataset):
        batches = map(batches.__getitem__, range(batches.num_batches))
    for inputs in batches:
        yield inputs, len(inputs["token_ids"])
