"""What tasks share whose rows are more than a text: windows, choices, groups of texts."""

import itertools

import keras
import numpy as np
from keras import ops

from ..preprocessing.feature_batches import FeatureBatches
from ..preprocessing.inputs import is_encoded, is_texts
from ..preprocessing.streams import mapped, split_batch
from ..preprocessing.truncation import TruncationReport
from .feeding import Feeder, check_length
from .task import Task
from .trainer import BATCH_SIZE


class FeatureFeeder(Feeder):
    """Makes batches of what a caller gives to a task with a featurizer.

    Args:
        featurizer: `Featurizer`.
    """

    def __init__(self, featurizer):
        self.featurizer, self.preprocessor = featurizer, featurizer.preprocessor

    def for_inference(self):
        self.featurizer.preprocessor = super().for_inference().preprocessor
        return self

    def labelled(self, x, y=None, sample_weight=None, class_weight=None):
        if class_weight is not None:
            raise ValueError(
                "This task takes no class_weight; use sample_weight, one for each row."
            )
        rows, targets = self.featurizer.read(x, y)
        if not rows:
            raise ValueError("There are no rows: the data is empty.")
        if targets is None:
            raise ValueError("Labels are missing: give y, or a table with a column of them.")
        check_length("labels", len(targets), rows)
        if sample_weight is not None:
            sample_weight = np.asarray(sample_weight, "float32")
            check_length("sample weights", len(sample_weight), rows)
        return rows, targets, sample_weight

    def row_batches(self, rows, labels=None, weights=None, **options):
        options.setdefault("fill_rows", self.fills_rows)
        return FeatureBatches(self.featurizer, rows, labels, weights, **options)

    def batch(self, x, y=None, sample_weight=None, class_weight=None):
        if is_encoded(x):
            given = [x, y, sample_weight]
            return x if y is None else tuple(part for part in given if part is not None)
        if y is None and self.featurizer.read(x)[1] is None:
            return self.encode(x)
        rows, targets, weights = self.labelled(x, y, sample_weight, class_weight)
        return self._collate(rows, targets, weights)

    def encode(self, x):
        return x if is_encoded(x) else self._collate(self.featurizer.read(x)[0])

    def _collate(self, rows, targets=None, weights=None):
        report = TruncationReport(self.preprocessor.max_sequence_length)
        features = self.featurizer.features(rows, targets, report)
        if weights is not None:
            weights = weights[[feature.row for feature in features]]
        generator = np.random.default_rng()
        return self.featurizer.collate(features, len(features), generator, weights)


class FeatureTask(Task):
    """A task whose rows become features, by its `featurizer`, and whose outputs are per feature.

    A subclass has a `featurizer`, and says how the outputs of a row's features become its answer.
    """

    masks_places = True

    @property
    def featurizer(self):
        """The `Featurizer`; made anew, because the preprocessor may be exchanged."""
        raise NotImplementedError

    def default_loss(self):
        """The mean over what has a weight, as `ignore_index` has it in torch."""
        return keras.losses.SparseCategoricalCrossentropy(
            from_logits=True, reduction="mean_with_sample_weight"
        )

    def default_metrics(self):
        return [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]

    def assemble(self, rows, features, outputs):
        """What `predict` returns.

        Args:
            rows: as the featurizer reads them.
            features: list of `Feature`, in the order of the rows.
            outputs: for each the model's output, an array without the batch axis.
        """
        raise NotImplementedError

    def predict(self, x, batch_size=None, verbose="auto", **kwargs):
        """The model's output for each row, in the caller's order; see `assemble`."""
        if self._is_ready(x):
            return super().predict(x, batch_size, verbose, **kwargs)
        rows, features, outputs = self.run(x, batch_size, verbose)
        return self.assemble(rows, features, outputs)

    def run(self, x, batch_size=None, verbose=0):
        """`(rows, features, outputs)` of data without labels."""
        rows = self.read_rows(x)
        if not rows:
            return rows, [], []
        feeder = self._feeder().for_inference()
        # JAX compiles every shape anew: a last batch of its own shape would be one more.
        fill_rows = self.preprocessor.fixed_batch_shape or keras.config.backend() == "jax"
        options = {"batch_size": batch_size or BATCH_SIZE, "fill_rows": fill_rows}
        batches = feeder.row_batches(rows, **options)
        features, outputs = self.outputs_of(batches, verbose)
        self._tell(batches)
        return rows, features, outputs

    def read_rows(self, x):
        """The rows in `x`: data in memory, or batches."""
        if isinstance(x, str):
            x = [x]
        if is_texts(x):
            return self.featurizer.read(x)[0]
        read = lambda batch: self.featurizer.read(split_batch(batch)[0])[0]  # noqa: E731
        batches = mapped(x, read, BATCH_SIZE)
        if isinstance(batches, keras.utils.PyDataset):
            batches = map(batches.__getitem__, range(batches.num_batches))
        return list(itertools.chain.from_iterable(batches))

    def outputs_of(self, batches, verbose=0):
        """`(features, outputs)` of `FeatureBatches`, both in the order of the features."""
        features, outputs = [None] * batches.num_rows, [None] * batches.num_rows
        shown = verbose not in (0, "0") and batches.num_batches > 1
        progress = keras.utils.Progbar(batches.num_batches) if shown else None
        for index in range(batches.num_batches):
            rows, items, inputs = batches.unlabelled(index)
            result = keras.tree.map_structure(ops.convert_to_numpy, self.outputs_on(inputs))
            for place, (row, item) in enumerate(zip(rows, items)):
                features[row] = item
                outputs[row] = keras.tree.map_structure(lambda a: a[place], result)  # noqa: B023
            if progress is not None:
                progress.update(index + 1)
        return features, outputs

    def outputs_on(self, inputs):
        """The outputs for a batch of inputs of any length."""
        if keras.config.backend() != "tensorflow":
            return self.predict_on_batch(inputs)
        if self._forward is None:  # Keras' own would be traced anew for lengths it has not seen
            self._forward = open_function(self)
        return self._forward(inputs)

    def _feeder(self):
        return FeatureFeeder(self.featurizer)

    def _learn(self, x, y):
        pass  # labels are those that the task was built with

    def _encoded(self, y):
        return y


def open_function(model):
    """The model in inference as one TensorFlow function, with all dimensions open."""
    import tensorflow as tf

    signature = {
        key: tf.TensorSpec([None] * len(value.shape), value.dtype)
        for key, value in model.input.items()
    }
    return tf.function(lambda inputs: model(inputs, training=False), input_signature=[signature])
