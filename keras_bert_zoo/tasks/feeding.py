"""From the arguments of `fit`, `evaluate` and `predict` to batches for the Keras trainer."""

import keras
import numpy as np

from ..preprocessing import TextBatches
from ..preprocessing.inputs import is_encoded, is_table, is_texts, split_labels
from ..preprocessing.streams import ForTensorFlow, mapped, split_batch


class Feeder:
    """Makes batches of what a caller gives to a task.

    Args:
        preprocessor: `Preprocessor`.
        encode_labels: labels -> array.
        class_index: label -> its number, for `class_weight`.
    """

    replicas = 1  # how many share each batch, which has to be full if there are several

    def __init__(self, preprocessor, encode_labels, class_index):
        self.preprocessor, self.encode_labels = preprocessor, encode_labels
        self.class_index = class_index

    @property
    def fills_rows(self):
        """Whether the last batch is filled up."""
        return self.preprocessor.fixed_batch_shape or self.replicas > 1

    def for_inference(self):
        """Makes batches that nothing is learnt from from here on; returns itself."""
        self.preprocessor = self.preprocessor.for_inference()
        return self

    def labelled(self, x, y=None, sample_weight=None, class_weight=None):
        """`(rows, labels, weights)` of data held in memory.

        Raises:
            ValueError: labels or weights of another length than the texts, or no texts at all.
        """
        if is_table(x) and (y is None or isinstance(y, str)):
            x, y = _without(x, y), split_labels(x, y)
        rows = self.preprocessor.read(x)
        if not rows:
            raise ValueError("There are no texts: the data is empty.")
        if y is None:
            raise ValueError("Labels are missing: give y, or a table with a label column.")
        check_length("labels", len(y), rows)
        labels = self.encode_labels(y)
        return rows, labels, self.weights(labels, sample_weight, class_weight)

    def weights(self, labels, sample_weight, class_weight):
        """The weight of each row, or None where all count the same."""
        if class_weight is not None and sample_weight is not None:
            raise ValueError("Give class_weight or sample_weight, not both.")
        if sample_weight is not None:
            weights = np.asarray(sample_weight, "float32")
            check_length("sample weights", len(weights), labels)
            return weights
        if class_weight is None:
            return None
        if labels.ndim != 1:
            raise ValueError("class_weight needs one label a text; use sample_weight instead.")
        table = {self.class_index(label): weight for label, weight in class_weight.items()}
        return np.array([table.get(int(label), 1.0) for label in labels], "float32")

    def batches(self, x, y=None, sample_weight=None, *, class_weight=None, batch_size, **options):
        """Labelled batches: a PyDataset, or a generator for a generator.

        The options, those of `row_batches`, are for data held in memory; other data brings its own.
        """
        if is_texts(x):
            rows, labels, weights = self.labelled(x, y, sample_weight, class_weight)
            return self.row_batches(rows, labels, weights, batch_size=batch_size, **options)
        if y is not None:
            raise ValueError(f"A {type(x).__name__} brings its own labels: leave y out.")

        def prepare(batch):
            x, y, weight = split_batch(batch)
            return self.batch(x, y, weight, class_weight)

        return mapped(x, prepare, batch_size)

    def split(self, x, y, sample_weight, class_weight, share, first_options, last_options):
        """Batches of data held in memory without its last rows, and batches of those."""
        if not is_texts(x):
            raise ValueError("validation_split needs texts held in memory; use validation_data.")
        arrays = self.labelled(x, y, sample_weight, class_weight)
        first, last = zip(*split_off(share, *arrays))
        return self.row_batches(*first, **first_options), self.row_batches(*last, **last_options)

    def row_batches(self, rows, labels=None, weights=None, **options):
        """Batches of rows as `labelled` gives them."""
        fill_rows = options.pop("fill_rows", self.fills_rows)
        return TextBatches(
            rows, labels, weights, preprocessor=self.preprocessor, fill_rows=fill_rows, **options
        )

    def inputs(self, x, batch_size):
        """Batches without labels; see `batches`."""
        if not is_texts(x):
            return mapped(x, lambda batch: self.encode(split_batch(batch)[0]), batch_size)
        # JAX compiles every shape anew: a last batch of its own shape would be one more.
        fill_rows = self.fills_rows or keras.config.backend() == "jax"
        rows = self.preprocessor.read(x)
        return self.row_batches(rows, batch_size=batch_size, fill_rows=fill_rows)

    def batch(self, x, y=None, sample_weight=None, class_weight=None):
        """One batch that is given whole, as `train_on_batch` takes it."""
        if is_table(x) and y is None:
            x, y = _without(x, y), split_labels(x, y)
        x = self.encode(x)
        if y is None:
            return x
        labels = self.encode_labels(y)
        check_length("labels", len(labels), x["token_ids"])
        weights = self.weights(labels, sample_weight, class_weight)
        return (x, labels) if weights is None else (x, labels, weights)

    def encode(self, x):
        return x if is_encoded(x) else self.preprocessor(x)


def _without(table, column):
    """The texts of a table whose labels are in `column`."""
    if column is None:
        return table
    if hasattr(table, "remove_columns"):
        return table.remove_columns([column])
    return table.drop(columns=[column])


def check_length(what, length, rows):
    if length != len(rows):
        raise ValueError(f"{len(rows)} texts and {length} {what} were given: they must match.")


def split_off(share, *arrays):
    """The first part and the last `share` of each array, as Keras splits; None stays None."""
    if not 0 < share < 1:
        raise ValueError(f"validation_split must be between 0 and 1. Given: {share}.")
    count = len(arrays[0])
    cut = int(count * (1 - share))
    if cut in (0, count):
        raise ValueError(f"validation_split={share} of {count} texts leaves one part empty.")
    return [(None, None) if a is None else (a[:cut], a[cut:]) for a in arrays]


def for_trainer(batches, one_shape=False):
    """`(data, guard)`: what the backend's trainer takes, and where its errors are kept.

    Args:
        batches: PyDataset, or generator.
        one_shape: whether all of them have the shape of the first one.
    """
    if keras.config.backend() != "tensorflow":
        return batches, None
    guard = ForTensorFlow(batches, one_shape=one_shape)
    return guard.dataset(), guard
