"""Texts with tokens hidden: chosen anew in every pass for training, or where `[MASK]` stands."""

import dataclasses

import numpy as np

from .feature import Feature, Featurizer
from .packing import fill

NOTHING = -1


@dataclasses.dataclass(frozen=True)
class Masking:
    """How tokens are hidden in training (https://arxiv.org/abs/1810.04805, section 3.1).

    Args:
        rate: share of the tokens that are to be guessed.
        mask_share: of these, how many are replaced by the mask token.
        random_share: of these, how many are replaced by any token; the rest stays.
        whole_words: whether all pieces of a word are chosen together.

    Raises:
        ValueError: a share that is out of range.
    """

    rate: float = 0.15
    mask_share: float = 0.8
    random_share: float = 0.1
    whole_words: bool = False

    def __post_init__(self):
        for name, right in (
            ("rate", 0 < self.rate < 1),
            ("mask_share", 0 <= self.mask_share <= 1),
            ("random_share", 0 <= self.random_share <= 1 - self.mask_share + 1e-9),
        ):
            if not right:
                raise ValueError(
                    f"Masking: {name}={getattr(self, name)!r} is out of range. rate is between 0 "
                    "and 1; mask_share and random_share are 0 or more, and 1 or less together."
                )

    def choose(self, ids, words, generator):
        """Places of the tokens to guess, ascending.

        Args:
            ids: how many tokens there are.
            words: number of the word of each token.
            generator: `np.random.Generator`.

        Returns:
            `max(1, round(rate * ids))` places; with `whole_words` at most as many, or one word.
        """
        count = min(ids, max(1, round(self.rate * ids)))
        if not self.whole_words:
            return np.sort(generator.permutation(ids)[:count])
        chosen = np.zeros(ids, bool)
        for word in generator.permutation(np.unique(words)):
            more = chosen | (words == word)
            if more.sum() <= count or not chosen.any():
                chosen = more
        return np.flatnonzero(chosen)


class MaskFeatures(Featurizer):
    """Texts as rows of tokens, of which some are to be guessed.

    Inputs have one more array than the encoder's: `mask_positions` `(batch, places)`, the tokens to
    answer for.

    Args:
        preprocessor: `Preprocessor`.
        masking: `Masking`.
    """

    padding_side = "right"

    def __init__(self, preprocessor, masking):
        super().__init__(preprocessor)
        self.masking = masking

    def read(self, x, y=None):
        if y is not None:
            raise ValueError(
                "MaskedLM learns from texts alone: it hides tokens itself. Leave y out."
            )
        rows = self.preprocessor.read([x] if isinstance(x, str) else x)
        return rows, [True] * len(rows)

    def features(self, rows, targets, report):
        preprocessor, tokenizer = self.preprocessor, self.preprocessor.tokenizer
        if targets is not None and self.masking.whole_words:
            return self._with_words(rows, report)
        packed, _ = preprocessor.pack_rows(rows, report)
        goal = targets is not None or None
        features = [Feature([part], row, goal) for row, part in enumerate(packed)]
        for feature in features:
            ids = np.asarray(feature.parts[0][0])
            feature.info = np.flatnonzero(ids == tokenizer.mask_id)
        return features

    def _with_words(self, rows, report):
        """Features that know which word each token is of."""
        tokenizer, longest = self.preprocessor.tokenizer, self.preprocessor.max_sequence_length
        features, counts, cut = [], [], []
        texts, rest = self.preprocessor.texts_of(rows)
        columns = [
            tokenizer.encode_batch([row[i] for row in texts], add_special_tokens=False)
            for i in range(len(texts[0]) if texts else 1)
        ]
        for number, (parts, more) in enumerate(zip(zip(*columns), rest)):
            layout = tokenizer.template.layout(len(parts))
            ids, segments, dropped = fill(layout, [part.ids for part in parts], longest)
            # The words' numbers are packed as the tokens are, those of the parts told apart.
            shifted = [
                [word + 1_000_000 * i for word in part.word_ids] for i, part in enumerate(parts)
            ]
            words, _, _ = fill(layout.filled_with(NOTHING), shifted, longest)
            features.append(Feature([(ids, segments, *more)], number, True, np.array(words)))
            counts.append(sum(map(len, parts)))
            cut.append(dropped)
        report.add(counts, cut)
        return features

    def collate(self, features, num_rows, generator, row_weights=None):
        if features[0].target is None:
            return self.inputs(features, num_rows)
        inputs = super().inputs(features, num_rows)
        rate = self.masking.rate
        length = inputs["token_ids"].shape[1]
        shape = (len(inputs["token_ids"]), max(1, int(np.ceil(rate * length))))
        places, y = np.zeros(shape, "int32"), np.zeros(shape, "int32")
        weight = np.zeros(shape, "float32")
        for row, feature in enumerate(features):
            chosen = self._chosen(feature, generator)[: shape[1]]
            ids = inputs["token_ids"][row]
            places[row, : len(chosen)] = chosen
            y[row, : len(chosen)] = ids[chosen]
            weight[row, : len(chosen)] = 1 if row_weights is None else row_weights[row]
            ids[chosen] = self._replaced(ids[chosen], generator)
        return {**inputs, "mask_positions": places}, y, weight

    def _chosen(self, feature, generator):
        special = self.preprocessor.tokenizer.template.special_ids
        open_to = np.flatnonzero(~np.isin(feature.parts[0][0], special))
        if not len(open_to):
            return open_to
        words = feature.info[open_to] if self.masking.whole_words else None
        return open_to[self.masking.choose(len(open_to), words, generator)]

    def _replaced(self, ids, generator):
        """What stands in place of the tokens to guess."""
        tokenizer, masking = self.preprocessor.tokenizer, self.masking
        draw = generator.random(len(ids))
        anything = generator.integers(0, tokenizer.vocabulary_size, len(ids))
        ids = np.where(draw < masking.mask_share + masking.random_share, anything, ids)
        return np.where(draw < masking.mask_share, tokenizer.mask_id, ids)

    def inputs(self, features, num_rows, generator=None):
        """The model's inputs, to answer for the masks that the texts hold."""
        inputs = super().inputs(features, num_rows)
        most = max(1, *(len(feature.info) for feature in features)) if features else 1
        places = np.zeros((len(inputs["token_ids"]), bucket(most)), "int32")
        for row, feature in enumerate(features):
            places[row, : len(feature.info)] = feature.info
        return {**inputs, "mask_positions": places}


def bucket(count):
    """The next power of two: few shapes, whatever the number of masks."""
    return 1 << (count - 1).bit_length()
