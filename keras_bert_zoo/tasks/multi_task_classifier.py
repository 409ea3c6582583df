"""Several classifiers over one encoder, trained together."""

import keras
import numpy as np

from ..errors import unknown_name
from ..families import family_called
from ..preprocessing import Labels
from ..preprocessing.inputs import is_table, split_labels
from ..preprocessing.mixed_batches import SAMPLINGS, MixedBatches
from ..training.metrics import RealRows
from .class_answers import answers
from .class_head import default_loss, default_metrics
from .feeding import Feeder, split_off
from .task import Task, encoder_inputs
from .text_classifier import TextClassifier

OPTIONS = ("labels", "num_classes", "problem")


class MultiTaskFeeder(Feeder):
    """Makes mixed batches of a dictionary of data.

    Args:
        preprocessor: `Preprocessor`.
        labels: name of the task -> `Labels`.
        sampling: see `MixedBatches`.
    """

    def __init__(self, preprocessor, labels, sampling):
        self.preprocessor, self.labels, self.sampling = preprocessor, labels, sampling
        self.feeders = {
            name: Feeder(preprocessor, one.encode, None) for name, one in labels.items()
        }

    def labelled(self, x, y=None, sample_weight=None, class_weight=None):
        refuse_others(y, sample_weight, class_weight)
        parts = parts_of(x, self.feeders)
        return {name: self.feeders[name].labelled(*parts[name]) for name in parts}

    def batches(self, x, y=None, sample_weight=None, *, class_weight=None, **options):
        return self._mixed(self.labelled(x, y, sample_weight, class_weight), **options)

    def split(self, x, y, sample_weight, class_weight, share, first_options, last_options):
        first, last = {}, {}
        for name, arrays in self.labelled(x, y, sample_weight, class_weight).items():
            first[name], last[name] = zip(*split_off(share, *arrays))
        return self._mixed(first, **first_options), self._mixed(last, **last_options)

    def _mixed(self, data, **options):
        order = {key: options[key] for key in ("shuffle", "seed") if key in options}
        options.setdefault("fill_rows", self.fills_rows)
        parts = {
            name: self.feeders[name].row_batches(*arrays, **options)
            for name, arrays in data.items()
        }
        return MixedBatches(parts, self.labels, self.sampling, **order)

    def batch(self, x, y=None, sample_weight=None, class_weight=None):
        raise ValueError("Batches of several tasks come from fit; there is no train_on_batch.")


@keras.saving.register_keras_serializable("keras_bert_zoo")
class MultiTaskClassifier(Task):
    """Heads for several tasks over one encoder (MT-DNN, https://arxiv.org/abs/1901.11504).

    Its outputs are a dictionary of logits, one `(batch, num_classes)` for each task. Every update
    is on a batch of one task; which one's turn it is comes from `sampling`. In what `fit` shows,
    `loss` is the mean over the rows of all tasks, and `NAME_loss` the share that the task has in
    it (on TensorFlow about so: Keras counts a last, smaller batch in full there); metrics are over
    the task's own rows.

    Args:
        encoder: `keras_bert_zoo.Encoder`.
        preprocessor: `keras_bert_zoo.Preprocessor`.
        tasks: name -> its labels, or a dictionary of `labels`, `num_classes` and `problem`, as
            for `TextClassifier`.
        sampling: `"proportional"` to the batches of a task, to their `"square_root"`, or
            `"uniform"`.
        dropout: rate before the logits; the encoder's if not given.
        recipe: `keras_bert_zoo.Recipe`.
        seed: of the order of the training data.

    Raises:
        ValueError: no tasks, a name that cannot be one, unknown options or sampling, or no labels.

    Example:

    >>> task = MultiTaskClassifier.from_preset("bert_nano_en_uncased", tasks={
    ...     "mood": ["bad", "good"], "stars": {"problem": "regression"}})
    >>> task.fit({"mood": (texts, moods), "stars": (others, stars)}, epochs=3)
    >>> task.classify("Lovely.")
    {'mood': {'label': 'good', 'score': 0.9}, 'stars': {'value': 4.2}}
    """

    head_options = ("tasks",)
    head_style = "TextClassifier"
    masks_places = True  # the rows of one task are not there for the others
    example = 'task.classify("A text.")'

    def __init__(
        self,
        encoder,
        preprocessor=None,
        *,
        tasks,
        sampling="proportional",
        dropout=None,
        recipe=None,
        seed=None,
        name="multi_task_classifier",
    ):
        labels = {key: labels_of(key, one) for key, one in check_tasks(tasks).items()}
        if sampling not in SAMPLINGS:
            raise unknown_name("sampling", sampling, SAMPLINGS)
        style = family_called(encoder.config.family).head(self.head_style)
        inputs = encoder_inputs(encoder)
        sequence, mask = encoder(inputs), inputs["padding_mask"]
        outputs = {
            key: style.build(encoder, sequence, mask, one.num_classes, dropout, name=f"head_{key}")
            for key, one in labels.items()
        }
        super().__init__(
            encoder, inputs, outputs, preprocessor=preprocessor, recipe=recipe, seed=seed, name=name
        )
        self._labels, self._dropout, self.sampling = labels, dropout, sampling

    @property
    def tasks(self):
        """Name -> `{"labels", "num_classes", "problem"}`."""
        return {
            key: {"labels": one.names, "num_classes": one.num_classes, "problem": one.problem}
            for key, one in self._labels.items()
        }

    def default_loss(self):
        return {key: default_loss(one.problem) for key, one in self._labels.items()}

    def default_metrics(self):
        return {key: default_metrics(one.problem) for key, one in self._labels.items()}

    def _metrics_called(self, metrics):
        if isinstance(metrics, str) and metrics == "auto":
            return self.default_metrics()
        if metrics is not None and not isinstance(metrics, dict):
            raise ValueError(f"Give metrics for each task: {self._as_example('[...]')}.")
        return metrics

    def _on_real_rows(self, metrics, weighted_metrics):
        """Of each task, over the rows of its own batches."""
        together = dict(weighted_metrics or {})
        for key, own in metrics.items():
            own = own if isinstance(own, (list, tuple)) else [own]
            together[key] = [*together.get(key, []), *map(RealRows, own)]
        return together

    def fit(self, x=None, y=None, **options):
        """Trains all tasks together. Arguments are those of `TextClassifier.fit`.

        Args:
            x: name of a task -> `(texts, labels)`, `(texts, labels, sample_weight)`, or a table
                with a label column. A task that is left out is not trained.
            y: belongs into `x`.
            **options: `epochs`, `batch_size`, `validation_data` (of the form of `x`),
                `validation_split`, `callbacks` ...

        Returns:
            Keras' `History`.
        """
        return super().fit(x, y, **options)

    def evaluate(self, x=None, y=None, batch_size=None, verbose="auto", **kwargs):
        """Loss and metrics of each task, as `TextClassifier.evaluate` has them.

        Args:
            x: of the form of `fit`'s.

        Returns:
            Name of the task -> `{"loss": ..., ...}`.
        """
        if kwargs.get("_use_cached_eval_dataset") or self._is_ready(x):
            return super().evaluate(x, y, batch_size, verbose, **kwargs)
        refuse_others(y)
        results = {}
        for name, part in parts_of(x, self._labels).items():
            texts, labels, weights = (*part, None, None)[:3]
            options = {"sample_weight": weights, "verbose": verbose, "return_dict": True}
            results[name] = self.classifier(name).evaluate(texts, labels, batch_size, **options)
        return results

    def classify(self, texts, task=None, top_k=1, batch_size=None):
        """Labels and their probabilities, of all tasks or of one.

        Args:
            texts: a text, or anything that `predict` takes.
            task: name of a task; all if not given.
            top_k: how many labels of each task; None for all of its own.
            batch_size: texts in a batch.

        Returns:
            For each text (for the text, if one was given) what `TextClassifier.classify` returns;
            name -> that, if no task is named.

        Raises:
            ValueError: an unknown task, or `top_k` of more than it has.
        """
        names = [self._check_name(task)] if task is not None else list(self._labels)
        logits = self.predict(texts, batch_size=batch_size, verbose=0)
        found = {name: answers(self._labels[name], logits[name], top_k) for name in names}
        rows = [dict(zip(names, row)) for row in zip(*found.values())]
        rows = rows if task is None else [row[task] for row in rows]
        return rows[0] if isinstance(texts, str) else rows

    def classifier(self, name):
        """The `TextClassifier` of one task, to be saved or exported on its own.

        Its encoder is the one of this model; its head is a copy.

        Raises:
            ValueError: an unknown task.
        """
        labels = self._labels[self._check_name(name)]
        one = TextClassifier(
            self.encoder,
            self.preprocessor,
            labels=labels.names,
            num_classes=labels.num_classes,
            problem=labels.problem,
            dropout=self._dropout,
            recipe=self.recipe,
            seed=self.seed,
        )
        ours = keras.Model(self.inputs, self.output[name])
        shared = {id(weight) for weight in self.encoder.weights}
        head = [weight for weight in ours.weights if id(weight) not in shared]
        for copy, weight in zip([w for w in one.weights if id(w) not in shared], head, strict=True):
            # By value: JAX frees the arrays that a training or evaluation step took.
            copy.assign(np.array(keras.ops.convert_to_numpy(weight)))
        return one

    def _check_name(self, name):
        if name not in self._labels:
            raise unknown_name("task", name, self._labels)
        return name

    def _as_example(self, value):
        return "{" + ", ".join(f'"{name}": {value}' for name in self._labels) + "}"

    def _feeder(self):
        return MultiTaskFeeder(self.preprocessor, self._labels, self.sampling)

    def _learn(self, x, y):
        for name, (part, *labels) in parts_of(x, self._labels).items():
            y = labels[0] if labels else None
            if is_table(part) and (y is None or isinstance(y, str)):
                y = split_labels(part, y)
            if y is not None:
                self._labels[name].learn(y)

    def _encoded(self, y):
        return y

    def get_config(self):
        return {
            **super().get_config(),
            "tasks": self.tasks,
            "sampling": self.sampling,
            "dropout": self._dropout,
        }


def check_tasks(tasks):
    """`tasks`, if it is a dictionary of what can name a layer.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(tasks, dict) or not tasks:
        raise ValueError(
            'tasks is {"name": ["label", "label"], ...} or {"name": {"problem": "regression"}}, '
            f"with at least one. Given: {tasks!r:.80}."
        )
    for name in tasks:
        if not isinstance(name, str) or not name or "/" in name:
            raise ValueError(f"A task's name is a str without '/'. Given: {name!r}.")
    return tasks


def labels_of(name, options):
    """`Labels` of a list of names, or of a dictionary of options."""
    if not isinstance(options, dict):
        options = {"labels": options}
    for key in options:
        if key not in OPTIONS:
            raise unknown_name(f"option of the task {name!r}", key, OPTIONS)
    return Labels(
        options.get("labels"), options.get("num_classes"), options.get("problem") or "single"
    )


def parts_of(x, known):
    """Name -> `(texts,)`, `(texts, labels)` or `(texts, labels, weights)`.

    Raises:
        ValueError: not a dictionary of data for known tasks.
    """
    if not isinstance(x, dict) or not x:
        raise ValueError(
            'Give data for each task: {"name": (texts, labels), ...}. The tasks are '
            f"{', '.join(known)}. Given: {type(x).__name__}."
        )
    for name in x:
        if name not in known:
            raise unknown_name("task", name, known)
    parts = {name: part if isinstance(part, tuple) else (part,) for name, part in x.items()}
    for name, part in parts.items():
        if len(part) > 3:
            raise ValueError(
                f"The data of {name!r} is (texts, labels) or (texts, labels, sample_weight). "
                f"Given: a tuple of {len(part)}."
            )
    return parts


def refuse_others(y=None, sample_weight=None, class_weight=None):
    """Labels and weights of several tasks stand beside their texts."""
    given = {"y": y, "sample_weight": sample_weight, "class_weight": class_weight}
    for key, value in given.items():
        if value is not None:
            raise ValueError(
                f"Leave {key} out: labels and weights stand beside their texts, "
                '{"name": (texts, labels, sample_weight), ...}.'
            )
