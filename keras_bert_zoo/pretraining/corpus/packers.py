"""Batches of documents to examples: one class for each way of packing."""

import dataclasses

import numpy as np

from .draws import Draws
from .packing import segment_pairs, sentences
from .tokens import Tokens


@dataclasses.dataclass
class Packed:
    """Examples as flat arrays.

    Args:
        ids, starts_word: int32 and bool `(tokens,)`, of one example after the other.
        lengths: int32 `(examples, parts)`, tokens of each part.
        documents: int64 `(examples,)`, the document that each begins in.
    """

    ids: np.ndarray
    starts_word: np.ndarray
    lengths: np.ndarray
    documents: np.ndarray


class PairPacker:
    """Two segments of one document.

    Args:
        settings: `Settings`.
        rooms: tokens that a row of one text and a row of a pair have room for.
        copy: number of this time that the documents are packed.
        counts: `Counts` to add to.
        separator: id of a token between documents; pairs have none.
    """

    parts = 2

    def __init__(self, settings, rooms, copy, counts, separator=None):
        self.room, self.short = rooms[self.parts - 1], settings.short_seq_prob
        self.seed, self.copy, self.counts, self.separator = settings.seed, copy, counts, separator

    @property
    def sentence_rooms(self):
        """Most tokens of a sentence, and of the pieces of a longer one: two pieces fill a row."""
        return self.room, self.room // 2

    def __call__(self, batch):
        """The examples of a `Batch`, as `Packed`."""
        found, owners = [], []
        for number, lengths, place in batch.documents():
            own = self.stretches(lengths, Draws(self.seed, self.copy, number))
            found += [[at + place for at in stretch] for stretch in own]
            owners += [number] * len(own)
        return gathered(batch.tokens, found, owners, self.parts)

    def stretches(self, lengths, draws):
        """Where the parts of each example start and end in a document."""
        pairs, left_out = segment_pairs(lengths, self.room, self.short, draws)
        self.counts.left_out += left_out
        return pairs

    def rest(self):
        """What was waiting for more when the last batch has been packed."""
        return gathered(Tokens(np.zeros(0, "int32"), np.zeros(0, bool), None), [], [], self.parts)


class SentencePacker(PairPacker):
    """Whole sentences of one document in a row."""

    parts = 1

    @property
    def sentence_rooms(self):
        return self.room, self.room

    def stretches(self, lengths, draws):
        return sentences(lengths, self.room, self.short, draws)[0]


class StreamPacker(SentencePacker):
    """Whole sentences in a row, on into the next document after a separator."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._waiting = self._draws = None

    def __call__(self, batch):
        self._draws = self._draws or Draws(self.seed, self.copy, batch.numbers[0])
        stream = self._stream(batch)
        return self._packed(stream, final=False) if stream else super().rest()

    def rest(self):
        return self._packed(self._waiting, final=True) if self._waiting else super().rest()

    def _stream(self, batch):
        """What waits, then the batch: ids, starts_word; lengths, is separator, number of each."""
        parts, tokens = [self._waiting] if self._waiting else [], batch.tokens
        for number, lengths, place in batch.documents():
            if not lengths:
                continue
            if parts:
                mark = np.array([self.separator], "int32"), np.ones(1, bool)
                parts.append((*mark, np.ones(1, "int64"), np.ones(1, bool), np.array([number])))
            own, count = slice(place, place + sum(lengths)), len(lengths)
            each = np.array(lengths), np.zeros(count, bool), np.full(count, number)
            parts.append((tokens.ids[own], tokens.starts_word[own], *each))
        return tuple(np.concatenate(column) for column in zip(*parts))

    def _packed(self, stream, final):
        ids, starts_word, lengths, separators, numbers = stream
        options = self.room, self.short, self._draws, separators.tolist(), final
        found, first = sentences(lengths.tolist(), *options)
        places = np.concatenate([[0], np.cumsum(lengths)])
        left, at = slice(first, None), slice(places[first], None)
        each = lengths[left], separators[left], numbers[left]
        self._waiting = (ids[at], starts_word[at], *each) if first < len(lengths) else None
        owners = numbers[np.searchsorted(places, [start for start, _ in found])] if found else []
        return gathered(Tokens(ids, starts_word, lengths), found, owners, self.parts)


PACKERS = {
    "segment_pairs": PairPacker,
    "full_sentences": StreamPacker,
    "doc_sentences": SentencePacker,
}


def gathered(tokens, stretches, owners, parts):
    """The `Packed` tokens of `stretches`: tuples of where each part starts and ends."""
    ranges = np.array(stretches, "int64").reshape(-1, 2)
    lengths = ranges[:, 1] - ranges[:, 0]
    firsts = np.cumsum(lengths) - lengths
    places = np.arange(lengths.sum()) + np.repeat(ranges[:, 0] - firsts, lengths)
    starts_word = tokens.starts_word[places]
    starts_word[firsts] = True  # what is left of a word that was cut is a word here
    lengths = lengths.astype("int32").reshape(-1, parts)
    return Packed(tokens.ids[places], starts_word, lengths, np.array(owners, "int64"))
