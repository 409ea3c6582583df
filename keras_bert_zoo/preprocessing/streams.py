"""Sources that hand out batches themselves: tf.data, PyDataset, loaders, generators."""

import itertools

import keras
import numpy as np


class MappedDataset(keras.utils.PyDataset):
    """A PyDataset of raw batches, each prepared when it is asked for."""

    def __init__(self, source, prepare):
        super().__init__(workers=source.workers, max_queue_size=source.max_queue_size)
        self.source, self.prepare = source, prepare

    @property
    def num_batches(self):
        return self.source.num_batches

    def __getitem__(self, index):
        return self.prepare(self.source[index])

    def on_epoch_begin(self):
        self.source.on_epoch_begin()

    def on_epoch_end(self):
        self.source.on_epoch_end()


class IteratedDataset(keras.utils.PyDataset):
    """Raw batches from anything that can be iterated again and again, in its own order.

    Raises:
        ValueError: it gives no batches.
        RuntimeError: it gives fewer batches in a later pass.
    """

    def __init__(self, source, prepare):
        super().__init__(workers=1)
        self.source, self.prepare, self._iterator, self._next = source, prepare, None, 0
        self._count = self._length()
        if not self._count:
            raise ValueError(f"The data is empty: this {type(source).__name__} gives no batches.")

    def _length(self):
        try:
            return len(self.source)
        except TypeError:  # a source of unknown length is counted once
            return sum(1 for _ in self.source)

    @property
    def num_batches(self):
        return self._count

    def __getitem__(self, index):
        if index != self._next or self._iterator is None:
            self._iterator = itertools.islice(iter(self.source), index, None)
        self._next = index + 1
        try:
            batch = next(self._iterator)
        except StopIteration:  # inside of a generator it would look like a bug of ours
            raise RuntimeError(
                f"This {type(self.source).__name__} gave {index} batches, and {self._count} were "
                "expected: it must give as many in every pass. A generator of batches can end "
                "anywhere."
            ) from None
        return self.prepare(batch)

    def on_epoch_end(self):
        # Keras calls this in the middle of a pass too, with `steps_per_epoch`, and then goes on.
        if self._next >= self._count:
            self._iterator = None


class TensorFlowBatches:
    """Batches of a `tf.data.Dataset` as numpy; one that is not batched yet is batched here.

    Raises:
        ValueError: a data set without end, which `steps_per_epoch` alone can bound.
    """

    def __init__(self, source, batch_size):
        spec = source.element_spec
        first = spec[0] if isinstance(spec, tuple) else spec
        while isinstance(first, (tuple, dict)):
            first = next(iter(first.values())) if isinstance(first, dict) else first[0]
        self.source = source.batch(batch_size) if first.shape.rank == 0 else source
        self.infinite = int(source.cardinality()) == -1

    def __iter__(self):
        return iter(self.source.as_numpy_iterator())

    def __len__(self):
        count = int(self.source.cardinality())
        if count < 0:
            raise TypeError("length not known")
        return count


def mapped(source, prepare, batch_size):
    """`source` with every raw batch prepared: a PyDataset, or a generator for a generator.

    Raises:
        TypeError: nothing that can be iterated.
    """
    if isinstance(source, keras.utils.PyDataset):
        return MappedDataset(source, prepare)
    if hasattr(source, "element_spec"):
        batches = TensorFlowBatches(source, batch_size)
        if batches.infinite:
            return (prepare(batch) for batch in batches)
        return IteratedDataset(batches, prepare)
    if hasattr(source, "__next__"):
        return (prepare(batch) for batch in source)
    if hasattr(source, "__iter__"):
        return IteratedDataset(source, prepare)
    raise TypeError(
        "Data must be texts (list, tuple, array, Series), a DataFrame, a data set "
        "(tf.data.Dataset, keras.utils.PyDataset, datasets.Dataset, DataLoader) or a generator of "
        f"batches. {type(source).__name__} was given."
    )


def split_batch(batch):
    """`(x, y, sample_weight)` of a raw batch; what it lacks is None."""
    if isinstance(batch, list) and batch and not isinstance(batch[0], (str, bytes)):
        batch = tuple(batch)  # loaders of torch hand out lists
    if not isinstance(batch, tuple):
        return batch, None, None
    if len(batch) > 3:
        raise ValueError(f"A batch is (x, y, sample_weight). {len(batch)} parts were given.")
    return (*batch, None, None)[:3]


class ForTensorFlow:
    """What the TensorFlow trainer can iterate without tying itself to the first batches' shapes.

    Keras reads the shapes of a PyDataset off its first two batches. When both happen to have the
    same length, every later batch must have it too. Here all lengths are declared open.

    Args:
        batches: PyDataset, or generator.
        closed: whether only those dimensions are open that differ between the first two batches,
            and the first: for models that are not known to take any length.
        one_shape: whether all batches have the shape of the first one, as TPUs want it.

    `error` is what went wrong inside the batches: TensorFlow would show it as its own error.
    """

    def __init__(self, batches, closed=False, one_shape=False):
        self.batches, self.closed, self.one_shape = batches, closed, one_shape
        self.error, self._running = None, None

    def dataset(self):
        import tensorflow as tf

        finite = isinstance(self.batches, keras.utils.PyDataset)
        if finite:
            first, make = self.batches[0], self._pass
        else:
            first = next(self.batches, None)
            if first is None:
                raise ValueError("The data is empty: the generator gives no batches.")
            chained = itertools.chain([first], self.batches)
            make = lambda: self._guard(chained)  # noqa: E731
        spec = self._closed_spec if self.closed else shape_spec if self.one_shape else open_spec
        others = (self._second(first),) if self.closed else ()
        signature = keras.tree.map_structure(spec, first, *others)
        dataset = tf.data.Dataset.from_generator(make, output_signature=signature)
        if finite and self.batches.num_batches is not None:
            dataset = dataset.apply(
                tf.data.experimental.assert_cardinality(self.batches.num_batches)
            )
        return dataset.prefetch(2)

    def _second(self, first):
        one = self.batches.num_batches == 1
        return first if one else self.batches[1]

    @staticmethod
    def _closed_spec(first, second):
        import tensorflow as tf

        first, second = np.asarray(first), np.asarray(second)
        same = [a if a == b else None for a, b in zip(first.shape, second.shape)]
        return tf.TensorSpec([None, *same[1:]] if same else [], first.dtype)

    def _pass(self):
        self._finish(self._running)  # a pass that was left before its end
        mine = self._running = object()
        self.batches.on_epoch_begin()
        count = self.batches.num_batches
        numbers = range(count) if count is not None else itertools.count()
        yield from self._guard(self.batches[number] for number in numbers)
        self._finish(mine)

    def _finish(self, one_pass):
        # TensorFlow reads ahead on a thread of its own: a pass may see its end when the next one
        # has begun, and must not change the order then.
        if one_pass is not None and one_pass is self._running:
            self._running = None
            self.batches.on_epoch_end()

    def _guard(self, batches):
        try:
            yield from batches
        except Exception as error:
            self.error = error
            raise


def shape_spec(array):
    """The TensorSpec of an array of this shape."""
    import tensorflow as tf

    array = np.asarray(array)
    return tf.TensorSpec(array.shape, array.dtype)


def open_spec(array):
    """The TensorSpec of an array with every dimension open."""
    import tensorflow as tf

    array = np.asarray(array)
    return tf.TensorSpec([None] * array.ndim, array.dtype)
