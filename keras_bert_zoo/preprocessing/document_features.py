"""Texts that are longer than the model, in windows, with a label for the whole text."""

import numpy as np

from .feature import Feature, Featurizer
from .inputs import as_rows, is_table, label_column, split_labels
from .packing import fill
from .windows import windows


class DocumentFeatures(Featurizer):
    """Windows over single texts. All windows of a text learn its label, and weigh 1 together.

    Args:
        preprocessor: `Preprocessor`.
        labels: `Labels`.
        overlap: tokens that a window has in common with the one before.
    """

    splits = True

    def __init__(self, preprocessor, labels, overlap=0):
        super().__init__(preprocessor)
        self.labels, self.overlap = labels, overlap

    def read(self, x, y=None):
        if is_table(x) and (isinstance(y, str) or y is None):
            y = split_labels(x, y) if y is not None or label_column(x) is not None else None
        rows = as_rows(x)
        if rows and len(rows[0]) > 1:
            raise ValueError("Windows are read from single texts, and pairs were given.")
        return [text for (text,) in rows], None if y is None else list(y)

    def features(self, rows, targets, report):
        tokenizer, longest = self.preprocessor.tokenizer, self.preprocessor.max_sequence_length
        goals = None if targets is None else self.labels.encode(targets)
        texts, layout = tokenizer.ids_batch(rows), tokenizer.template.single
        report.add([len(ids) for ids in texts], [0] * len(rows))
        result = []
        for number, ids in enumerate(texts):
            parts = windows(len(ids), longest - layout.special, self.overlap)
            for window in parts:
                one, segments, _ = fill(layout, [ids[window.start : window.end]], longest)
                target = None if goals is None else (goals[number], 1 / len(parts))
                result.append(Feature([(one, segments)], number, target))
        return result

    def targets(self, features, inputs):
        rows = len(inputs["token_ids"])
        y, weight = self.labels.nothing(rows), np.zeros(rows, "float32")
        for place, feature in enumerate(features):
            y[place], weight[place] = feature.target
        return y, weight
