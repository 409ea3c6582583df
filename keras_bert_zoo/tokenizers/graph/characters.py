"""Batches of texts as code points, which remember where in the text they come from."""

from typing import NamedTuple

import tensorflow as tf


class Characters(NamedTuple):
    """The characters of all texts of a batch, one after the other.

    Args:
        points: code points, int32 [n].
        splits: where each text begins, and where the last ends: int64 [texts + 1].
        starts: the first character of the original text that each comes from, int32 [n]; None
            where nobody asks.
        ends: that after the last, or None.
    """

    points: tf.Tensor
    splits: tf.Tensor
    starts: tf.Tensor | None = None
    ends: tf.Tensor | None = None

    @property
    def rows(self):
        """Which text each character is of, int64 [n]."""
        return rows_of(self.splits, tf.size(self.points))

    @property
    def texts(self):
        """How many texts there are, an int64."""
        return tf.size(self.splits, tf.int64) - 1

    def first(self):
        """Whether each character begins its text."""
        return edges(self.splits, tf.size(self.points))

    def last(self):
        """Whether each character ends its text."""
        return later(self.first(), True)


def edges(splits, size):
    """Of `size` things in rows, whether each begins a row: bool [size]."""
    return _begun(splits, size) > 0


def rows_of(splits, size):
    """Of `size` things in rows, the row that each is of: int64 [size].

    In memory for the things, where `tf.repeat`, and `value_rowids` by it, takes as much as all rows
    would if each were as long as the longest.
    """
    return tf.cumsum(_begun(splits, size)) - 1


def row_numbers(ragged):
    """The row that each value of a ragged tensor is of, int64; see `rows_of`."""
    return rows_of(ragged.row_splits, tf.size(ragged.values))


def earlier(values, initial):
    """For each of some values, the one before it."""
    return tf.concat([[initial], values[:-1]], 0)[: tf.size(values)]


def later(values, final):
    """For each of some values, the one after it."""
    return tf.concat([values[1:], [final]], 0)[: tf.size(values)]


def latest(flags, places):
    """The place of the last flag up to each place; 0 where there is none yet."""
    marked = tf.concat([[0], tf.boolean_mask(places, flags)], 0)
    return tf.gather(marked, tf.cumsum(tf.cast(flags, tf.int32)))


def splits_of(rows, count):
    """Where each of `count` rows begins, and the last ends, from the row that each thing is of."""
    lengths = tf.math.unsorted_segment_sum(tf.ones_like(rows, tf.int64), rows, count)
    return tf.concat([[0], tf.cumsum(lengths)], 0)


def repeated(values, counts):
    """Each of some values as often as its count says."""
    splits = tf.concat([[0], tf.cumsum(tf.cast(counts, tf.int64))], 0)
    return tf.gather(values, rows_of(splits, tf.cast(splits[-1], tf.int32)))


def _begun(splits, size):
    """How many rows begin at each of `size` things, of which some may be empty: int64."""
    ones = tf.ones_like(splits[:-1], tf.int64)
    return tf.math.unsorted_segment_sum(ones, splits[:-1], size + 1)[:size]


def decode(strings, aligned):
    """The `Characters` of strings; bytes that are no UTF-8 become U+FFFD.

    Args:
        strings: tf.string [m].
        aligned: whether `starts` and `ends` are wanted.
    """
    points = tf.strings.unicode_decode(strings, "UTF-8", errors="replace")
    if not aligned:
        return Characters(points.values, points.row_splits)
    places = tf.range(tf.size(points.values))
    rows = rows_of(points.row_splits, tf.size(points.values))
    starts = places - tf.cast(tf.gather(points.row_splits, rows), tf.int32)
    return Characters(points.values, points.row_splits, starts, starts + 1)


def take(characters, places, points, splits):
    """Other characters, of which each comes from where one of these places does."""
    if characters.starts is None:
        return Characters(points, splits)
    starts, ends = tf.gather(characters.starts, places), tf.gather(characters.ends, places)
    return Characters(points, splits, starts, ends)


def kept(characters, keep):
    """Those characters for which `keep` is true."""
    places = tf.where(keep)[:, 0]
    before = tf.concat([[0], tf.cumsum(tf.cast(keep, tf.int64))], 0)
    points = tf.gather(characters.points, places)
    return take(characters, places, points, tf.gather(before, characters.splits))


def replaced(characters, texts):
    """Each character as a table of `Texts` says, from the same place of the original."""
    which = texts.which(characters.points)
    return tf.cond(
        tf.reduce_any(which > 0),
        lambda: _replaced(characters, texts, which),
        lambda: characters,
    )


def _replaced(characters, texts, which):
    places, within, splits = expanded(texts.lengths(which), characters.splits)
    old = tf.gather(characters.points, places)
    points = texts.point(tf.gather(which, places), within, old)
    return take(characters, places, points, splits)


def expanded(lengths, splits):
    """Things repeated: which each comes from, the how manieth it is, and the new splits."""
    after = tf.concat([[0], tf.cumsum(lengths)], 0)
    places = repeated(tf.range(tf.size(lengths)), lengths)
    within = tf.range(tf.size(places)) - tf.gather(after, places)
    return places, within, tf.cast(tf.gather(after, splits), tf.int64)


def transformed(characters, points, changes, rows):
    """Other characters, aligned with these as the `tokenizers` library aligns them.

    Args:
        characters: `Characters` before.
        points: code points after, [k].
        changes: for each, 1 if it has been put in, 0 if it stands for one character, and -1 for
            each further one that it stands for: int32 [k].
        rows: the text that each is of, ascending, int64 [k].
    """
    splits = splits_of(rows, characters.texts)
    if characters.starts is None:
        return Characters(points, splits)
    used = tf.where(changes > 0, 0, 1 - changes)
    before = tf.concat([[0], tf.cumsum(used)], 0)
    within = before[:-1] - tf.gather(before, tf.gather(splits, rows))
    within -= tf.cast(changes > 0, tf.int32)
    place = tf.cast(tf.gather(characters.splits, rows), tf.int32) + within
    limit = tf.maximum(tf.size(characters.points) - 1, 0)
    place = tf.clip_by_value(place, 0, limit)
    starts = tf.where(within < 0, 0, tf.gather(characters.starts, place))
    ends = tf.where(within < 0, 0, tf.gather(characters.ends, place))
    return Characters(points, splits, starts, ends)
