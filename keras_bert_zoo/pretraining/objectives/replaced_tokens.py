"""Finding tokens that a generator has put into a text: ELECTRA."""

import dataclasses

import keras
from keras import ops

from ...errors import unknown_name
from ...families import family_called
from ...layers import ReplacedTokenHead
from ...training.flops import encoder_flops
from ..encoded import SEQUENCES
from ..generator import as_task, build_generator, fill_from, generator_config
from ..objective import Objective, cross_entropy, mean_over
from ..sampled_tokens import SampledTokens
from .masked_tokens import MaskedTokens

SHARING = ("tied", "none", "gradient_disentangled")


@keras.saving.register_keras_serializable("keras_bert_zoo")
class ReplacedTokens(Objective):
    """A small generator fills masks, and the encoder learns to say which tokens are not the text's.

    https://arxiv.org/abs/2003.10555. The generator learns as a masked language model; what it
    draws is put into the text, and for each token, also those that were never hidden, the encoder
    says whether it is another one than was written there. A drawn token that is the right one
    counts as written. The numbers are the paper's and those of its code; of the hidden tokens 85%
    become the mask token and the rest stays as it is, there.

    Args:
        rate, mask_share, random_share, units: of what the generator has to guess; see
            `MaskedTokens`.
        generator: fields of the generator's config that are to be other than `generator_config`
            says, such as `{"num_layers": 6}`; or a preset of a `MaskedLM`, which it starts from.
        generator_size: width of the generator, as a share of the encoder's.
        generator_weight, discriminator_weight: by what the two losses are multiplied.
        temperature: of the draw; 0 takes the likeliest token.
        sharing: `"tied"`: the generator reads the encoder's tables. `"none"`: it has its own.
            `"gradient_disentangled"`: the encoder's table of tokens is the generator's, without
            gradients, and a difference that it learns
            (https://arxiv.org/abs/2111.09543, section 3.2).
        weight: as in `Objective`.

    Raises:
        ValueError: a number out of its range, or an unknown kind of sharing.

    Example:

    >>> pretrainer = Pretrainer(encoder, tokenizer, [ReplacedTokens()], length=128)
    >>> pretrainer.task()            # a ReplacedTokenDetector
    >>> pretrainer.generator_task()  # a MaskedLM
    """

    name, packs = "replaced_tokens", True
    inputs = ("mask_positions", "mask_used")
    head, styles = "head", ("ReplacedTokenDetector",)

    def __init__(
        self,
        rate=0.15,
        mask_share=0.85,
        random_share=0.0,
        units="tokens",
        generator=None,
        generator_size=0.25,
        generator_weight=1.0,
        discriminator_weight=50.0,
        temperature=1.0,
        sharing="tied",
        weight=1.0,
    ):
        super().__init__(weight)
        if sharing not in SHARING:
            raise unknown_name("sharing", sharing, SHARING)
        numbers = {
            "generator_size": generator_size,
            "generator_weight": generator_weight,
            "discriminator_weight": discriminator_weight,
            "temperature": temperature,
        }
        for key, value in numbers.items():
            if not (value > 0 or (key == "temperature" and value == 0)):
                raise ValueError(f"ReplacedTokens: {key} must be more than 0. Given: {value!r}.")
        self.masking = MaskedTokens(rate, mask_share, random_share, units)
        self.generator, self.sharing = generator, sharing
        vars(self).update(numbers)
        self._model = None

    def bind(self, tokenizer):
        self.masking.bind(tokenizer)
        return super().bind(tokenizer)

    def corrupt(self, batch, rng):
        hidden, targets = self.masking.corrupt(batch, rng)
        real = batch["padding_mask"].astype("float32")
        targets = {**targets, "token_ids": batch["token_ids"], "real": real}
        return {**hidden, "mask_used": (targets["weight"] > 0).astype("int32")}, targets

    def prepare(self, encoder, inputs):
        """Builds the generator, whose draws take the place of the masks."""
        config, start = self._generator_config(encoder)
        model = build_generator(encoder, config, self.sharing, SEQUENCES in inputs)
        if start is not None:
            fill_from(model, start)
        self._model = model
        known = {key: inputs[key] for key in model.input}
        self._logits = model(known)
        places = (inputs[name] for name in self.inputs)
        draw = SampledTokens(self.temperature, name="sampled_tokens")
        self._drawn = draw(inputs["token_ids"], *places, self._logits)
        return {**inputs, "token_ids": self._drawn}

    def _generator_config(self, encoder):
        """`(config, the task that it starts from or None)`."""
        if self.generator is None or isinstance(self.generator, dict):
            return generator_config(encoder, self.generator_size, self.generator), None
        from ...tasks import MaskedLM

        start = MaskedLM.from_preset(self.generator)
        config = start.encoder.config
        self.generator = {"family": config.family, **dataclasses.asdict(config)}
        return config, start

    def connect(self, encoder, encoded, inputs):
        family, config = family_called(encoder.config.family), encoder.config
        if self.style_of(family):
            found = family.head(self.style_of(family)).build(encoder, encoded.sequence)
        else:
            spread = {"initializer_range": config.initializer_range}
            found = ReplacedTokenHead(config.activation, name="head", **spread)(encoded.sequence)
        return {"generator": self._logits, "token_ids": self._drawn, "replaced": found}

    def loss(self, outputs, targets):
        found = self.masking.loss(outputs["generator"], targets)
        other = cross_entropy(outputs["replaced"], self._is_replaced(outputs, targets))
        told = mean_over(other, targets["real"])
        return self.generator_weight * found + self.discriminator_weight * told

    def _is_replaced(self, outputs, targets):
        written = ops.cast(targets["token_ids"], "int32")
        return ops.cast(ops.not_equal(outputs["token_ids"], written), "int32")

    def accuracy(self, outputs, targets):
        """Of the encoder: how many tokens it says the right thing of."""
        found = ops.cast(ops.argmax(outputs["replaced"], axis=-1), "int32")
        return ops.equal(found, self._is_replaced(outputs, targets)), targets["real"]

    def generator_task(self, preprocessor=None):
        """The generator as a `MaskedLM` of its own."""
        return as_task(self._model, preprocessor)

    def head_flops(self, config, batch_size, length):
        own = self._model.encoder
        head = self.masking.head_flops(own.config, batch_size, length)
        told = 2 * batch_size * length * config.hidden_dim * (config.hidden_dim + 1)
        return encoder_flops(own, batch_size, length) + head + told

    def get_config(self):
        keys = ("generator", "generator_size", "generator_weight", "discriminator_weight")
        config = {key: getattr(self, key) for key in (*keys, "temperature", "sharing")}
        return {**self.masking.get_config(), **super().get_config(), **config}

    @classmethod
    def from_config(cls, config):
        rate = keras.saving.deserialize_keras_object(config["rate"])
        return super().from_config({**config, "rate": rate})
