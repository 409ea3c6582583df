"""Where grapheme clusters begin, as the `tokenizers` library sees it.

It does not tell, but its Precompiled normalizer replaces a whole cluster of less than six bytes
whose beginning is listed. So lists of one entry show whether two characters are of one cluster.
What is of no matter to that normalizer, the clusters of flags, is left out.
"""

import functools
import struct

import numpy as np
import tensorflow as tf

from ..files import rust
from .characters import earlier, latest
from .unicode_tables import Numbers, asked, for_all, text

ATTACHED, PREPENDED, CONTROL, PICTURE, CONSONANT, LINKER = (1 << bit for bit in range(6))
_HANGUL = 1 << 6
_LEADING, _VOWEL, _TRAILING, _OPEN, _CLOSED = range(1, 6)
CARRIAGE_RETURN, LINE_FEED, JOINER = 0x0D, 0x0A, 0x200D
# Which of Hangul's kinds may follow each.
_FOLLOWS = {
    _LEADING: (_LEADING, _VOWEL, _OPEN, _CLOSED),
    _VOWEL: (_VOWEL, _TRAILING),
    _OPEN: (_VOWEL, _TRAILING),
    _TRAILING: (_TRAILING,),
    _CLOSED: (_TRAILING,),
}
# A character between these two, with the entry, is turned into what shows the property.
_QUESTIONS = (
    (ATTACHED, "a", "a", "", lambda answer: answer == "!"),
    (PREPENDED, "a", "", "a\u0301", lambda answer: answer[-1] != "!"),
    (CONTROL, "\u0301\u0302", "", "\u0301\u0302", lambda answer: answer[-1] == "!"),
    (PICTURE, "©", "©\u200d", "", lambda answer: len(answer) == 3),
    (CONSONANT, "\u0915", "", "\u094d\u0915\u0301", lambda answer: answer[-1] != "!"),
    (LINKER, "\u0915", "\u0915", "\u0915\u0301", lambda answer: answer[-1] != "!"),
)


class Graphemes(tf.Module):
    """Whether each character begins a grapheme cluster."""

    def __init__(self):
        super().__init__()
        self._flags = Numbers(flags())
        follows = np.zeros((6, 6), bool)
        for kind, kinds in _FOLLOWS.items():
            follows[kind, list(kinds)] = True
        self._follows = tf.constant(follows.reshape(-1))

    def simple(self, points):
        """Whether there are clusters of one character alone."""
        several = (self._flags(points) & (ATTACHED | PREPENDED)) > 0
        return ~tf.reduce_any(several | (points == CARRIAGE_RETURN))

    def __call__(self, points, first):
        """Bool [n] of code points, and whether each begins a text, [n]."""
        flags = self._flags(points)
        before = earlier(flags, 0)
        previous = earlier(points, 0)
        joined = _has(flags, ATTACHED) | _has(before, PREPENDED)
        hangul = before // _HANGUL * 6 + flags // _HANGUL
        joined |= tf.gather(self._follows, hangul)
        # The flags of the last character that is attached to none.
        places = tf.range(tf.size(points))
        base_place = latest(earlier(~_has(flags, ATTACHED), True), places) - 1
        base = tf.where(base_place < 0, 0, tf.gather(flags, tf.maximum(base_place, 0)))
        joined |= (previous == JOINER) & _has(flags, PICTURE) & _has(base, PICTURE)
        linkers = tf.cumsum(tf.cast(_has(flags, LINKER), tf.int32), exclusive=True)
        linked = linkers - tf.gather(linkers, tf.maximum(base_place, 0)) > 0
        joined |= linked & _has(flags, CONSONANT) & _has(base, CONSONANT)
        joined &= ~_has(flags | before, CONTROL)
        joined |= (previous == CARRIAGE_RETURN) & (points == LINE_FEED)
        return first | ~joined


def _has(flags, flag):
    return (flags & flag) > 0


@functools.cache
def flags():
    """What is to be known of each code point: a bit for each property, and its kind of Hangul."""
    characters = text(asked()).replace("\n", " ")
    found = np.zeros(len(characters), "int32")
    for flag, key, before, after, holds in _QUESTIONS:
        normalizer = rust().normalizers.Precompiled(one_entry(key.encode(), b"!"))
        asking = "\n".join(before + character + after for character in characters)
        answers = normalizer.normalize_str(asking).split("\n")
        found[np.array([holds(answer) for answer in answers])] |= flag
    found[found & PREPENDED > 0] &= ~LINKER
    full = for_all(found)
    full[[LINE_FEED, CARRIAGE_RETURN]] = CONTROL
    return full | _hangul() * _HANGUL


def _hangul():
    """Kinds of Hangul; these blocks never change."""
    kinds = np.zeros(0x110000, "int32")
    kinds[0x1100:0x1160] = kinds[0xA960:0xA97D] = _LEADING
    kinds[0x1160:0x11A8] = kinds[0xD7B0:0xD7C7] = _VOWEL
    kinds[0x11A8:0x1200] = kinds[0xD7CB:0xD7FC] = _TRAILING
    kinds[0xAC00:0xD7A4] = _CLOSED
    kinds[0xAC00:0xD7A4:28] = _OPEN
    return kinds


def one_entry(key, value):
    """A charsmap that replaces one text by another, both as bytes: see `charsmap.entries`."""
    units = [0] * 256 * (len(key) + 2)
    place = 0
    for depth, byte in enumerate(key, 1):
        units[place] |= (place ^ (256 * depth)) << 10
        place = 256 * depth ^ byte
        units[place] = byte
    base = 256 * (len(key) + 1)
    units[place] |= 1 << 8 | (place ^ base) << 10
    units[base] = 1 << 31
    return struct.pack(f"<{len(units) + 1}I", 4 * len(units), *units) + value + b"\0"
