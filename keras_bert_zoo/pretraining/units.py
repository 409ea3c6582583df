"""What is hidden together: tokens, words, several words in a row, or given phrases."""

import dataclasses
from collections.abc import Callable

import numpy as np

from .rows import NO_WORD


@dataclasses.dataclass(frozen=True)
class Units:
    """One way to divide rows into what is hidden together.

    Args:
        number: `(batch, rng) -> (units, first)`: int `(rows, length)`, the number of the unit that
            each token is of, from 0, or -1 for those that stay as they are; and how many of the
            units, those with the lowest numbers, are hidden before others, int `(rows,)`.
        cut: whether a unit that is too long is cut after one of its words, or passed over.
        alike: whether all tokens of a unit are replaced in the same way.
    """

    number: Callable
    cut: bool = False
    alike: bool = False


def single_tokens(batch, rng):
    """Each token for itself (BERT)."""
    places = np.arange(batch["words"].shape[1])
    return np.where(batch["words"] != NO_WORD, places, NO_WORD), _none(batch)


def whole_words(batch, rng):
    """All pieces of a word together (https://github.com/google-research/bert, of May 2019)."""
    return batch["words"], _none(batch)


def ngrams(batch, rng):
    """One to three words, n of them with a probability in proportion to 1/n.

    https://arxiv.org/abs/1909.11942, section 4.1.
    """
    return _stretches(batch, NGRAMS, rng), _none(batch)


def spans(batch, rng):
    """One to ten words, of a geometric distribution with p = 0.2.

    https://arxiv.org/abs/1907.10529, section 3.1. As in its code, longer ones are not drawn: the
    mean is 3.8 words.
    """
    return _stretches(batch, SPANS, rng), _none(batch)


def given(batch, rng):
    """The spans that examples bring, entities or phrases, and then single words (ERNIE).

    https://arxiv.org/abs/1904.09223, section 3.3. Of spans that overlap the first one counts.
    """
    units, first = batch["words"].astype("int64"), np.zeros(len(batch["words"]), int)
    for row, found in enumerate(batch["spans"]):
        owner = np.full(units.shape[1], NO_WORD)
        for start, end in found:
            free = (owner[start:end] == NO_WORD).all() and (units[row, start:end] != NO_WORD).all()
            if free and end > start:
                owner[start:end], first[row] = first[row], first[row] + 1
        words = np.where(units[row] == NO_WORD, NO_WORD, units[row] + first[row])
        units[row] = np.where(owner == NO_WORD, words, owner)
    return units, first


UNITS = {
    "tokens": Units(single_tokens),
    "words": Units(whole_words),
    "ngrams": Units(ngrams, cut=True),
    "spans": Units(spans, cut=True, alike=True),
    "given": Units(given),
}


def _normalized(weights):
    return np.array(weights) / np.sum(weights)


# Probabilities of 1, 2, ... words.
NGRAMS = _normalized([1 / n for n in range(1, 4)])
SPANS = _normalized([0.2 * 0.8 ** (n - 1) for n in range(1, 11)])


def _none(batch):
    return np.zeros(len(batch["words"]), int)


def _stretches(batch, probabilities, rng):
    """Divides the words of each row into stretches of random lengths.

    None goes on behind a special token, in another part or another example.
    """
    words = batch["words"]
    rows, most = len(words), int(words.max(initial=0)) + 1
    lengths = 1 + np.searchsorted(np.cumsum(probabilities), rng.random((rows, most)), "right")
    ends = np.minimum(np.cumsum(np.minimum(lengths, len(probabilities)), axis=1), most)
    begins = np.zeros((rows, most + 1), int)
    np.put_along_axis(begins, ends, 1, axis=1)
    is_word = words != NO_WORD
    behind = is_word & np.pad(~is_word, ((0, 0), (1, 0)), constant_values=True)[:, :-1]
    row, place = np.nonzero(behind)
    begins[row, words[row, place]] = 1
    number = np.cumsum(begins, axis=1)
    number -= number[:, :1]
    found = np.take_along_axis(number, np.maximum(words, 0), axis=1)
    return np.where(is_word, found, NO_WORD)
