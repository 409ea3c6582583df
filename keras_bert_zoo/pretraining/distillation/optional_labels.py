"""Batches for a task of data with labels, or without."""

from ...preprocessing.inputs import is_table, is_texts, label_column
from ...tasks import TextEmbedder
from ...tasks.feature_task import FeatureTask
from ...tasks.feeding import split_off


class OptionalLabels:
    """A task's feeder, that takes data without labels too.

    Args:
        task: the task that is to learn.
    """

    def __init__(self, task):
        self.task, self.feeder = task, task._feeder()

    @property
    def replicas(self):
        """How many share each batch."""
        return self.feeder.replicas

    @replicas.setter
    def replicas(self, count):
        self.feeder.replicas = count

    def has_labels(self, x, y=None):
        """Whether there is something to learn in the data beside the texts."""
        if y is not None or not is_texts(x):
            return True
        if isinstance(self.task, TextEmbedder):
            rows = self.task.read_rows(x)
            return bool(rows) and len(rows[0]) > 1
        if isinstance(self.task, FeatureTask):
            return self.task.featurizer.read(x)[1] is not None
        return is_table(x) and label_column(x) is not None

    def rows(self, x):
        """The rows of data without labels."""
        if isinstance(self.task, FeatureTask):
            return self._some(self.task.read_rows(x))
        return self._some(self.feeder.preprocessor.read(x))

    def _some(self, rows):
        if not rows:
            raise ValueError("There are no texts: the data is empty.")
        return rows

    def batches(self, x, y=None, sample_weight=None, *, class_weight=None, **options):
        """As those of the task's own feeder."""
        if self.has_labels(x, y):
            return self.feeder.batches(x, y, sample_weight, class_weight=class_weight, **options)
        self._refuse(sample_weight, class_weight)
        return self.feeder.row_batches(self.rows(x), **options)

    def split(self, x, y, sample_weight, class_weight, share, first_options, last_options):
        """As that of the task's own feeder."""
        if self.has_labels(x, y):
            return self.feeder.split(
                x, y, sample_weight, class_weight, share, first_options, last_options
            )
        self._refuse(sample_weight, class_weight)
        ((first, last),) = split_off(share, self.rows(x))
        make = self.feeder.row_batches
        return make(first, **first_options), make(last, **last_options)

    def batch(self, *args):
        """As that of the task's own feeder."""
        return self.feeder.batch(*args)

    def _refuse(self, *weights):
        if any(weight is not None for weight in weights):
            raise ValueError(
                "Weights are for texts with labels, and there are none: leave them out, or give y."
            )
