"""Batches for replicas: each as large as the others, and each place weighted as in the whole."""

import types

import keras
import numpy as np

from ..preprocessing.array_batches import ArrayBatches
from .replicas import part_of_rows, processes, replicas_of


class ReplicaBatches(keras.utils.PyDataset):
    """Batches of another PyDataset, as the replicas of a model need them.

    Args:
        source: `keras.utils.PyDataset` of batches for all replicas.
        replicas: how many there are; each takes as many rows.
        by_mean: whether the loss is a mean over what has a weight, or that for each output.
            Weights are then scaled so that their mean is 1: what each replica computes over its
            part adds up to the mean over the whole batch, whichever part the weights are in.
    """

    def __init__(self, source, replicas, by_mean):
        super().__init__(workers=source.workers, max_queue_size=source.max_queue_size)
        self.source, self.replicas, self.by_mean = source, replicas, by_mean

    @property
    def num_batches(self):
        return self.source.num_batches

    def __getitem__(self, index):
        return prepared(self.source[index], self.replicas, self.by_mean, self._share(index))

    def _share(self, index):
        """How much a filled batch counts in an average over batches, all of which count 1."""
        source = self.source
        if not (self.by_mean and getattr(source, "even_weights", False)):
            return 1.0
        return len(source.batch_items(index)[0]) * source.num_batches / source.num_rows

    def on_epoch_begin(self):
        self.source.on_epoch_begin()

    def on_epoch_end(self):
        self.source.on_epoch_end()


def for_replicas(batches, model, by_mean=False):
    """Batches as the replicas of a model need them; as they are if there is one.

    Args:
        batches: PyDataset, or generator.
        model: `keras.Model`.
        by_mean: as of `ReplicaBatches`.
    """
    replicas = replicas_of(model)
    if replicas == 1:
        return batches
    if isinstance(batches, keras.utils.PyDataset):
        return ReplicaBatches(batches, replicas, by_mean)
    if isinstance(batches, types.GeneratorType):
        return (prepared(batch, replicas, by_mean) for batch in batches)
    return batches


def shared_arrays(x, y, sample_weight, *, batch_size, class_weight, **options):
    """Arrays that all processes have, as batches of which each process is to have a part.

    Without it a process would learn from all rows, and nothing was won by having several.

    Args:
        x, y, sample_weight: as `fit` takes them; a PyDataset or a generator stays as it is.
        batch_size: rows of a batch for all processes.
        class_weight: of `fit`.
        **options: of `ArrayBatches`.

    Raises:
        TypeError: batches that cannot be shared.
        ValueError: rows that cannot be shared evenly, or weights of classes.
    """
    count = processes()[1]
    if class_weight:
        raise ValueError(
            f"class_weight is not for encoded inputs in {count} processes. Give sample_weight, or "
            "texts in place of the inputs."
        )
    if isinstance(x, (keras.utils.PyDataset, types.GeneratorType)):
        return x
    if not all(hasattr(one, "shape") for one in keras.tree.flatten(x)):
        raise TypeError(
            f"{count} processes share arrays, a PyDataset or a generator. Given: "
            f"{type(x).__name__}, of which each would learn from all rows."
        )
    rows = len(keras.tree.flatten(x)[0])
    if rows % count:
        raise ValueError(
            f"{rows} rows of encoded inputs cannot be shared evenly by {count} processes. Leave "
            f"{rows % count} out, or give texts, whose last batch is filled up."
        )
    return ArrayBatches(x, y, sample_weight, batch_size=shareable(batch_size, count), **options)


def shareable(rows, replicas):
    """The least number of rows, from `rows` on, that replicas can share evenly."""
    return -(-rows // replicas) * replicas


def build_parts(model, batches):
    """Makes the variables of losses and metrics before the training; whether it did.

    For TensorFlow's strategies: Keras would read a batch for it from the data to be learnt from,
    and the order of the first pass would be lost.
    """
    if keras.config.backend() != "tensorflow" or replicas_of(model) == 1:
        return False
    if not isinstance(batches, keras.utils.PyDataset):
        return False
    with model.distribute_strategy.scope():
        model._symbolic_build(data_batch=batches[0])
    return True


def prepared(batch, replicas, by_mean, share=1.0):
    """One batch; see `ReplicaBatches`.

    Args:
        batch: as the Keras trainer takes it.
        replicas, by_mean: as of `ReplicaBatches`.
        share: what the weights' mean is to be where it is scaled.

    Raises:
        ValueError: rows that cannot be given to the replicas evenly.
    """
    rows = len(keras.tree.flatten(batch)[0])
    if rows % replicas:
        raise ValueError(
            f"A batch has {rows} rows, which {replicas} replicas cannot share evenly. Give a "
            f"batch_size that {replicas} divides, such as {shareable(rows, replicas)}."
        )
    if isinstance(batch, tuple) and len(batch) == 3 and batch[2] is not None:
        x, y, weight = batch
        batch = x, y, scaled(weight, by_mean, share)
    if processes()[1] > 1:
        batch = keras.tree.map_structure(part_of_rows, batch)
    return batch


def scaled(weight, by_mean, share=1.0):
    """Weights of a whole batch, with a mean of `share` where a loss is a mean over them."""
    if isinstance(weight, dict):
        told = by_mean if isinstance(by_mean, dict) else dict.fromkeys(weight, by_mean)
        return {key: scaled(one, told[key], share) for key, one in weight.items()}
    if not by_mean:
        return weight
    weight = np.asarray(weight, "float32")
    total = weight.sum(dtype="float64")
    return weight * np.float32(share * weight.size / total) if total else weight
