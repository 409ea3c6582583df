"""The shortest way from rows of texts to the numbers of a model.

`task.predict` is made for many batches; of one small batch, most of its time would go into Keras'
data adapters.
"""

import keras
import numpy as np

from ..preprocessing.buckets import bucket_for
from ..preprocessing.truncation import TruncationReport
from ..tasks.feature_task import open_function

SHORT = 32  # tokens; rows up to here are not worth a batch of their own


def batch_sizes(most):
    """Numbers of rows that batches are filled up to, where each number is compiled.

    >>> batch_sizes(32)
    [1, 8, 32]
    """
    return sorted({1, -(-most // 4), most})


def filled_size(task, rows, most):
    """The number of rows that a batch of so many is filled up to; None where any will do.

    JAX compiles every number anew.
    """
    if keras.config.backend() == "jax" or task.preprocessor.fixed_batch_shape:
        return bucket_for(rows, batch_sizes(most))
    return None


class Forward:
    """A model whose outputs are one array, or a dictionary of them, with a row for each text.

    Args:
        task: with a preprocessor.
        most: most rows in a batch.
    """

    def __init__(self, task, most):
        self.task, self.most, self._function = task, most, None

    def __call__(self, rows):
        """Outputs in the order of the rows, which are texts or pairs, as numpy arrays."""
        preprocessor = self.task.preprocessor.for_inference()
        report = TruncationReport(preprocessor.max_sequence_length)
        packed, _ = preprocessor.pack_rows(preprocessor.read(rows), report)
        parts, places = [], []
        for group in alike([len(ids) for ids, *_ in packed], preprocessor.buckets, self.most):
            size = filled_size(self.task, len(group), self.most) or len(group)
            outputs = self._run(preprocessor.pad([packed[place] for place in group], size))
            take = lambda a: keras.ops.convert_to_numpy(a)[: len(group)]  # noqa: B023, E731
            parts.append(keras.tree.map_structure(take, outputs))
            places += group
        back = np.argsort(places)
        return keras.tree.map_structure(lambda *arrays: np.concatenate(arrays)[back], *parts)

    def _run(self, inputs):
        if keras.config.backend() != "tensorflow":
            return self.task.predict_on_batch(inputs)
        if self._function is None:
            self._function = open_function(self.task)
        return self._function(inputs)


def alike(lengths, buckets, most):
    """Places of rows in groups of like length, the shortest first, so that little is padding.

    A row that is padded to more than twice the length of the shortest begins a new group.

    >>> alike([90, 7, 12, 400], [32, 64, 128, 512], 32)
    [[1, 2], [0], [3]]
    """
    groups, limit = [], 0
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        if not groups or lengths[place] > limit or len(groups[-1]) == most:
            groups.append([])
            limit = max(2 * bucket_for(lengths[place], buckets), SHORT)
        groups[-1].append(place)
    return groups
