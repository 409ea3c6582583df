"""What kind of character stands where: all that is needed to trim the offsets of tokens."""

import functools
import sys
import unicodedata

import numpy as np
import tensorflow as tf

# All that Unicode has given a character so far, but for private use: the rest is in no set here.
ASSIGNED = (range(0x40000), range(0xE0000, 0xE0200))


@functools.cache
def bounds_of(is_member):
    """Where a set of code points begins and ends, in turns: int32, ascending."""
    member = np.zeros(sys.maxunicode + 1, "int8")
    for points in ASSIGNED:
        member[points.start : points.stop] = [is_member(chr(point)) for point in points]
    return np.flatnonzero(np.diff(member, prepend=0, append=0)).astype("int32")


def is_mark(character):
    """Whether it is an accent of its own."""
    return unicodedata.category(character) == "Mn"


def readable(texts):
    """Texts with U+FFFD for what is no UTF-8, as Python reads them."""
    return tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")


class Characters(tf.Module):
    """The characters of texts, as offsets count them.

    Args:
        name: of the module.
    """

    def __init__(self, name=None):
        super().__init__(name)
        self._spaces = tf.constant(bounds_of(str.isspace))
        self._marks = tf.constant(bounds_of(is_mark))

    def read(self, texts):
        """Code points of texts, ragged int32 `(n, characters)`."""
        return tf.strings.unicode_decode(texts, "UTF-8", errors="replace")

    def after_spaces(self, points, row, start, end):
        """The first place from `start` on that is no space, at most `end`: `packing.after_space`.

        Args:
            points: as `read` gives them.
            row, start, end: int32 of one shape: number of the text, and places in it.
        """
        return self._beyond(self._spaces, points, row, start, end)

    def after_marks(self, points, row, start, end):
        """The first place from `start` on that is no accent of its own, at most `end`."""
        return self._beyond(self._marks, points, row, start, end)

    def _beyond(self, bounds, points, row, start, end):
        inside = tf.searchsorted(bounds, points.flat_values, side="right") % 2 == 1
        others = tf.cast(tf.where(~inside)[:, 0], tf.int32)
        others = tf.concat([others, [tf.int32.max]], 0)
        before = tf.gather(tf.cast(points.row_starts(), tf.int32), row)
        found = tf.gather(others, tf.searchsorted(others, start + before)) - before
        return tf.maximum(start, tf.minimum(found, end))
