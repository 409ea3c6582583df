"""The words of byte-level BPE: GPT-2's regular expression, without looking ahead.

`'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+`

says where a word begins by what little is around it, so all characters are looked at at once:
- Letters, numbers, white space and others are words by themselves.
- A space before a word is a part of it, and is so taken from the white space before it.
- The last character of white space before a word, if it is no space, is a word.
- `'s` and the like are words where the apostrophe begins one.
"""

import numpy as np
import tensorflow as tf

from .characters import earlier, expanded, later, take
from .unicode_tables import Numbers, matching

OTHER, LETTER, NUMBER, SPACE, NONE = range(5)
ONE, TWO = ("s", "t", "m", "d"), ("re", "ve", "ll")


class ByteWords(tf.Module):
    """Where words begin, as a ByteLevel pre-tokenizer says.

    Args:
        add_prefix_space: put a space before a text that begins with none.
        use_regex: if not, a text is one word.
    """

    def __init__(self, add_prefix_space, use_regex):
        super().__init__()
        self._add_prefix_space, self._use_regex = add_prefix_space, use_regex
        kinds = np.zeros(0x110000, "int32")
        for kind, regex in ((LETTER, r"\p{L}"), (NUMBER, r"\p{N}"), (SPACE, r"\s")):
            kinds[matching(regex)] = kind
        self._kinds = Numbers(kinds)

    def __call__(self, characters):
        """The `Characters`, with spaces before them, and whether each begins a word."""
        if self._add_prefix_space:
            characters = _spaced(characters)
        first = characters.first()
        if not self._use_regex:
            return characters, first
        return characters, self._begins(characters.points, first)

    def _begins(self, points, first):
        kinds = self._kinds(points)
        last = later(first, True)
        before = tf.where(first, NONE, earlier(kinds, NONE))
        after = tf.where(last, NONE, later(kinds, NONE))
        word_follows = (after != SPACE) & (after != NONE)
        is_space = points == ord(" ")
        after_space = earlier(is_space, False) & ~first
        in_white = (before != SPACE) | word_follows
        elsewhere = (before != kinds) & ~after_space
        begins = tf.where(kinds == SPACE, in_white, elsewhere)
        return _with_contractions(begins, points, kinds, last, after_space)


def _with_contractions(begins, points, kinds, last, after_space):
    """The same with `'s` and the like as words."""
    letter, second = later(points, 0), later(later(points, 0), 0)
    last_after = last | later(last, True)
    start = begins & (points == ord("'")) & ~last & ~after_space
    one = start & _among(letter, ONE)
    two = start & ~last_after
    two &= tf.reduce_any([(letter == ord(a)) & (second == ord(b)) for a, b in TWO], 0)
    begins &= ~earlier(one | two, False)
    begins |= earlier(earlier(one, False), False) | earlier(
        earlier(earlier(two, False), False), False
    )
    return begins


def _spaced(characters):
    """A space before each text that has characters, of which the first is none."""
    needs = characters.first() & (characters.points != ord(" "))
    places, within, splits = expanded(1 + tf.cast(needs, tf.int32), characters.splits)
    put_in = tf.gather(needs, places) & (within == 0)
    points = tf.where(put_in, ord(" "), tf.gather(characters.points, places))
    return take(characters, places, points, splits)


def _among(points, letters):
    return tf.reduce_any([points == ord(letter) for letter in letters], 0)
