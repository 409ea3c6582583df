"""Which of two segments comes first: ALBERT's sentence order prediction."""

import keras
import numpy as np

from ..parts import joined, part_of, with_rows
from ..segment_pairs import SegmentPairs, check_share, chosen


@keras.saving.register_keras_serializable("keras_bert_zoo")
class SentenceOrder(SegmentPairs):
    """Swaps the segments of some rows, anew in every pass, and learns to notice.

    https://arxiv.org/abs/1909.11942, section 3.1. The label is 0 where the segments are in the
    order of the text and 1 where they are swapped, as in transformers.

    Args:
        swapped_share: how many rows are swapped.
        weight: as in `Objective`.

    Raises:
        ValueError: a share out of its range; or, from `corrupt`, rows of one segment.

    Example:

    >>> objective = SentenceOrder().bind(tokenizer)
    >>> batch, targets = objective.corrupt(rows_of(examples, tokenizer, 128), rng)
    """

    name = head = "sentence_order"
    styles = ("SentenceOrder", "NextSentence", "TextClassifier")

    def __init__(self, swapped_share=0.5, weight=1.0):
        super().__init__(weight)
        check_share("SentenceOrder", "swapped_share", swapped_share)
        self.swapped_share = swapped_share

    def move(self, batch, rng):
        rows = chosen(len(batch["parts"]), self.swapped_share, rng)
        swapped = {row: joined(part_of(batch, row, 1), part_of(batch, row, 0)) for row in rows}
        labels = np.zeros(len(batch["parts"]), "int32")
        labels[rows] = 1
        return with_rows(batch, swapped, self.tokenizer), labels

    def get_config(self):
        return {**super().get_config(), "swapped_share": self.swapped_share}
