"""Batches for pre-training, each a pure function of the seed and its number."""

import keras
import numpy as np

from .rows import rows_of


class PretrainingBatches(keras.utils.PyDataset):
    """An endless stream of batches, spoilt by objectives in their own way in every pass.

    Batch `step` depends on nothing but the seed and `step`: which examples are in it, and what is
    hidden in them. All batches have one shape; what is left over at the end of a pass is in another
    place in the next one.

    Args:
        source: of examples: `len(source)` and `source.read(numbers)`; perhaps `source.order(seed,
            epoch)`, an array of all numbers, for one that is read better in some orders.
        tokenizer: `keras_bert_zoo.Tokenizer`.
        objectives: list of `Objective`, in the order in which they change the text.
        input_names: what the model is given.
        length: tokens of a row.
        batch_size: rows of a batch.
        seed: of the order and of what is hidden.
        shuffle: whether the order is random.

    Raises:
        ValueError: fewer examples than one batch has rows.
    """

    def __init__(
        self,
        source,
        tokenizer,
        objectives,
        input_names,
        *,
        length,
        batch_size=32,
        seed=0,
        shuffle=True,
    ):
        super().__init__(workers=1)
        self.source, self.tokenizer, self.objectives = source, tokenizer, list(objectives)
        self.input_names, self.length, self.batch_size = list(input_names), length, int(batch_size)
        self.seed, self.shuffle, self.first = seed, shuffle, 0
        self._order = (None, None)
        self.batches_per_pass = self.num_rows() // self.batch_size
        if not self.batches_per_pass:
            raise ValueError(
                f"There are {self.num_rows()} rows, fewer than batch_size={batch_size}: give more "
                "text, or a smaller batch_size."
            )

    num_batches = None  # it has no end

    def start_at(self, step):
        """Makes batch `step` the first that is handed out."""
        self.first = int(step)

    def fingerprint(self):
        """What tells this stream from others: name -> value."""
        return {
            "examples": len(self.source),
            "checksum": str(getattr(self.source, "checksum", "")),
            "length": self.length,
            "batch_size": self.batch_size,
            "seed": self.seed,
            "shuffle": self.shuffle,
            "objectives": str([(one.name, one.get_config()) for one in self.objectives]),
        }

    def __getitem__(self, index):
        return self.at(self.first + index)

    def at(self, step):
        """`(x, y)` of batch `step`."""
        epoch, place = divmod(step, self.batches_per_pass)
        rows = {**self.rows(epoch, place * self.batch_size), "step": step}
        return self.corrupted(rows, np.random.default_rng((self.seed, 1, step)))

    def num_rows(self):
        """Rows of a pass."""
        return len(self.source)

    def rows(self, epoch, first):
        """The rows of a batch, as `rows_of` makes them: those from `first` on, of this pass."""
        numbers = self.order(epoch)[first : first + self.batch_size]
        return rows_of(self.source.read(numbers), self.tokenizer, self.length)

    def order(self, epoch):
        """Numbers of all examples, in the order of this pass."""
        if self._order[0] != epoch:
            self._order = (epoch, self._new_order(epoch))
        return self._order[1]

    def _new_order(self, epoch):
        if not self.shuffle:
            return np.arange(len(self.source))
        if hasattr(self.source, "order"):
            return self.source.order(self.seed, epoch)
        return np.random.default_rng((self.seed, 0, epoch)).permutation(len(self.source))

    def corrupted(self, batch, rng):
        """`(x, y)`, what the model is given and what its objectives are to learn."""
        y = {}
        for objective in self.objectives:
            batch, targets = objective.corrupt(batch, rng)
            y.update({f"{objective.name}/{key}": value for key, value in targets.items()})
        return {name: batch[name] for name in self.input_names}, y
