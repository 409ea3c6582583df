"""An endless stream of batches of a corpus, in any place of which one can begin."""

import numpy as np

from .windows import WINDOW, WindowOrder


class CorpusStream:
    """Endless batches of a corpus in random order, each a pure function of its number.

    Args:
        corpus: `Corpus`.
        batch_size: examples of a batch.
        seed: of the order.
        window: examples that are shuffled together.
        host_index, host_count: of this host and of all, where several train together: each reads
            examples of its own.
        collate: function from a list of `Example` to a batch; to a dictionary of padded arrays if
            not given, see `padded`.
        step: number of the batch that is next.

    Example:

    >>> stream = CorpusStream(Corpus("shards"), batch_size=32, seed=1)
    >>> next(stream)["token_ids"].shape
    (32, 128)
    >>> same = CorpusStream.from_state(Corpus("shards"), stream.state())
    >>> bool((next(same)["token_ids"] == next(stream)["token_ids"]).all())
    True
    """

    def __init__(
        self,
        corpus,
        batch_size,
        *,
        seed=0,
        window=WINDOW,
        host_index=0,
        host_count=1,
        collate=None,
        step=0,
    ):
        if batch_size < 1:
            raise ValueError(f"batch_size is 1 or more. Given: {batch_size!r}.")
        self.corpus, self.batch_size, self.step = corpus, int(batch_size), int(step)
        self._order = WindowOrder(corpus.group_sizes, seed, window, host_index, host_count)
        self._collate = collate

    def at(self, step):
        """The batch of this number."""
        numbers = self._order.numbers(int(step) * self.batch_size, self.batch_size)
        examples = self.corpus.read(numbers)
        return self._collate(examples) if self._collate else padded(examples, self.corpus.length)

    @property
    def batches_per_epoch(self):
        """In how many batches all examples have been seen once, about: epochs meet in a batch."""
        return len(self._order) / self.batch_size

    def __iter__(self):
        return self

    def __next__(self):
        batch = self.at(self.step)
        self.step += 1
        return batch

    def state(self):
        """Where the stream is, as a dictionary for JSON."""
        order = self._order
        return {
            "step": self.step,
            "batch_size": self.batch_size,
            "seed": order.seed,
            "window": order.window,
            "host_index": order.host_index,
            "host_count": order.host_count,
            "checksum": self.corpus.checksum,
        }

    @classmethod
    def from_state(cls, corpus, state, collate=None):
        """The stream that was saved, which goes on with the very next batch.

        Raises:
            ValueError: the corpus is another one.
        """
        state = dict(state)
        if state.pop("checksum") != corpus.checksum:
            raise ValueError(
                f"The state is of another corpus than {corpus.folder}: in this one the same place "
                "has other examples. Open the corpus that it was saved with, or begin anew."
            )
        return cls(corpus, collate=collate, **state)

    def as_py_dataset(self, **options):
        """A `keras.utils.PyDataset` from here on, without an end; `fit` needs `steps_per_epoch`.

        Args:
            **options: of `keras.utils.PyDataset`, such as `workers`.
        """
        from .adapters import py_dataset

        return py_dataset(self, **options)

    def as_tf_dataset(self):
        """A `tf.data.Dataset` from here on, whose iterator `tf.train.Checkpoint` saves exactly."""
        from .adapters import tf_dataset

        return tf_dataset(self)

    def as_grain(self):
        """A `grain.MapDataset` from here on, whose iterators have `get_state` and `set_state`."""
        from .adapters import grain_dataset

        return grain_dataset(self)


def padded(examples, length):
    """Examples as arrays of one shape, without special tokens.

    Args:
        examples: list of `Example`.
        length: columns.

    Returns:
        Dictionary: `token_ids` int32 and `starts_word` bool `(examples, length)`, zeros behind the
        end; `lengths` int32 `(examples, 2)`, tokens of each part, 0 for one that there is not;
        `document` int64 `(examples,)`.
    """
    shape = (len(examples), length)
    token_ids, starts_word = np.zeros(shape, "int32"), np.zeros(shape, bool)
    lengths = np.zeros((len(examples), 2), "int32")
    for row, one in enumerate(examples):
        token_ids[row, : len(one.token_ids)] = one.token_ids
        starts_word[row, : len(one.token_ids)] = one.starts_word
        lengths[row, : len(one.lengths)] = one.lengths
    document = np.array([one.document for one in examples], "int64")
    found = {"token_ids": token_ids, "starts_word": starts_word}
    return {**found, "lengths": lengths, "document": document}
