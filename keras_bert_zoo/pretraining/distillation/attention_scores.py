"""To be drawn to tokens as much as the teacher is, before the softmax."""

import keras
from keras import ops

from ...layers.attention import HIDDEN
from ..objective import mean_over
from .divergence import total
from .from_teacher import LayersFromTeacher


@keras.saving.register_keras_serializable("keras_bert_zoo")
class AttentionScores(LayersFromTeacher):
    """Mean squared error of the scores, head by head; the sum over layers.

    `L_attn` of TinyBERT (https://arxiv.org/abs/1909.10351, equation 7): of the scores before the
    softmax, with which it learns faster. The mean is over heads and over pairs of tokens that may
    see each other; where there is no padding that is the paper's.

    Args:
        teacher: a trained encoder or task with as many heads as the student.
        layers: `"uniform"`, `"last"`, or pairs of layers; see `layer_pairs`.
        weight: as in `Objective`.

    Raises:
        ValueError: another number of heads, when a `Pretrainer` is made of it.

    Example:

    >>> Pretrainer(student, tokenizer, [HiddenStates(teacher), AttentionScores(teacher)])
    """

    name, parts = "attention_scores", ("scores",)

    def __init__(self, teacher, layers="uniform", weight=1.0):
        super().__init__(teacher, layers, weight)

    def connect(self, encoder, encoded, inputs):
        self.check_heads(encoder, "learn by Relations with heads=..., which joins and cuts them")
        return super().connect(encoder, encoded, inputs)

    def loss(self, outputs, targets):
        mask = outputs["mask"] > 0
        both = ops.logical_and(ops.expand_dims(mask, 2), ops.expand_dims(mask, 1))
        pairs = zip(outputs["student"], outputs["teacher"])
        return total([self._error(*pair, ops.expand_dims(both, 1)) for pair in pairs])

    def _error(self, student, teacher, both):
        # Where a window hides keys from both there is nothing to compare.
        student, teacher = (ops.cast(x, "float32") for x in (student, teacher))
        hidden = ops.logical_or(student <= HIDDEN, teacher <= HIDDEN)
        seen = ops.logical_and(both, ops.logical_not(hidden))
        return mean_over(ops.square(student - teacher), seen)
