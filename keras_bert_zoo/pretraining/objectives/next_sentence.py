"""Whether a segment follows another: BERT's next sentence prediction."""

import keras
import numpy as np

from ..parts import joined, part_of, shortened, with_rows
from ..segment_pairs import SegmentPairs, check_share, chosen


@keras.saving.register_keras_serializable("keras_bert_zoo")
class NextSentence(SegmentPairs):
    """Puts another document's text in the place of the second segment, and learns to notice.

    https://arxiv.org/abs/1810.04805, section 3.1. The other text is the second segment of another
    row of the batch, chosen anew in every pass; a pair that gets too long is cut as Google's
    `truncate_seq_pair` does. The label is 0 where the second segment follows the first and 1 where
    it does not. In a batch of one document all segments follow.

    Args:
        random_share: how many of the second segments are of another document.
        weight: as in `Objective`.

    Raises:
        ValueError: a share out of its range; or, from `corrupt`, rows of one segment.

    Example:

    >>> objective = NextSentence().bind(tokenizer)
    >>> batch, targets = objective.corrupt(rows_of(examples, tokenizer, 128), rng)
    >>> targets["labels"]
    array([0, 1, 0, 1], dtype=int32)
    """

    name = head = "next_sentence"
    styles = ("NextSentence", "SentenceOrder", "TextClassifier")

    def __init__(self, random_share=0.5, weight=1.0):
        super().__init__(weight)
        check_share("NextSentence", "random_share", random_share)
        self.random_share = random_share

    def move(self, batch, rng):
        documents, examples = batch["documents"], {}
        room = batch["token_ids"].shape[1] - self.tokenizer.template.pair.special
        for row in chosen(len(documents), self.random_share, rng):
            others = np.flatnonzero(documents != documents[row])
            if len(others):
                other = part_of(batch, others[rng.integers(len(others))], 1)
                examples[row] = joined(*shortened(part_of(batch, row, 0), other, room, rng))
        labels = np.zeros(len(documents), "int32")
        labels[[*examples]] = 1
        return with_rows(batch, examples, self.tokenizer), labels

    def get_config(self):
        return {**super().get_config(), "random_share": self.random_share}
