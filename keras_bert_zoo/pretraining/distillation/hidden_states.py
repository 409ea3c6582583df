"""To have the teacher's vectors, or what a learned projection makes of its own."""

import keras
from keras import ops

from ...layers.initializers import truncated_normal
from .divergence import over_tokens, total
from .from_teacher import LayersFromTeacher


@keras.saving.register_keras_serializable("keras_bert_zoo")
class HiddenStates(LayersFromTeacher):
    """Mean squared error of vectors, the mean over tokens and numbers, the sum over layers.

    `L_embd` and `L_hidn` of TinyBERT (https://arxiv.org/abs/1909.10351, equations 8 and 9), and
    without projection the feature map transfer of MobileBERT (https://arxiv.org/abs/2004.02984,
    section 3.4). Where the student's vectors are of another length than the teacher's, a dense
    layer that is learnt with it, and is no part of it, brings them to that.

    Args:
        teacher: a trained encoder or task.
        layers: `"uniform"`, `"last"`, or pairs of layers; see `layer_pairs`.
        embeddings: whether the embeddings are compared as well, for layers given by name.
        projection: `"shared"`, one for all layers, as in TinyBERT's code; `"each"`, one for each.
        weight: as in `Objective`.

    Raises:
        ValueError: an unknown projection.

    Example:

    >>> Pretrainer(student, tokenizer, [HiddenStates(teacher)])
    """

    name, reads, first = "hidden_states", ("hidden_states",), 0

    def __init__(self, teacher, layers="uniform", embeddings=True, projection="shared", weight=1.0):
        super().__init__(teacher, layers, weight)
        if projection not in ("shared", "each"):
            raise ValueError(f"projection must be 'shared' or 'each'. Given: {projection!r}.")
        self.embeddings, self.projection = bool(embeddings), projection

    def pairs(self, encoder):
        pairs = super().pairs(encoder)
        return [(0, 0), *pairs] if self.embeddings and isinstance(self.layers, str) else pairs

    def asks(self, encoder):
        ours, theirs = zip(*self.pairs(encoder))
        return [("states", i) for i in ours], [("states", i) for i in theirs]

    def connect(self, encoder, encoded, inputs):
        outputs = super().connect(encoder, encoded, inputs)
        width = self.teacher.encoder.config.hidden_dim
        if encoder.config.hidden_dim == width:
            return outputs
        count = len(outputs["student"])
        layers = [self._dense(width, number) for number in range(count)]
        if self.projection == "shared":
            layers = layers[:1] * count
        projected = [layer(x) for layer, x in zip(layers, outputs["student"])]
        return {**outputs, "student": projected}

    def _dense(self, width, number):
        options = {"kernel_initializer": truncated_normal(0.02), "dtype": "float32"}
        return keras.layers.Dense(width, name=f"{self.name}_projection_{number}", **options)

    def loss(self, outputs, targets):
        pairs = zip(outputs["student"], outputs["teacher"])
        return total([over_tokens(squared_error(*pair), outputs["mask"]) for pair in pairs])

    def get_config(self):
        own = {"embeddings": self.embeddings, "projection": self.projection}
        return {**super().get_config(), **own}


def squared_error(a, b):
    """The mean squared difference over the last axis, in float32."""
    return ops.mean(ops.square(ops.cast(a, "float32") - ops.cast(b, "float32")), axis=-1)
