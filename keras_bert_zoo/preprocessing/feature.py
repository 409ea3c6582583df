"""What a row becomes before it is a row of a batch, for tasks that are more than a text a row."""

import dataclasses

import numpy as np


@dataclasses.dataclass
class Feature:
    """One entry of a batch: a window of a long text, a set of choices, a group of texts.

    Args:
        parts: a list of `(token_ids, segment_ids)`, and what the preprocessor packs besides; one,
            unless several texts belong together.
        row: number of the caller's row that it is of.
        target: what is to be learnt, in the form of the featurizer.
        info: what the answer is made with, such as character offsets.
    """

    parts: list
    row: int
    target: object = None
    info: object = None

    @property
    def length(self):
        """Tokens of the longest part."""
        return max(len(part[0]) for part in self.parts)


class Featurizer:
    """Makes features of rows, and batches of features. One for each kind of task.

    Args:
        preprocessor: `Preprocessor`.
    """

    # "right" for those that count places from the first token; None for that of the template.
    padding_side = None
    splits = False  # whether a row may become several features, so that all are made beforehand

    def __init__(self, preprocessor):
        self.preprocessor = preprocessor

    def read(self, x, y=None):
        """`(rows, targets)`, two lists, from what a caller holds; targets are None without labels.

        Raises:
            ValueError, TypeError: something that cannot be read, with its place and what it is.
        """
        raise NotImplementedError

    def features(self, rows, targets, report):
        """A list of `Feature`; `report` is the `TruncationReport` that is added to."""
        raise NotImplementedError

    def inputs(self, features, num_rows, generator=None):
        """The model's inputs, padded; `num_rows` if more than there are features."""
        parts = [part for feature in features for part in feature.parts]
        return self.preprocessor.pad(parts, num_rows, self.padding_side)

    def targets(self, features, inputs):
        """`(y, weight)`: arrays for the loss; the weight is 0 where there is nothing to learn."""
        raise NotImplementedError

    def collate(self, features, num_rows, generator, row_weights=None):
        """A batch as the Keras trainer takes it: `(x, y, weight)`, or `x` without labels."""
        inputs = self.inputs(features, num_rows, generator)
        if not self.has_targets(features):
            return inputs
        y, weight = self.targets(features, inputs)
        if row_weights is not None:
            scale = np.zeros(len(weight), "float32")
            scale[: len(row_weights)] = row_weights
            weight = weight * scale.reshape(-1, *[1] * (weight.ndim - 1))
        return inputs, y, weight

    def has_targets(self, features):
        """Whether these features come with something to learn."""
        return features[0].target is not None
