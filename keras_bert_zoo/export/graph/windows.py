"""Windows over rows of any length, as `preprocessing.windows` and `strided_windows` cut them."""

import typing

import tensorflow as tf

from ...tokenizers.graph.characters import repeated, row_numbers


class Windows(typing.NamedTuple):
    """All windows of all rows, one row's after another's: int32 `(windows,)` each.

    Attributes:
        row: number of the row.
        start, end: tokens of the row that the model sees.
        first, last: those of them that this window answers for.
        number: which of its row's windows it is, from 0.
    """

    row: tf.Tensor
    start: tf.Tensor
    end: tf.Tensor
    first: tf.Tensor
    last: tf.Tensor
    number: tf.Tensor


def _numbered(counts):
    """`(row, number)` of each window, from how many windows each row has."""
    row = repeated(tf.range(tf.size(counts)), counts)
    before = tf.gather(tf.cumsum(counts, exclusive=True), row)
    return row, tf.range(tf.size(row)) - before


def windows(lengths, room, overlap):
    """Windows that share the tokens in the middle of what two have in common.

    Args:
        lengths: int32 `(n,)`, tokens of each row.
        room: most tokens of a window, an int.
        overlap: tokens that a window has in common with the one before, an int.
    """
    step = room - overlap
    over = tf.maximum(lengths - room, 0)
    counts = 1 + (over + step - 1) // step
    row, number = _numbered(counts)
    length, over = tf.gather(lengths, row), tf.gather(over, row)

    def start_of(number):
        return tf.minimum(number * step, over)

    def end_of(number):
        return tf.minimum(start_of(number) + room, length)

    is_last = number == tf.gather(counts, row) - 1
    first = (start_of(number) + end_of(number - 1)) // 2
    last = (start_of(number + 1) + end_of(number)) // 2
    return Windows(
        row,
        start_of(number),
        end_of(number),
        tf.where(number == 0, 0, first),
        tf.where(is_last, length, last),
        number,
    )


def strided_windows(lengths, room, stride):
    """Windows at fixed distances; a token is of the one with the largest smaller context.

    Args:
        lengths, room: int32 `(n,)`, tokens of each row, and most tokens of its windows.
        stride: an int; a row's is no more than its room.
    """
    stride = tf.minimum(stride, room)
    counts = 1 + (tf.maximum(lengths - room, 0) + stride - 1) // stride
    row, number = _numbered(counts)
    start = number * tf.gather(stride, row)
    end = tf.minimum(start + tf.gather(room, row), tf.gather(lengths, row))
    before = tf.gather(tf.cumsum(lengths, exclusive=True), row)
    # Each token of each window, by its place among the tokens of all rows.
    places = tf.ragged.range(before + start, before + end)
    window, place = row_numbers(places), places.values
    left = place - tf.gather(before + start, window)
    right = tf.gather(before + end, window) - 1 - place
    context = 100 * tf.minimum(left, right) + tf.gather(end - start, window)
    total, most = tf.reduce_sum(lengths), tf.size(row)
    best = tf.math.unsorted_segment_max(context, place, total)
    wins = context == tf.gather(best, place)
    window = tf.cast(window, tf.int32)
    owner = tf.math.unsorted_segment_min(tf.where(wins, window, most), place, total)
    # Along the tokens owners only go up; see `preprocessing.strided_windows`.
    numbers = tf.range(most)
    first, last = (tf.searchsorted(owner, numbers, side) - before for side in ("left", "right"))
    return Windows(row, start, end, first, last, number)
