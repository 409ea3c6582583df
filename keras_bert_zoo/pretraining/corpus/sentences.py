"""Documents to batches of sentences as tokens."""

import dataclasses

import numpy as np

from .extras import sentencex
from .packing import pieces
from .tokens import Tokens

BATCH = 500_000  # characters that are tokenized at once


@dataclasses.dataclass
class Counts:
    """What was met on the way, and how many tokens are in no example."""

    documents: int = 0
    sentences: int = 0
    left_out: int = 0


@dataclasses.dataclass
class Batch:
    """Some whole documents as tokens.

    Args:
        tokens: `Tokens` of their sentences, each short enough for a row.
        counts: sentences of each document.
        numbers: number of each document.
    """

    tokens: Tokens
    counts: list
    numbers: list

    def documents(self):
        """`(number, lengths of its sentences, place of its first token)` of each document."""
        lengths, first, place = self.tokens.lengths.tolist(), 0, 0
        for number, count in zip(self.numbers, self.counts):
            own = lengths[first : first + count]
            yield number, own, place
            first, place = first + count, place + sum(own)


class Splitter:
    """Paragraphs to sentences, by the rules of the language.

    Each but the first of a paragraph keeps a space before it: to byte-level BPE and SentencePiece
    its first word is then the same token as within a text.

    Args:
        language: as ISO 639 has it; one without rules of its own is split by general ones.

    Example:

    >>> Splitter("en")("Mr. Fox ran. He won!")
    ['Mr. Fox ran.', ' He won!']
    """

    def __init__(self, language):
        self._split, self._language = sentencex().segment, language

    def __call__(self, paragraph):
        found = [sentence.strip() for sentence in self._split(self._language, paragraph)]
        found = [sentence for sentence in found if sentence]
        return [*found[:1], *(" " + sentence for sentence in found[1:])]


def batches(documents, split, tokenize, rooms, counts):
    """Documents as `Batch`es, as many at once as are worth a call.

    Args:
        documents: iterable of `(number, paragraphs)`.
        split: `Splitter`.
        tokenize: function of a list of sentences that gives `Tokens`.
        rooms: most tokens of a sentence, and of the pieces of a longer one.
        counts: `Counts` to add to.
    """
    texts, sizes, numbers, total = [], [], [], 0
    for number, paragraphs in documents:
        found = [sentence for paragraph in paragraphs for sentence in split(paragraph)]
        texts += found
        sizes.append(len(found))
        numbers.append(number)
        total += sum(map(len, paragraphs))
        if total >= BATCH:
            yield _batch(texts, sizes, numbers, tokenize, rooms, counts)
            texts, sizes, numbers, total = [], [], [], 0
    if texts:
        yield _batch(texts, sizes, numbers, tokenize, rooms, counts)


def _batch(texts, sizes, numbers, tokenize, rooms, counts):
    tokens, owner = tokenize(texts), np.repeat(np.arange(len(sizes)), sizes)
    counts.documents += len(numbers)
    counts.sentences += len(texts)
    if (tokens.lengths > rooms[0]).any():
        owner, tokens.lengths = _in_pieces(owner, tokens, rooms)
    # A sentence of nothing but characters that the tokenizer drops has no tokens.
    has = tokens.lengths > 0
    tokens.lengths = tokens.lengths[has]
    return Batch(tokens, np.bincount(owner[has], minlength=len(sizes)).tolist(), numbers)


def _in_pieces(owner, tokens, rooms):
    lengths, ends = tokens.lengths.tolist(), np.cumsum(tokens.lengths)
    found, done, times = [], 0, np.ones(len(lengths), "int64")
    for at in np.flatnonzero(tokens.lengths > rooms[0]).tolist():
        own = tokens.starts_word[ends[at] - lengths[at] : ends[at]]
        parts = pieces(lengths[at], own, *rooms)
        found += [*lengths[done:at], *parts]
        done, times[at] = at + 1, len(parts)
    return np.repeat(owner, times), np.array(found + lengths[done:], "int64")
