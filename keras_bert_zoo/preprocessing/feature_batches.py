"""Batches of features: windows, choices, groups of texts."""

from .length_batches import LengthBatches
from .truncation import TruncationReport


class FeatureBatches(LengthBatches):
    """Batches of what a featurizer makes of rows.

    Args:
        featurizer: `Featurizer`.
        rows: list of rows as the featurizer reads them.
        targets: list of what is to be learnt of each, or None.
        sample_weight: array with a number for each row, or None.
        fill_rows: whether the last batch is filled up to `batch_size` with rows of padding.
        even_weights: whether an average over batches is to be exact, though one is filled up; that
            is for `ReplicaBatches` to see to: losses are means over what has a weight.
        **order: of `LengthBatches`: `batch_size`, `shuffle`, `seed`, `epoch`.
    """

    def __init__(
        self,
        featurizer,
        rows,
        targets=None,
        sample_weight=None,
        *,
        fill_rows=False,
        even_weights=False,
        **order,
    ):
        self.featurizer, self.fill_rows = featurizer, fill_rows
        self.even_weights = even_weights
        self.rows, self.targets, self.sample_weight = rows, targets, sample_weight
        self.report = TruncationReport(featurizer.preprocessor.max_sequence_length)
        # How many windows there are shows when the texts are tokenized: all of them, at once.
        self._all = featurizer.features(rows, targets, self.report) if featurizer.splits else None
        super().__init__(len(rows if self._all is None else self._all), **order)

    def load(self, rows, first_time):
        features = self._features(rows, self.report if first_time else TruncationReport(0))
        return features, [feature.length for feature in features]

    def _features(self, rows, report):
        if self._all is not None:
            return [self._all[i] for i in rows]
        targets = None if self.targets is None else [self.targets[i] for i in rows]
        features = self.featurizer.features([self.rows[i] for i in rows], targets, report)
        for row, feature in zip(rows, features):
            feature.row = int(row)
        return features

    def contents(self):
        return [self.rows, self.targets, self.sample_weight]

    def fit_buckets(self, epochs):
        preprocessor = self.featurizer.preprocessor
        steps = epochs * self.num_batches
        preprocessor.fit_buckets_to(self.num_rows, self._lengths, steps)

    def _lengths(self, rows):
        return [feature.length for feature in self._features(rows, TruncationReport(0))]

    def collate(self, rows, items, generator):
        size = self.batch_size if self.fill_rows else len(items)
        weights = None
        if self.sample_weight is not None:
            weights = [self.sample_weight[feature.row] for feature in items]
        return self.featurizer.collate(items, size, generator, weights)

    def unlabelled(self, index):
        """`(numbers, features, inputs)` of a batch, where nothing is to be learnt."""
        rows, items = self.batch_items(index)
        size = self.batch_size if self.fill_rows else len(items)
        return rows, items, self.featurizer.inputs(items, size)
