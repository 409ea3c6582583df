"""To say of tokens what the teacher says: the heart of DistilBERT."""

import keras

from ...errors import unknown_name
from ..objective import mean_over
from .divergence import divergence
from .from_teacher import FromTeacher

PLACES = ("all", "masked")


@keras.saving.register_keras_serializable("keras_bert_zoo")
class SoftTargets(FromTeacher):
    """The teacher's probabilities of all tokens of the vocabulary are the student's targets.

    `T^2 KL(teacher || student)`, the mean over tokens: `L_ce` of https://arxiv.org/abs/1910.01108,
    section 2, with the temperature of https://arxiv.org/abs/1503.02531. The student's head is that
    of `MaskedTokens`, where both are learnt.

    Args:
        teacher: a `MaskedLM`; it is frozen.
        temperature: divides the logits of both.
        places: `"all"` tokens but padding, as in the code of DistilBERT; or those that are
            `"masked"`, which costs a sixth, and where `MaskedTokens` is learnt too.
        weight: as in `Objective`.

    Raises:
        ValueError: a teacher without a head for tokens, a temperature that is not above 0, or
            unknown places.

    Example:

    >>> teacher = MaskedLM.from_preset("bert_base_en_uncased")
    >>> objectives = ["masked_tokens", SoftTargets(teacher, temperature=2.0)]
    >>> Pretrainer(student_of(teacher.encoder), teacher.preprocessor.tokenizer, objectives)
    """

    name = "soft_targets"
    head, styles = "head", ("MaskedLM",)

    def __init__(self, teacher, temperature=2.0, places="all", weight=1.0):
        super().__init__(teacher, weight)
        if not temperature > 0:
            raise ValueError(f"temperature must be more than 0. Given: {temperature}.")
        if places not in PLACES:
            raise unknown_name("places", places, PLACES)
        self.teacher.token_head  # noqa: B018 (raises, if there is none)
        self.temperature, self.places = float(temperature), places
        self.follows = "masked_tokens" if places == "masked" else None

    def corrupt(self, batch, rng):
        return batch, {} if self.places == "all" else {"weight": batch["mask_weight"]}

    def asks(self, encoder):
        return [("tokens", self.places)], [("tokens", self.places)]

    def connect(self, encoder, encoded, inputs):
        if self.places == "masked":
            self._positions = inputs["mask_positions"]
        return super().connect(encoder, encoded, inputs)

    def find(self, key, encoded):
        masked = self.places == "masked"
        return encoded.token_logits(self._positions if masked else encoded.all_places)

    def loss(self, outputs, targets):
        each = divergence(outputs["teacher"][0], outputs["student"][0], self.temperature)
        return mean_over(each, targets["weight"] if "weight" in targets else outputs["mask"] > 0)

    def head_flops(self, config, batch_size, length):
        if self.places == "masked":  # those of `MaskedTokens`, which Keras computes once more
            return 0
        width = getattr(config, "embedding_dim", config.hidden_dim)
        return 2 * batch_size * length * width * (config.hidden_dim + config.vocabulary_size)

    def get_config(self):
        return {**super().get_config(), "temperature": self.temperature, "places": self.places}
