"""Strings to words, as BERT's normalizer and pre-tokenizer do it, by a table of code points."""

from typing import NamedTuple

import tensorflow as tf

from . import code_points
from .code_points import DROPPED, KIND_BITS, PLAIN, SEVERAL, SPACE, SPACED

_KIND = (1 << KIND_BITS) - 1


class Words(NamedTuple):
    """The words of strings, flat, as normalized characters.

    Attributes:
        characters: int32 [c], code points.
        sources: int32 [c], the place in its string of the character that each comes from.
        splits: int64 [w + 1], the characters of each word.
        row_splits: int64 [m + 1], the words of each string.
    """

    characters: tf.Tensor
    sources: tf.Tensor
    splits: tf.Tensor
    row_splits: tf.Tensor


class WordSplitter(tf.Module):
    """Normalizes strings and finds their words.

    Args:
        normalizer: the object of a tokenizer.json, a BertNormalizer.
    """

    def __init__(self, normalizer):
        super().__init__()
        table = code_points.table(normalizer)
        self._pages = tf.Variable(table.pages, trainable=False)
        self._entries = tf.Variable(table.entries, trainable=False)
        self._sequences = tf.Variable(table.sequences, trainable=False, shape=[None])
        self._splits = tf.Variable(table.splits, trainable=False)

    def __call__(self, strings):
        """`Words` of tf.string [m], valid UTF-8."""
        values, kinds, sources, rows = self._normalized(strings)
        break_before = kinds != PLAIN
        break_before |= tf.concat([[True], break_before[:-1]], 0)
        break_before |= tf.concat([[True], rows[1:] != rows[:-1]], 0)[: tf.size(rows)]
        inside = kinds != SPACE
        starts = tf.boolean_mask(break_before, inside)
        sources, rows = tf.boolean_mask(sources, inside), tf.boolean_mask(rows, inside)
        values = tf.boolean_mask(values, inside)
        begins = tf.where(starts)[:, 0]
        splits = tf.concat([begins, [tf.size(values, tf.int64)]], 0)
        words = tf.RaggedTensor.from_value_rowids(
            begins, tf.gather(rows, begins), tf.size(strings, tf.int64), validate=False
        )
        return Words(values, sources, splits, words.row_splits)

    def normalize(self, strings):
        """As `Engine.normalize`: what the normalizer alone makes of strings."""
        values, kinds, sources, rows = self._normalized(strings)
        spaced = kinds == SPACED
        origins = tf.repeat(tf.range(tf.size(values)), tf.where(spaced, 3, 1))
        is_middle = origins[:-2] == origins[2:]
        is_middle = tf.concat([[False], is_middle, [False]], 0)[: tf.size(origins)]
        values = tf.where(
            tf.gather(spaced, origins) & ~is_middle, ord(" "), tf.gather(values, origins)
        )
        characters, starts, ends = (
            tf.RaggedTensor.from_value_rowids(
                flat, tf.gather(rows, origins), tf.size(strings, tf.int64), validate=False
            )
            for flat in (values, tf.gather(sources, origins), tf.gather(sources, origins) + 1)
        )
        return tf.strings.unicode_encode(characters, "UTF-8"), starts, ends

    def _normalized(self, strings):
        """Normalized characters: values, kinds, places in their strings, numbers of these."""
        points = tf.strings.unicode_decode(strings, "UTF-8")
        rows, points, sources = points.value_rowids(), points.values, _places(points)
        page = tf.gather(self._pages, tf.bitwise.right_shift(points, 8))
        entries = tf.gather(self._entries, page + (points & 255))
        entries += tf.bitwise.left_shift(points, KIND_BITS)
        entries, origins = tf.cond(
            tf.reduce_any(entries & _KIND == SEVERAL),
            lambda: self._expanded(entries),
            lambda: (entries, tf.range(tf.size(entries))),
        )
        kinds = entries & _KIND
        kept = kinds != DROPPED
        kinds, entries = tf.boolean_mask(kinds, kept), tf.boolean_mask(entries, kept)
        origins = tf.boolean_mask(origins, kept)
        return (
            tf.bitwise.right_shift(entries, KIND_BITS),
            kinds,
            tf.gather(sources, origins),
            tf.gather(rows, origins),
        )

    def _expanded(self, entries):
        """Entries with sequences in place of their numbers, and the place that each comes from."""
        several = entries & _KIND == SEVERAL
        numbers = tf.where(several, tf.bitwise.right_shift(entries, KIND_BITS), 0)
        begins = tf.gather(self._splits, numbers)
        following = tf.minimum(numbers + 1, tf.size(self._splits) - 1)
        lengths = tf.where(several, tf.gather(self._splits, following) - begins, 1)
        origins = tf.repeat(tf.range(tf.size(entries)), lengths)
        place = tf.range(tf.size(origins)) - tf.gather(tf.cumsum(lengths, exclusive=True), origins)
        several = tf.gather(several, origins)
        place = tf.where(several, tf.gather(begins, origins) + place, 0)
        sequences = tf.concat([self._sequences, [DROPPED]], 0)
        found = tf.where(several, tf.gather(sequences, place), tf.gather(entries, origins))
        return found, origins


def _places(ragged):
    """The place of each value in its row, int32."""
    before = tf.gather(ragged.row_splits, ragged.value_rowids())
    return tf.cast(tf.range(tf.size(ragged.values, tf.int64)) - before, tf.int32)
