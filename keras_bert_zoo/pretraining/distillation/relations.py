"""To relate tokens as the teacher does: by their queries, by their keys, by their values."""

import keras
from keras import ops

from ...errors import unknown_name
from ...layers.attention import HIDDEN
from .divergence import divergence, over_tokens, total
from .from_teacher import LayersFromTeacher

KINDS = ("query", "key", "value")


@keras.saving.register_keras_serializable("keras_bert_zoo")
class Relations(LayersFromTeacher):
    """`KL` of relations, the mean over heads and tokens, the sum over kinds and layers.

    The relation of values is `softmax(V V^T / sqrt(dim))`: section 3.2 of MiniLM
    (https://arxiv.org/abs/2002.10957, equations 6 and 7); those of queries and keys are like it.
    In its second version (https://arxiv.org/abs/2012.15828, section 3.1) the heads are joined and
    cut anew into as many as one likes, so that the student may have other heads than its teacher.

    Args:
        teacher: a trained encoder or task.
        kinds: which of `"query"`, `"key"` and `"value"`.
        heads: into how many the joined heads are cut, of both; their own if not given, which must
            be as many.
        layers: `"last"`, or pairs of layers: for a teacher of 24 one above the middle is better,
            `[(6, 21)]` (https://arxiv.org/abs/2012.15828, section 4.2); see `layer_pairs`.
        weight: as in `Objective`.

    Raises:
        ValueError: an unknown kind; or, when a `Pretrainer` is made of it, heads that do not fit.

    Example:

    >>> Pretrainer(student, tokenizer, [Relations(teacher, heads=48)])
    """

    name = "relations"

    def __init__(self, teacher, kinds=KINDS, heads=None, layers="last", weight=1.0):
        super().__init__(teacher, layers, weight)
        kinds = (kinds,) if isinstance(kinds, str) else tuple(kinds)
        for kind in kinds or ("",):
            if kind not in KINDS:
                raise unknown_name("kind of relation", kind, KINDS)
        self.parts = tuple(dict.fromkeys(kinds))
        self.heads = heads

    def connect(self, encoder, encoded, inputs):
        if self.heads is None:
            self.check_heads(encoder, "give heads=..., into how many both are cut")
        for one, whose in ((encoder, "student"), (self.teacher.encoder, "teacher")):
            if self.heads and one.config.hidden_dim % self.heads:
                raise ValueError(
                    f"heads={self.heads}: the {whose}'s hidden_dim={one.config.hidden_dim} does "
                    "not divide into so many. Give a number that divides both widths."
                )
        return super().connect(encoder, encoded, inputs)

    def loss(self, outputs, targets):
        mask = outputs["mask"]
        pairs = zip(outputs["teacher"], outputs["student"])
        return total(
            [
                over_tokens(divergence(*(relation(x, mask, self.heads) for x in pair)), mask)
                for pair in pairs
            ]
        )

    def get_config(self):
        return {**super().get_config(), "kinds": list(self.parts), "heads": self.heads}


def relation(x, mask, heads=None):
    """How alike the tokens are, in each head: the logits of the relation, float32.

    Args:
        x: queries, keys or values, `(batch, length, num_heads, head_dim)`.
        mask: `(batch, length)`, above 0 for a token, and equal for tokens of one text.
        heads: into how many the vectors are cut; `num_heads` if not given.

    Returns:
        `(batch, heads, length, length)`, HIDDEN where the second token is padding or of
        another text than the first.
    """
    x, length = ops.cast(x, "float32"), ops.shape(x)[1]
    if heads is not None and heads != x.shape[2]:
        x = ops.reshape(x, (-1, length, heads, x.shape[2] * x.shape[3] // heads))
    scores = ops.einsum("bqnh,bknh->bnqk", x, x) * x.shape[-1] ** -0.5
    keys = ops.expand_dims(mask, 1)
    visible = ops.logical_and(ops.equal(ops.expand_dims(mask, 2), keys), keys > 0)
    return ops.where(ops.expand_dims(visible, 1), scores, HIDDEN)
