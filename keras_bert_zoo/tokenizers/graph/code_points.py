"""What BERT's normalizer and pre-tokenizer make of each code point, frozen into a table.

Both look at one character at a time, so a table holds all that they do. It is found by asking them,
not by writing their rules anew: Unicode's tables differ from one release to the next.

One thing is left out: decomposing, which precedes the removal of accents, also sorts marks that
follow each other. Of those that are not removed there are 25, and it takes two of different classes
in a row, such as a Hangul tone and a musical stem, in one piece of the vocabulary, to matter.
"""

import functools
import json
from typing import NamedTuple

import numpy as np

from ..files import rust

# What becomes of a code point: a character within a word; one that is a word of its own; an
# ideograph, which is one too and comes between spaces; white space; nothing; several of these.
PLAIN, ISOLATED, SPACED, SPACE, DROPPED, SEVERAL = range(6)
KIND_BITS = 3
# No normalizer changes it, no other character becomes it, and nothing composes with it.
_SEPARATOR = "|"
# Beyond there are few characters, so they are asked about all at once first.
_DENSE, _TAGS = 0x32400, (0xE0000, 0xE0200)
_PAGE = 256


class Table(NamedTuple):
    """An entry for each of Unicode's code points: `(value - code point) << 3 | kind`.

    The value is the normalized character; where the kind is `SEVERAL` it is the number of a
    sequence of `value << 3 | kind`. Differences, so that equal pages can be kept once.

    Attributes:
        pages: int32 [4352], where the entries of each 256 code points begin in `entries`.
        entries: int32.
        sequences: int32, one sequence after the other.
        begins, sizes: int32, where each of these begins, and how long it is; the first is empty.
    """

    pages: np.ndarray
    entries: np.ndarray
    sequences: np.ndarray
    begins: np.ndarray
    sizes: np.ndarray


def table(normalizer):
    """The `Table` of a BertNormalizer followed by a BertPreTokenizer.

    Args:
        normalizer: the object of a tokenizer.json.
    """
    settings = {key: value for key, value in normalizer.items() if key != "type"}
    return _table(json.dumps(settings, sort_keys=True))


@functools.lru_cache(maxsize=8)
def _table(settings):
    points, values, splits = _normalized(json.loads(settings))
    lengths = np.diff(splits)
    kinds = _kinds(values)
    full = np.full(0x110000, DROPPED, np.int64)
    one = lengths == 1
    first = splits[:-1][one]
    full[points[one]] = (values[first] - points[one]) << KIND_BITS | kinds[first]
    sequences, sizes = [], [0]
    for place in np.flatnonzero(lengths > 1):
        point, part = points[place], slice(splits[place], splits[place + 1])
        if list(kinds[part])[::2] == [SPACE, SPACE]:
            value, kind = values[part][1], SPACED
        else:
            value, kind = len(sizes), SEVERAL
            sequences.append(values[part] << KIND_BITS | kinds[part])
            sizes.append(lengths[place])
        full[point] = (value - point) << KIND_BITS | kind
    distinct, which = np.unique(full.reshape(-1, _PAGE), axis=0, return_inverse=True)
    begins = np.cumsum(sizes) - sizes
    sequences = np.concatenate([*sequences, [PLAIN]])  # never empty: it is indexed in any case
    arrays = which.reshape(-1) * _PAGE, distinct.reshape(-1), sequences, begins, sizes
    return Table(*(np.array(array, np.int32) for array in arrays))


def _normalized(settings):
    """Code points, and what a BertNormalizer makes of each: flat values, and their splits."""
    normalizer = rust().normalizers.BertNormalizer(**settings)
    ranges = (0, 0xD800), (0xE000, _DENSE), (_DENSE, _TAGS[0]), _TAGS, (_TAGS[1], 0x110000)
    points, values, lengths = [], [], []
    for begin, end in ranges:
        part = np.setdiff1d(np.arange(begin, end), [ord(_SEPARATOR)], assume_unique=True)
        text = _text(part)
        at_once = normalizer.normalize_str(text) if begin >= _DENSE else None
        if at_once in ("", text):
            found = part if at_once else part[:0]
            size = np.full(len(part), len(found) // len(part))
        else:
            found, size = _one_by_one(normalizer, text)
        points.append(part)
        values.append(found)
        lengths.append(size)
    points.append([ord(_SEPARATOR)])
    values.append([ord(_SEPARATOR)])
    lengths.append([1])
    splits = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    return np.concatenate(points), np.concatenate(values), splits


def _one_by_one(normalizer, text):
    """What becomes of each character of a text: flat values, and how many of each."""
    joined = _SEPARATOR + _SEPARATOR.join(text) + _SEPARATOR
    found = _code_points(normalizer.normalize_str(joined))
    is_separator = found == ord(_SEPARATOR)
    lengths = np.diff(np.flatnonzero(is_separator)) - 1
    if len(lengths) != len(text):
        raise RuntimeError("BertNormalizer changes its separator. Please report this.")
    return found[~is_separator], lengths


def _kinds(values):
    """What a BertPreTokenizer makes of characters: `PLAIN`, `ISOLATED` or `SPACE`."""
    distinct, which = np.unique(values, return_inverse=True)
    # Whatever is not within a longer word is asked about once more, between letters.
    starts, ends = _words(_text(distinct)).T
    within = np.zeros(len(distinct) + 1, int)
    np.add.at(within, starts[ends - starts > 1], 1)
    np.add.at(within, ends[ends - starts > 1], -1)
    (doubtful,) = np.nonzero(np.cumsum(within)[:-1] == 0)
    starts, ends = _words("a" + "a".join(_text(distinct[doubtful])) + "a").T
    kinds = np.full(len(distinct), PLAIN)
    kinds[doubtful[starts[(starts % 2 == 1) & (ends == starts + 1)] // 2]] = ISOLATED
    kinds[doubtful[ends[:-1][starts[1:] > ends[:-1]] // 2]] = SPACE
    return kinds[which.reshape(-1)]


def _words(text):
    """Where the words of a text start and end, by a BertPreTokenizer."""
    words = rust().pre_tokenizers.BertPreTokenizer().pre_tokenize_str(text)
    return np.array([span for _, span in words])


def _text(points):
    return points.astype("<u4").tobytes().decode("utf-32-le")


def _code_points(text):
    return np.frombuffer(text.encode("utf-32-le"), "<u4").astype(np.int64)
