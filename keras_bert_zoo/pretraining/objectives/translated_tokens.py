"""Guessing tokens of a text and its translation: XLM's translation language model."""

import keras
import numpy as np

from ...families import family_called
from ...layers import LearnedPositions
from ..streams import Bilingual
from .masked_tokens import MaskedTokens


@keras.saving.register_keras_serializable("keras_bert_zoo")
class TranslatedTokens(MaskedTokens):
    """Hides tokens of a text and of its translation, so that each helps to guess the other's.

    https://arxiv.org/abs/1901.07291, section 3.3. The two are the parts of an example that says the
    language of each (`Example.languages`; `translations` makes such). The positions of the second
    begin at 0 again. Arguments are those of `MaskedTokens`.

    Raises:
        ValueError: as of `MaskedTokens`; from `Pretrainer`, an encoder without a table of
            positions; from `corrupt`, examples of one part or without languages.

    Example:

    >>> source = translations([("good", "gut")], tokenizer, 128, languages=(1, 0))
    >>> Pretrainer(xlm, tokenizer, [TranslatedTokens()], length=128).fit(source)
    """

    name, packs = "translated_tokens", False
    inputs = ("mask_positions", "language_ids", "position_ids")
    _knows_languages = True

    def corrupt(self, batch, rng):
        second, languages = batch["parts"][:, 1, 0], batch["languages"]
        if not second.all() or (self._knows_languages and (languages < 0).any()):
            raise ValueError(
                "translated_tokens learns from pairs of a text and its translation: give examples "
                "of two parts with languages=(row, row), as keras_bert_zoo.pretraining."
                "translations makes them."
            )
        found, targets = super().corrupt(batch, rng)
        places = np.arange(batch["token_ids"].shape[1], dtype="int32")
        first = batch["padding_mask"].argmax(axis=1)
        later = places >= second[:, None]
        start = np.where(later, second[:, None], first[:, None])
        told = {
            "position_ids": np.maximum(places - start, 0).astype("int32"),
            "language_ids": np.where(later, languages[:, 1:], languages[:, :1]).astype("int32"),
        }
        return {**found, **told}, targets

    def connect(self, encoder, encoded, inputs):
        parts = encoder.embeddings
        if not isinstance(getattr(parts, "positions", None), LearnedPositions):
            raise ValueError(
                "translated_tokens starts the positions of the second text at 0 again: it needs "
                f"an encoder with a table of positions. {encoder.config.family} has none."
            )
        self._knows_languages = hasattr(parts, "languages")
        given = {key: inputs[key] for key in (*encoder.input, *self.inputs[1:])}
        sequence = Bilingual(encoder, name="bilingual")(given)
        style = family_called(encoder.config.family).head("MaskedLM")
        return style.build(encoder, sequence, inputs["mask_positions"], True)
