"""Guessing tokens in a random order: XLNet's permutation language model."""

import keras
import numpy as np
from keras import ops

from ...families import family_called
from ...layers import XLNetEmbeddings
from ..objective import Objective, cross_entropy, mean_over
from ..rows import NO_WORD
from ..streams import SecondStream


@keras.saving.register_keras_serializable("keras_bert_zoo")
class PermutedTokens(Objective):
    """Learns to say one token after another in a random order, each from those before it.

    https://arxiv.org/abs/1906.08237, sections 2.2 to 2.5, without memory. Of every `context` tokens
    or so one is guessed, in spans of up to `max_span`; all others are seen from the start. Who sees
    whom is as in transformers' `DataCollatorForPermutationLanguageModeling`, which however puts the
    mask token into the text: here, as in the paper, those that come later see what was there.

    Args:
        context: K of section 2.3: how many tokens there are for one that is guessed.
        max_span: most tokens of a span.
        weight: as in `Objective`.

    Raises:
        ValueError: a number out of its range; or, from `Pretrainer`, an encoder that is no XLNet.

    Example:

    >>> pretrainer = Pretrainer(xlnet, tokenizer, [PermutedTokens()], length=128)
    """

    name = "permuted_tokens"
    inputs = ("mask_positions", "order", "hidden")
    head, styles = "head", ("PermutedLM",)

    def __init__(self, context=6, max_span=5, weight=1.0):
        super().__init__(weight)
        if context <= 1 or max_span < 1:
            raise ValueError(
                "PermutedTokens: context is more than 1 and max_span 1 or more. Given: "
                f"{context!r} and {max_span!r}."
            )
        self.context, self.max_span = context, max_span

    def corrupt(self, batch, rng):
        ids, shape = batch["token_ids"], batch["token_ids"].shape
        hidden = np.zeros(shape, bool)
        for row, real in zip(hidden, batch["padding_mask"] > 0):
            self._hide(row, np.flatnonzero(real), rng)
        ordinary = batch["words"] != NO_WORD
        hidden &= ordinary
        order = rng.random(shape).argsort(axis=1)
        order = np.where(~hidden & ordinary, -1, order)
        places = np.zeros((shape[0], self.places(shape[1])), "int32")
        weight = np.zeros(places.shape, "float32")
        rows, where = np.nonzero(hidden)
        number = np.arange(len(rows)) - np.searchsorted(rows, rows)
        places[rows, number], weight[rows, number] = where, 1
        labels = np.where(weight > 0, np.take_along_axis(ids, places, axis=1), 0)
        told = {"order": order.astype("int32"), "hidden": hidden.astype("int32")}
        targets = {"labels": labels.astype("int32"), "weight": weight}
        return {**batch, **told, "mask_positions": places}, targets

    def _hide(self, row, real, rng):
        """Marks spans of a row, each within a stretch of `context` times its length."""
        first = real[0] if len(real) else len(row)
        end = real[-1] + 1 if len(real) else 0
        while first < end:
            span = int(rng.integers(1, self.max_span + 1))
            around = int(span * self.context)
            start = first + int(rng.integers(around - span + 1))
            row[start : start + span] = True
            first += around

    def places(self, length):
        """How many tokens of a row may be hidden: of its last stretch, perhaps all."""
        return min(length, int(length / self.context) + self.max_span)

    def connect(self, encoder, encoded, inputs):
        if not isinstance(encoder.embeddings, XLNetEmbeddings):
            raise ValueError(
                f"permuted_tokens needs an XLNet, which has two streams; this encoder is "
                f"{encoder.config.family}."
            )
        encoder.embeddings.guessed.trainable = True
        given = {key: inputs[key] for key in (*encoder.input, "order", "hidden")}
        stream = SecondStream(encoder, name="second_stream")(given)
        style = family_called(encoder.config.family).head("PermutedLM")
        return style.build(encoder, stream, inputs["mask_positions"], True)

    def loss(self, outputs, targets):
        return mean_over(cross_entropy(outputs, targets["labels"]), targets["weight"])

    def accuracy(self, outputs, targets):
        found = ops.cast(ops.argmax(outputs, axis=-1), "int32")
        return ops.equal(found, ops.cast(targets["labels"], "int32")), targets["weight"]

    def head_flops(self, config, batch_size, length):
        """Of the second stream too, which costs nearly what the first does."""
        block = 4 * config.hidden_dim**2 + 2 * config.hidden_dim * config.intermediate_dim
        stream = length * config.num_layers * (block + 2 * length * config.hidden_dim)
        head = self.places(length) * config.hidden_dim * config.vocabulary_size
        return 2 * batch_size * (stream + head)

    def get_config(self):
        return {**super().get_config(), "context": self.context, "max_span": self.max_span}
