"""What the classifiers of texts share: their head, its labels, and the answers from its logits."""

import keras

from ..families import family_called
from ..preprocessing import Labels
from .class_answers import answers, probabilities
from .task import encoder_inputs


class ClassHead:
    """Goes before `Task` among the bases of a classifier with one head.

    Arguments are those of `TextClassifier`.
    """

    architecture = "ForSequenceClassification"
    head_style = "TextClassifier"
    example = 'task.classify("A text.")'

    def __init__(
        self,
        encoder,
        preprocessor=None,
        *,
        labels=None,
        num_classes=None,
        problem="single",
        dropout=None,
        recipe=None,
        seed=None,
        name="text_classifier",
    ):
        class_labels = Labels(labels, num_classes, problem)
        inputs = encoder_inputs(encoder)
        outputs = self.build_outputs(encoder, inputs, class_labels.num_classes, dropout)
        super().__init__(
            encoder, inputs, outputs, preprocessor=preprocessor, recipe=recipe, seed=seed, name=name
        )
        self._labels, self._dropout = class_labels, dropout

    def build_outputs(self, encoder, inputs, num_classes, dropout):
        """The model's outputs for its inputs, both symbolic."""
        style = family_called(encoder.config.family).head(self.head_style)
        return style.build(encoder, encoder(inputs), inputs["padding_mask"], num_classes, dropout)

    @property
    def labels(self):
        """Names of the classes in the order of the logits, or None while they have none."""
        return self._labels.names

    @property
    def num_classes(self):
        """Number of logits."""
        return self._labels.num_classes

    @property
    def problem(self):
        """`"single"`, `"multi_label"` or `"regression"`."""
        return self._labels.problem

    def encode_labels(self, y):
        return self._labels.encode(y)

    def class_index(self, label):
        return int(self._labels.encode([label])[0])

    def learn_labels(self, y):
        self._labels.learn(y)

    def default_loss(self):
        return default_loss(self.problem)

    def default_metrics(self):
        return default_metrics(self.problem)

    def classify(self, texts, top_k=1, batch_size=None):
        """Labels and their probabilities.

        Args:
            texts: a text, or anything that `predict` takes.
            top_k: how many labels for each text, best first; None for all.
            batch_size: texts in a batch.

        Returns:
            For each text (for the text, if one was given) `{"label": ..., "score": ...}`, or a
            list of these if `top_k` is not 1. A multi-label score is the probability that this
            label holds. For regression `{"value": ...}`.

        Raises:
            ValueError: `top_k` is not between 1 and the number of classes.
        """
        logits = self.predict(texts, batch_size=batch_size, verbose=0)
        found = answers(self._labels, logits, top_k)
        return found[0] if isinstance(texts, str) else found

    def probabilities(self, logits):
        """Probabilities `(n, num_classes)` from what `predict` returns."""
        return probabilities(self._labels, logits)

    def get_config(self):
        return {
            **super().get_config(),
            "labels": self.labels,
            "num_classes": self.num_classes,
            "problem": self.problem,
            "dropout": self._dropout,
        }

    @classmethod
    def head_from_hugging_face(cls, checkpoint):
        """Options of the head that a Hugging Face folder holds, or None if it holds none."""
        return class_head(checkpoint, cls.head_style, ClassHead.architecture)


def class_head(checkpoint, head_style, architecture):
    """Options of a classifier's head that a Hugging Face folder holds, or None if it holds none.

    Args:
        checkpoint: `HuggingFaceFolder`.
        head_style: its name in `Family.heads`.
        architecture: end of the name of transformers' class.
    """
    style = checkpoint.family.head(head_style)
    if not checkpoint.is_for(architecture) or not checkpoint.holds(style):
        return None
    count = checkpoint.num_logits(style)
    problem = checkpoint.problem(count)
    return {"labels": checkpoint.labels(count), "num_classes": count, "problem": problem}


def default_loss(problem):
    """The loss of a classifier's logits; see `Labels` for the problems."""
    if problem == "single":
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    if problem == "multi_label":
        return keras.losses.BinaryCrossentropy(from_logits=True)
    return keras.losses.MeanSquaredError()


def default_metrics(problem):
    """What is shown of a classifier in training; see `Labels` for the problems."""
    if problem == "single":
        return [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]
    if problem == "multi_label":
        return [keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy")]
    return [keras.metrics.MeanAbsoluteError(name="mae")]
