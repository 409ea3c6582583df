"""Guessing tokens that are hidden: BERT's masked language model."""

import math

import keras
import numpy as np
from keras import ops

from ...errors import unknown_name
from ..masking import hidden_places, replaced
from ..objective import Objective, cross_entropy, mean_over
from ..units import UNITS


@keras.saving.register_keras_serializable("keras_bert_zoo")
class MaskedTokens(Objective):
    """Hides tokens, anew in every pass, and learns to say which they were.

    https://arxiv.org/abs/1810.04805, section 3.1: of all tokens but the special ones `rate` are to
    be guessed, of which `mask_share` become the mask token, `random_share` any token, and the rest
    stays as it is. Only at these places logits are computed.

    Args:
        rate: share of the tokens that are to be guessed; a number, or a schedule over the updates
            such as `keras_bert_zoo.pretraining.LinearRate`.
        mask_share: of these, how many are replaced by the mask token.
        random_share: of these, how many are replaced by any token.
        units: what is hidden together: `"tokens"`, `"words"`, `"ngrams"` (ALBERT), `"spans"`
            (SpanBERT), or `"given"`, the spans that examples bring (ERNIE); see
            `keras_bert_zoo.pretraining.units`.
        weight: as in `Objective`.

    Raises:
        ValueError: a share out of its range, unknown units, or a tokenizer without mask token.

    Example:

    >>> objective = MaskedTokens(units="words").bind(tokenizer)
    >>> batch, targets = objective.corrupt(rows_of(examples, tokenizer, 128), rng)
    >>> targets["labels"].shape   # one of 20 places for each row, with `weight` 0 where unused
    (32, 20)
    """

    name = "masked_tokens"
    packs = True
    inputs = ("mask_positions",)
    head, styles = "head", ("MaskedLM",)

    def __init__(self, rate=0.15, mask_share=0.8, random_share=0.1, units="tokens", weight=1.0):
        super().__init__(weight)
        if units not in UNITS:
            raise unknown_name("units", units, UNITS)
        for key, value, right in (
            ("rate", rate, hasattr(rate, "at") or 0 < rate < 1),
            ("mask_share", mask_share, 0 <= mask_share <= 1),
            ("random_share", random_share, 0 <= random_share <= 1 - mask_share + 1e-9),
        ):
            if not right:
                raise ValueError(
                    f"MaskedTokens: {key}={value!r} is out of range. rate is between 0 and 1; "
                    "mask_share and random_share are 0 or more, and 1 or less together."
                )
        self.rate, self.mask_share, self.random_share = rate, mask_share, random_share
        self.units = units

    def bind(self, tokenizer):
        if tokenizer.is_loaded and tokenizer.mask_id is None:
            raise ValueError("The tokenizer has no mask token, which hidden tokens become.")
        return super().bind(tokenizer)

    def corrupt(self, batch, rng):
        ids = batch["token_ids"]
        places, weight, units = self.choose(batch, rng)
        labels, draw = np.take_along_axis(ids, places, axis=1), None
        if UNITS[self.units].alike:
            draw = np.take_along_axis(rng.random(ids.shape), units, axis=1)
        shares = self.mask_share, self.random_share
        hidden = replaced(labels, shares, self.tokenizer, rng, draw)
        changed, rows = ids.copy(), np.nonzero(weight)[0]
        used = weight > 0
        changed[rows, places[used]] = hidden[used]
        labels = np.where(used, labels, 0).astype("int32")
        told = {"mask_positions": places, "mask_labels": labels, "mask_weight": weight}
        return {**batch, "token_ids": changed, **told}, {"labels": labels, "weight": weight}

    def choose(self, batch, rng):
        """What `hidden_places` gives: which tokens are to be guessed, `(rows, most of a row)`."""
        rate, most = self.rate, self.places(batch["token_ids"].shape[1])
        rate = rate.at(batch["step"]) if hasattr(rate, "at") else rate
        return hidden_places(self.units, batch, rate, most, rng)

    def places(self, length):
        """How many tokens of a row may be hidden."""
        return max(1, math.ceil(getattr(self.rate, "most", self.rate) * length))

    def connect(self, encoder, encoded, inputs):
        return encoded.token_logits(inputs["mask_positions"])

    def loss(self, outputs, targets):
        return mean_over(cross_entropy(outputs, targets["labels"]), targets["weight"])

    def accuracy(self, outputs, targets):
        found = ops.argmax(outputs, axis=-1)
        return ops.equal(ops.cast(found, "int32"), targets["labels"]), targets["weight"]

    def head_flops(self, config, batch_size, length):
        width = getattr(config, "embedding_dim", config.hidden_dim)
        size = config.hidden_dim * width + width * config.vocabulary_size
        return 2 * batch_size * self.places(length) * size

    def get_config(self):
        keys = ("mask_share", "random_share", "units")
        rate = keras.saving.serialize_keras_object(self.rate)
        config = {"rate": rate, **{key: getattr(self, key) for key in keys}}
        return {**super().get_config(), **config}

    @classmethod
    def from_config(cls, config):
        rate = keras.saving.deserialize_keras_object(config["rate"])
        return super().from_config({**config, "rate": rate})
