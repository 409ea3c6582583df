"""Data that can be begun at any batch.

What `ResumableTraining` asks of data is little:

- A *finite* `keras.utils.PyDataset` gives batch `i` of a pass as `data[i]`. If its passes differ,
  `data.start_epoch(number)` says which pass it is in, and the batches are a pure function of that
  number and `i`. (`LengthBatches` is one: texts of every task.)
- A *stream* has `num_batches = None` and `data.start_at(position)`: from then on `data[i]` is
  batch `position + i`. (`PretrainingBatches` is one.)
- Both may have `fingerprint()`: text, or a flat dictionary of what the data is. Data that tells
  another one is refused by the name of what differs. And `batch_name(i)`: text for messages.

Whatever it says of itself, the last batch that was learnt from is asked for again and compared.
"""

import collections
import threading

import keras

from ..preprocessing.fingerprint import fingerprint

REMEMBERED = 256  # batches whose digest is kept: more than any trainer reads ahead


class ResumableData(keras.utils.PyDataset):
    """Batches by their number in the run, over all passes, from any number on.

    Args:
        source: data as said above.

    Raises:
        TypeError: data that cannot be begun in the middle.
    """

    def __init__(self, source):
        check_source(source)
        super().__init__(workers=source.workers, max_queue_size=source.max_queue_size)
        self.source, self.endless = source, source.num_batches is None
        self.start, self._is_last_out = 0, False
        self._digests = collections.OrderedDict()
        # TensorFlow may still read ahead for a `fit` that is over while the next one begins.
        self._lock = threading.RLock()

    @property
    def pass_length(self):
        """Batches of a whole pass; None for a stream."""
        return None if self.endless else self.source.num_batches

    @property
    def num_batches(self):
        """Batches that are left of this pass; None for a stream."""
        return None if self.endless else self.pass_length - self.start % self.pass_length

    def first_position(self):
        """The batch that the data would begin with by itself."""
        if self.endless:
            return int(getattr(self.source, "first", 0))
        return int(getattr(self.source, "epoch", 0)) * self.pass_length

    def start_at(self, position):
        """Makes batch `position` of the run the one that `self[0]` is."""
        with self._lock:
            self.start, self._is_last_out = int(position), False
            if self.endless:
                self.source.start_at(self.start)
            elif hasattr(self.source, "start_epoch") and getattr(self.source, "shuffle", True):
                number = self.start // self.pass_length
                if number != self.source.epoch:
                    self.source.start_epoch(number)

    def __getitem__(self, index):
        with self._lock:
            batch = self._batch(index)
            self._digests[self.start + index] = fingerprint(batch)
            while len(self._digests) > REMEMBERED:
                self._digests.popitem(last=False)
        return batch

    def _batch(self, index):
        if self.endless:
            return self.source[index]
        if not 0 <= index < self.num_batches:
            raise IndexError(f"{self.num_batches} batches are left. Asked for: {index}.")
        self._is_last_out |= index == self.num_batches - 1
        return self.source[self.start % self.pass_length + index]

    def on_epoch_begin(self):
        self.source.on_epoch_begin()

    def on_epoch_end(self):
        self.source.on_epoch_end()
        # Keras also calls this in the middle of a pass, as `LengthBatches` says.
        if self._is_last_out:
            self.start_at(self.start + self.num_batches)

    def digest_of(self, position):
        """Digest of a batch that was handed out lately; None if it was not."""
        return self._digests.get(position)

    def is_same(self, position, told):
        """Whether batch `position` is the one with this digest."""
        self.start_at(position)
        return fingerprint(self[0]) == told

    def batch_name(self, position):
        """What the source says of a batch, such as the numbers of its rows; else nothing."""
        self.start_at(position)
        index = 0 if self.endless else self.start % self.pass_length
        return self.source.batch_name(index) if hasattr(self.source, "batch_name") else ""

    def fingerprint(self):
        """Name -> what must be the same when the run goes on."""
        told = getattr(self.source, "fingerprint", dict)()
        told = told if isinstance(told, dict) else {"fingerprint": told}
        return {"batches of a pass": self.pass_length, **told}


def check_source(source):
    """Refuses data that cannot be begun in the middle, and says what can."""
    way_out = (
        "Give data in memory, a PyDataset, or a stream with start_at(position); see "
        "keras_bert_zoo.training.resumable_data."
    )
    if not isinstance(source, keras.utils.PyDataset):
        raise TypeError(
            f"A {type(source).__name__} cannot be begun in the middle, so a training on it cannot "
            f"be resumed. {way_out}"
        )
    if source.num_batches is None and not hasattr(source, "start_at"):
        raise TypeError(
            f"This {type(source).__name__} has no end (num_batches is None) and no start_at, so it "
            f"cannot be begun in the middle. {way_out}"
        )
