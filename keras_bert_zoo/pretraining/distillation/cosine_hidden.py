"""To have vectors that point where the teacher's do."""

import keras
from keras import ops

from .divergence import over_tokens, total
from .from_teacher import LayersFromTeacher


@keras.saving.register_keras_serializable("keras_bert_zoo")
class CosineHidden(LayersFromTeacher):
    """`1 - cos(student's vector, teacher's vector)`, the mean over tokens, the sum over layers.

    `L_cos` of https://arxiv.org/abs/1910.01108, section 2, in whose code it is of the last layer.

    Args:
        teacher: a trained encoder or task, whose vectors are as long as the student's.
        layers: `"last"`, `"uniform"`, or pairs of layers; see `layer_pairs`.
        weight: as in `Objective`.

    Raises:
        ValueError: vectors of another length, when a `Pretrainer` is made of it.

    Example:

    >>> Pretrainer(student, tokenizer, ["masked_tokens", CosineHidden(teacher)])
    """

    name, reads, first = "cosine_hidden", ("hidden_states",), 0

    def __init__(self, teacher, layers="last", weight=1.0):
        super().__init__(teacher, layers, weight)

    def asks(self, encoder):
        ours, theirs = zip(*self.pairs(encoder))
        return [("states", i) for i in ours], [("states", i) for i in theirs]

    def connect(self, encoder, encoded, inputs):
        ours, theirs = (one.config.hidden_dim for one in (encoder, self.teacher.encoder))
        if ours != theirs:
            raise ValueError(
                f"CosineHidden compares vectors of one length. The student's hidden_dim is {ours}, "
                f"the teacher's {theirs}: make them equal, or learn by HiddenStates, which puts a "
                "projection between them."
            )
        return super().connect(encoder, encoded, inputs)

    def loss(self, outputs, targets):
        pairs = zip(outputs["student"], outputs["teacher"])
        return total([over_tokens(1.0 - cosine(*pair), outputs["mask"]) for pair in pairs])


def cosine(a, b):
    """The cosine of vectors on the last axis, in float32."""
    a, b = (ops.cast(x, "float32") for x in (a, b))
    lengths = ops.sum(a * a, axis=-1) * ops.sum(b * b, axis=-1)
    return ops.sum(a * b, axis=-1) * ops.rsqrt(ops.maximum(lengths, 1e-16))
