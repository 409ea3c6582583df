"""Which of many known answers a question has: questions about an image."""

import keras

from .class_head import class_head
from .text_classifier import TextClassifier


@keras.saving.register_keras_serializable("keras_bert_zoo")
class AnswerClassifier(TextClassifier):
    """A `TextClassifier` that reads the answer off the question's last token (VisualBERT).

    VisualBERT was trained on questions that end in `"? [MASK]"`: write the mask where the answer
    goes. The labels are the answers. Where several are right, `problem="multi_label"` takes a
    share of each, as the scores of VQA.

    Args:
        *arguments, **options: of `TextClassifier`.

    Example:

    >>> task = AnswerClassifier.from_preset("hf://owner/visualbert-vqa")
    >>> task.classify((["who eats the apple? [MASK]"], [regions]))
    [{'label': 'girl', 'score': 0.8}]
    """

    architecture = "ForVisualQuestionAnswering"
    example = 'task.classify((["who eats the apple? [MASK]"], [regions]))'

    def __init__(self, *arguments, name="answer_classifier", **options):
        super().__init__(*arguments, name=name, **options)

    @classmethod
    def head_from_hugging_face(cls, checkpoint):
        """Options of the head that a Hugging Face folder holds, or None if it holds none."""
        return class_head(checkpoint, cls.head_style, cls.architecture)
