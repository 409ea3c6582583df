"""One label for a text or a pair of texts; or several; or numbers."""

import keras

from .class_head import ClassHead
from .task import Task


@keras.saving.register_keras_serializable("keras_bert_zoo")
class TextClassifier(ClassHead, Task):
    """Classifies texts and pairs of texts. Its outputs are logits `(batch, num_classes)`.

    Args:
        encoder: `keras_bert_zoo.Encoder`.
        preprocessor: `keras_bert_zoo.Preprocessor`; None takes encoded inputs only.
        labels: names of the classes, in the order of the logits.
        num_classes: how many, where they have no names yet; string labels name them in `fit`.
        problem: `"single"`, one label a text; `"multi_label"`, any number of labels a text;
            `"regression"`, one number a text, or `num_classes` of them.
        dropout: rate before the logits; the encoder's if not given.
        recipe: `keras_bert_zoo.Recipe`.
        seed: of the order of the training data.

    Raises:
        ValueError: neither labels nor their number, or they disagree.

    Example:

    >>> task = TextClassifier.from_preset("bert_nano_en_uncased", labels=["bad", "good"])
    >>> task.fit(["Lovely!", "Never again."], ["good", "bad"], epochs=3)
    >>> task.classify("What a lovely place.")
    {'label': 'good', 'score': 0.93}
    """
