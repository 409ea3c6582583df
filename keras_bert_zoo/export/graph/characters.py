"""What kind of character stands where: all that is needed to trim the offsets of tokens."""

import sys
import unicodedata

import numpy as np
import tensorflow as tf


def bounds_of(is_member):
    """Where a set of code points begins and ends, in turns: int32, ascending."""
    member = np.fromiter((is_member(chr(c)) for c in range(sys.maxunicode + 1)), bool)
    return np.flatnonzero(np.diff(member.astype("int8"), prepend=0, append=0)).astype("int32")


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
        self._marks = tf.constant(bounds_of(lambda c: unicodedata.category(c) == "Mn"))

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
