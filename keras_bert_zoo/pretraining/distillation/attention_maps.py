"""To look at tokens as the teacher does."""

import keras

from .divergence import divergence, over_tokens, total
from .from_teacher import LayersFromTeacher


@keras.saving.register_keras_serializable("keras_bert_zoo")
class AttentionMaps(LayersFromTeacher):
    """`KL(teacher's attention || student's)`, the mean over heads and tokens, the sum over layers.

    Of the last layer it is the attention transfer of MiniLM (https://arxiv.org/abs/2002.10957,
    equation 5), of all layers that of MobileBERT (https://arxiv.org/abs/2004.02984, section 3.4).

    Args:
        teacher: a trained encoder or task with as many heads as the student.
        layers: `"last"`, `"uniform"`, or pairs of layers; see `layer_pairs`.
        weight: as in `Objective`.

    Raises:
        ValueError: another number of heads, when a `Pretrainer` is made of it.

    Example:

    >>> Pretrainer(student, tokenizer, [AttentionMaps(teacher), Relations(teacher, ["value"])])
    """

    name, parts = "attention_maps", ("scores",)

    def __init__(self, teacher, layers="last", weight=1.0):
        super().__init__(teacher, layers, weight)

    def connect(self, encoder, encoded, inputs):
        self.check_heads(encoder, "learn by Relations with heads=..., which joins and cuts them")
        return super().connect(encoder, encoded, inputs)

    def loss(self, outputs, targets):
        # Of the scores, whose hidden keys are far below all others in both: a softmax that is taken
        # once and exactly.
        pairs = zip(outputs["teacher"], outputs["student"])
        return total([over_tokens(divergence(*pair), outputs["mask"]) for pair in pairs])
