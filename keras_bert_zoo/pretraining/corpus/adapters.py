"""A `CorpusStream` as what Keras, TensorFlow and Grain read; each is a few lines over `at`."""

import keras
import numpy as np

from .extras import needed

END = 2**62  # a number that no training reaches


def py_dataset(stream, **options):
    """See `CorpusStream.as_py_dataset`."""
    return StreamDataset(stream, **options)


class StreamDataset(keras.utils.PyDataset):
    """The batches of a stream, from where it is."""

    num_batches = None  # it has no end

    def __init__(self, stream, **options):
        super().__init__(**options)
        self._stream, self._first = stream, stream.step

    def __getitem__(self, index):
        return self._stream.at(self._first + index)


def tf_dataset(stream):
    """See `CorpusStream.as_tf_dataset`."""
    tf = needed("tensorflow", "TensorFlow", "as_tf_dataset", "tensorflow")
    one = stream.at(stream.step)
    if not isinstance(one, dict) or not all(isinstance(v, np.ndarray) for v in one.values()):
        raise ValueError(
            "as_tf_dataset needs a collate that gives a dictionary of numpy arrays. Given: "
            f"{type(one).__name__}."
        )

    def read(step):
        batch = stream.at(step)
        return [batch[name] for name in one]

    def load(step):
        kinds = [value.dtype for value in one.values()]
        found = tf.numpy_function(read, [step], kinds, stateful=False)
        for value, like in zip(found, one.values()):
            value.set_shape(like.shape)
        return dict(zip(one, found))

    options = tf.data.Options()
    # What is outside of the graph are files: the number of the batch is all there is to save.
    options.experimental_external_state_policy = tf.data.experimental.ExternalStatePolicy.IGNORE
    numbers = tf.data.Dataset.range(stream.step, END)
    return numbers.map(load).with_options(options).prefetch(2)


def grain_dataset(stream):
    """See `CorpusStream.as_grain`."""
    grain = needed("grain", "Grain", "as_grain", "grain")
    return grain.MapDataset.range(stream.step, END).map(stream.at)
