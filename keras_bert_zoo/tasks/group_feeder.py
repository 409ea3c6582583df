"""Batches of groups of texts, with or without labels."""

from ..preprocessing.inputs import is_encoded
from .feature_task import FeatureFeeder


class GroupFeeder(FeatureFeeder):
    """Makes batches of groups of texts, which need no labels.

    Args:
        featurizer: `GroupFeatures`.
        lessons: `TrainingGroups`, which reads what is to be learnt.
    """

    def __init__(self, featurizer, lessons):
        super().__init__(featurizer)
        self._lessons = lessons

    def labelled(self, x, y=None, sample_weight=None, class_weight=None):
        return FeatureFeeder(self._lessons).labelled(x, y, sample_weight, class_weight)

    def batch(self, x, y=None, sample_weight=None, class_weight=None):
        if is_encoded(x):
            return super().batch(x, y, sample_weight, class_weight)
        return self._collate(*self.labelled(x, y, sample_weight, class_weight))
