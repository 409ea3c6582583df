"""Strings to words, as BERT's normalizer and pre-tokenizer do it, by a table of code points."""

from typing import NamedTuple

import tensorflow as tf

from . import code_points
from .characters import repeated
from .code_points import DROPPED, KIND_BITS, PLAIN, SEVERAL, SPACE, SPACED


class Words(NamedTuple):
    """The words of strings, flat, as normalized characters.

    Attributes:
        characters: int32 ragged tensor [w, characters], code points.
        sources: int32 [c], the place in its string of the character that each comes from.
        row_splits: int64 [m + 1], the words of each string.
    """

    characters: tf.RaggedTensor
    sources: tf.Tensor
    row_splits: tf.Tensor


class WordSplitter(tf.Module):
    """Normalizes strings and finds their words.

    Args:
        normalizer: the object of a tokenizer.json, a BertNormalizer.
    """

    def __init__(self, normalizer):
        super().__init__()
        table = code_points.table(normalizer)
        self._table = code_points.Table(*(tf.Variable(x, trainable=False) for x in table))

    def __call__(self, strings):
        """`Words` of tf.string [m], valid UTF-8."""
        values, kinds, sources, row_splits = self._normalized(strings)
        is_break = kinds != PLAIN
        starts = is_break | tf.concat([[False], is_break[:-1]], 0)[: tf.size(kinds)]
        starts |= _marked(row_splits[:-1], tf.size(kinds, tf.int64))
        starts &= kinds != SPACE
        words_before = tf.cumsum(tf.concat([[0], tf.cast(starts, tf.int64)], 0))
        inside = tf.where(kinds != SPACE)[:, 0]
        begins = tf.where(tf.gather(starts, inside))[:, 0]
        splits = tf.concat([begins, [tf.size(inside, tf.int64)]], 0)
        return Words(
            tf.RaggedTensor.from_row_splits(tf.gather(values, inside), splits, validate=False),
            tf.gather(sources, inside),
            tf.gather(words_before, row_splits),
        )

    def normalize(self, strings):
        """As `Engine.normalize`: what the normalizer alone makes of strings."""
        values, kinds, sources, row_splits = self._normalized(strings)
        sizes = tf.where(kinds == SPACED, 3, 1)
        origins = repeated(tf.range(tf.size(kinds)), sizes)
        # An ideograph is in the middle of three, and a space on both sides.
        is_middle = tf.concat([[False], origins[:-2] == origins[2:], [False]], 0)
        is_space = (tf.gather(sizes, origins) == 3) & ~is_middle[: tf.size(origins)]
        values = tf.where(is_space, ord(" "), tf.gather(values, origins))
        sources = tf.gather(sources, origins)
        row_splits = tf.gather(_splits(sizes), row_splits)
        characters, starts, ends = (
            tf.RaggedTensor.from_row_splits(flat, row_splits, validate=False)
            for flat in (values, sources, sources + 1)
        )
        return tf.strings.unicode_encode(characters, "UTF-8"), starts, ends

    def _normalized(self, strings):
        """Normalized characters: values, kinds, places in the strings; and their row splits."""
        points = tf.strings.unicode_decode(strings, "UTF-8")
        points, row_splits = points.values, points.row_splits
        page = tf.gather(self._table.pages, tf.bitwise.right_shift(points, 8))
        entries = tf.gather(self._table.entries, page + (points & 255))
        entries += tf.bitwise.left_shift(points, KIND_BITS)
        as_they_are = tf.range(tf.size(entries))
        entries, origins, splits = tf.cond(
            tf.reduce_any(_kind(entries) >= DROPPED),
            lambda: self._replaced(entries, row_splits),
            lambda: (entries, as_they_are, row_splits),
        )
        sources = as_they_are - tf.cast(
            repeated(row_splits[:-1], row_splits[1:] - row_splits[:-1]), tf.int32
        )
        values = tf.bitwise.right_shift(entries, KIND_BITS)
        return values, _kind(entries), tf.gather(sources, origins), splits

    def _replaced(self, entries, row_splits):
        """Entries without those that are dropped, and with sequences in place of their numbers."""
        kinds = _kind(entries)
        numbers = tf.where(kinds == SEVERAL, tf.bitwise.right_shift(entries, KIND_BITS), 0)
        sizes = tf.where(kinds < DROPPED, 1, tf.gather(self._table.sizes, numbers))
        splits = _splits(sizes)
        origins = repeated(tf.range(tf.size(entries)), sizes)
        place = tf.range(tf.size(origins)) - tf.cast(tf.gather(splits, origins), tf.int32)
        place += tf.gather(self._table.begins, tf.gather(numbers, origins))
        found = tf.gather(entries, origins)
        found = tf.where(_kind(found) == SEVERAL, tf.gather(self._table.sequences, place), found)
        return found, origins, tf.gather(splits, row_splits)


def _kind(entries):
    return entries & ((1 << KIND_BITS) - 1)


def _splits(sizes):
    return tf.cumsum(tf.concat([[0], tf.cast(sizes, tf.int64)], 0))


def _marked(places, size):
    """tf.bool [size], true at some places; what lies at the end is left out."""
    ones = tf.ones_like(places, tf.int32)
    return tf.math.unsorted_segment_max(ones, places, size + 1)[:-1] > 0
