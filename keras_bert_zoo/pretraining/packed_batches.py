"""Batches whose rows are full: examples stand one after the other, and no token is padding."""

import numpy as np

from .batches import PretrainingBatches
from .rows import NO_WORD, rows_of


class PackedBatches(PretrainingBatches):
    """`PretrainingBatches` of rows that are cut off one long row of all examples of a pass.

    An example that is cut goes on at the beginning of the next row, as an example of its own. Rows
    have `sequence_ids` `(rows, length)`, the number of each token's example in its row, from 1; see
    `keras_bert_zoo.packed_texts`. There are no `parts` and no `documents`.

    Arguments are those of `PretrainingBatches`; the source has `sizes` too, an array `(examples,
    2)` of the tokens and the parts of each, or all examples are read to know them.
    """

    def __init__(self, source, tokenizer, *others, **options):
        self._ends = (None, None)
        self._row_sizes = _row_sizes(source, tokenizer)
        super().__init__(source, tokenizer, *others, **options)

    def num_rows(self):
        return int(self._row_sizes.sum()) // self.length

    def fingerprint(self):
        return {**super().fingerprint(), "packed": True}

    def rows(self, epoch, first):
        ends, start = self._ends_of(epoch), first * self.length
        stop = start + self.batch_size * self.length
        few = slice(
            int(np.searchsorted(ends, start, "right")), int(np.searchsorted(ends, stop)) + 1
        )
        numbers = self.order(epoch)[few]
        before = ends[few] - self._row_sizes[numbers]
        stream = _stream(self.source.read(numbers), before, self.tokenizer)
        cut = slice(start - int(before[0]), stop - int(before[0]))
        rows = {
            key: value[cut].reshape(self.batch_size, self.length)
            for key, value in stream.items()
            if key != "spans"
        }
        rows["sequence_ids"] -= rows["sequence_ids"][:, :1] - 1
        first_words = np.where(rows["words"] == NO_WORD, np.iinfo("int32").max, rows["words"])
        least = first_words.min(axis=1, keepdims=True)
        rows["words"] = np.where(rows["words"] == NO_WORD, NO_WORD, rows["words"] - least)
        return {**rows, "spans": _spans(stream["spans"], start, rows["token_ids"].shape)}

    def _ends_of(self, epoch):
        """Where each example of a pass ends in its long row."""
        if self._ends[0] != epoch:
            self._ends = (epoch, np.cumsum(self._row_sizes[self.order(epoch)]))
        return self._ends[1]


def _row_sizes(source, tokenizer):
    """Tokens of each example, special ones included."""
    sizes = getattr(source, "sizes", None)
    if sizes is None:
        read = (one for number in range(len(source)) for one in source.read([number]))
        sizes = np.array([(len(one.token_ids), len(one.lengths)) for one in read])
    special = np.array([0, *(tokenizer.template.layout(parts).special for parts in (1, 2))])
    return sizes[:, 0] + special[sizes[:, 1]]


def _stream(examples, before, tokenizer):
    """All examples as one long row; `spans` are in its places, counted from the pass's first."""
    found = {key: [] for key in ("token_ids", "segment_ids", "padding_mask", "words")}
    spans, numbers, words = [np.zeros((0, 2), "int64")], [], 0
    for number, (example, place) in enumerate(zip(examples, before)):
        layout = tokenizer.template.layout(len(example.lengths))
        rows = rows_of([example], tokenizer, layout.special + sum(example.lengths))
        is_word = rows["words"] != NO_WORD
        rows["words"] = np.where(is_word, rows["words"] + words, NO_WORD)
        words = max(words, int(rows["words"].max()) + 1)
        for key, parts in found.items():
            parts.append(rows[key][0])
        numbers.append(np.full(rows["words"].shape[1], number + 1, "int32"))
        spans.append(rows["spans"][0] + int(place))
    joined = {key: np.concatenate(parts) for key, parts in found.items()}
    return {**joined, "sequence_ids": np.concatenate(numbers), "spans": np.concatenate(spans)}


def _spans(spans, start, shape):
    """Those that are whole in a row, for each row, in its places."""
    length, spans = shape[1], spans - start
    row = spans[:, 0] // length
    whole = (spans[:, 0] >= 0) & ((spans[:, 1] - 1) // length == row)
    return [
        (spans[whole & (row == number)] - number * length).astype("int32")
        for number in range(shape[0])
    ]
