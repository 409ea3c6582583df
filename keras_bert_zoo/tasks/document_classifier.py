"""One label for a text of any length, read in windows."""

import keras
import numpy as np

from ..preprocessing.document_features import DocumentFeatures
from ..preprocessing.inputs import is_texts
from .class_head import ClassHead
from .feature_task import FeatureTask
from .trainer import TextTrainer


@keras.saving.register_keras_serializable("keras_bert_zoo")
class DocumentClassifier(ClassHead, FeatureTask):
    """A `TextClassifier` of texts of any length: it averages the logits of windows over the text.

    In training every window learns the label of its text, and the windows of a text weigh 1
    together. What `fit` shows is over windows; `evaluate`, `predict` and `classify` are over whole
    texts. A `TextClassifier` that was saved is read as one, and reads whole texts then.

    Args:
        encoder: `keras_bert_zoo.Encoder`.
        preprocessor: `keras_bert_zoo.Preprocessor`; its `max_sequence_length` is that of a window.
        overlap: tokens that a window has in common with the one before.
        labels, num_classes, problem, dropout, recipe, seed: as for `TextClassifier`.

    Raises:
        ValueError: the overlap leaves no room for anything new; or as `TextClassifier`.

    Example:

    >>> task = DocumentClassifier.from_preset("bert_nano_en_uncased", labels=["bad", "good"],
    ...                                       max_sequence_length=256)
    >>> task.fit(reviews, labels, epochs=3)
    >>> task.classify(reviews[0])
    {'label': 'good', 'score': 0.97}
    """

    head_style = ClassHead.head_style
    also_reads = ("TextClassifier",)

    def __init__(
        self, encoder, preprocessor=None, *, overlap=0, name="document_classifier", **options
    ):
        super().__init__(encoder, preprocessor, name=name, **options)
        self.overlap = overlap
        if preprocessor is not None and not 0 <= overlap < preprocessor.max_sequence_length - 2:
            raise ValueError(
                f"overlap must be from 0 to {preprocessor.max_sequence_length - 3}, less than a "
                f"window holds. Given: {overlap}."
            )

    @property
    def featurizer(self):
        return DocumentFeatures(self.preprocessor, self._labels, self.overlap)

    def default_loss(self):
        loss = super().default_loss()
        return type(loss).from_config({**loss.get_config(), "reduction": "mean_with_sample_weight"})

    def _learn(self, x, y):
        TextTrainer._learn(self, x, y)

    def _encoded(self, y):
        return TextTrainer._encoded(self, y)

    def assemble(self, rows, features, outputs):
        """Logits `(number of texts, num_classes)`: the mean over the windows of each text."""
        logits, counts = np.zeros((len(rows), self.num_classes), "float32"), np.zeros(len(rows))
        for feature, output in zip(features, outputs):
            logits[feature.row] += output
            counts[feature.row] += 1
        return logits / np.maximum(counts, 1).astype("float32")[:, None]

    def evaluate(
        self,
        x=None,
        y=None,
        batch_size=None,
        verbose="auto",
        sample_weight=None,
        return_dict=False,
        **kwargs,
    ):
        """Loss and metrics of whole texts. Arguments are those of `keras.Model.evaluate`.

        Raises:
            ValueError: batches rather than texts held in memory, or no labels.
        """
        if kwargs.get("_use_cached_eval_dataset") or self._is_ready(x):
            return super().evaluate(
                x, y, batch_size, verbose, sample_weight, return_dict=return_dict, **kwargs
            )
        if not is_texts(x):
            raise ValueError(
                f"Whole texts are judged, so they must be in memory. Given: {type(x).__name__}; "
                "give a list of texts and their labels."
            )
        rows, targets, weights = self._feeder().labelled(x, y, sample_weight)
        true = self.encode_labels(targets)
        logits = self.predict(rows, batch_size=batch_size, verbose=verbose)
        if not self.compiled:
            self.compile()
        self.reset_metrics()
        true, logits = (keras.ops.convert_to_tensor(array) for array in (true, logits))
        weights = None if weights is None else keras.ops.convert_to_tensor(weights)
        loss = self.loss_of_whole(true, logits, weights)
        figures = {"loss": loss, **self.compute_metrics(None, true, logits, weights)}
        figures["loss"] = loss  # not that of batches of windows
        figures = {name: _plain(value) for name, value in figures.items()}
        self.reset_metrics()
        if return_dict:
            return figures
        values = list(figures.values())
        return values if len(values) > 1 else values[0]

    def get_config(self):
        return {**super().get_config(), "overlap": self.overlap}


def _plain(value):
    value = keras.ops.convert_to_numpy(value)
    return value.item() if value.ndim == 0 else value
