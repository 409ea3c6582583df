"""Batches of similar length, tokenized as they are asked for."""

import numpy as np

from .length_batches import LengthBatches
from .truncation import TruncationReport


class TextBatches(LengthBatches):
    """Batches of texts, or pairs of texts, with a label for each.

    Args:
        rows: list of tuples of one or two texts.
        labels: array with a row for each, or None.
        sample_weight: array with a number for each, or None.
        preprocessor: `Preprocessor`.
        fill_rows: whether the last batch is filled up to `batch_size` with rows of padding.
        even_weights: how filled batches are weighted. False: real rows of the last batch count for
            more, so that its mean loss, and so its gradient, is that of the rows it has. True: all
            rows of all batches count the same, so that an average over batches is exact.
        **order: of `LengthBatches`: `batch_size`, `shuffle`, `seed`, `epoch`.

    Example:

    >>> batches = TextBatches([("one",), ("two",)], None, preprocessor=preprocessor, batch_size=2)
    >>> batches[0]["token_ids"].shape
    (2, 8)
    """

    def __init__(
        self,
        rows,
        labels=None,
        sample_weight=None,
        *,
        preprocessor,
        fill_rows=False,
        even_weights=False,
        **order,
    ):
        super().__init__(len(rows), **order)
        self.rows, self.labels, self.sample_weight = rows, labels, sample_weight
        self.preprocessor = preprocessor
        self.fill_rows, self.even_weights = fill_rows, even_weights
        self.report = TruncationReport(preprocessor.max_sequence_length)

    def load(self, rows, first_time):
        report = self.report if first_time else TruncationReport(0)
        packed, _ = self.preprocessor.pack_rows([self.rows[i] for i in rows], report)
        return packed, [len(one[0]) for one in packed]

    def contents(self):
        return [self.rows, self.labels, self.sample_weight]

    def fit_buckets(self, epochs):
        self.preprocessor.fit_buckets(self.rows, epochs * self.num_batches)

    def collate(self, rows, items, generator):
        size = self.batch_size if self.fill_rows else len(rows)
        x = self.preprocessor.pad(items, size)
        if self.labels is None:
            return x
        y = fill(self.labels[rows], size)
        if self.sample_weight is None and not self.fill_rows:
            return x, y
        weight = np.ones(len(rows)) if self.sample_weight is None else self.sample_weight[rows]
        weight = weight * self._weight_factor(len(rows), size)
        return x, y, fill(weight.astype("float32"), size)

    def _weight_factor(self, real, size):
        if self.even_weights:
            return self.num_batches * size / len(self.rows) if self.fill_rows else 1.0
        return size / real


def fill(values, size):
    """Adds zeros up to `size` rows."""
    return np.pad(values, [(0, size - len(values))] + [(0, 0)] * (values.ndim - 1))
