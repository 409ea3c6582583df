"""From ragged ids to padded rows, as `preprocessing.packing` makes them."""

import tensorflow as tf


def lengths_of(ragged):
    """Tokens of each row, int32 `(n,)`."""
    return tf.cast(ragged.row_lengths(), tf.int32)


def kept_lengths(lengths, room):
    """How many tokens to keep of one text or of two; see `packing.truncate_longest_first`.

    Args:
        lengths: a list of one or two int32 tensors `(n,)`.
        room: most tokens of a row, int or int32 `(n,)`.
    """
    if len(lengths) == 1:
        return [tf.minimum(lengths[0], room)]
    first, second = lengths
    # The shorter one may have half of the room, of equals the first; the other one has the rest.
    shorter = tf.minimum(tf.minimum(first, second), room // 2)
    is_first = first <= second
    longer = tf.minimum(tf.maximum(first, second), room - shorter)
    return [tf.where(is_first, shorter, longer), tf.where(is_first, longer, shorter)]


def cut(ragged, keep):
    """The first `keep` of each row; `keep` is int32 `(n,)`, at most the row's length."""
    starts = tf.cast(ragged.row_starts(), tf.int32)
    return stretches(ragged.flat_values, starts, starts + keep)


def stretches(values, starts, ends):
    """A ragged tensor of `values[start:end]` for each start and end, both `(n,)`."""
    places = tf.ragged.range(starts, ends)
    return places.with_values(tf.gather(values, places.values))


def fill(layout, parts, max_length):
    """`(token_ids, segment_ids)`, ragged int32: parts joined as a template says, and cut.

    Args:
        layout: `tokenizers.template.Layout` of as many parts.
        parts: ragged int32 ids of one text a row, or of two.
        max_length: most ids in a row, special ones included.
    """
    keep = kept_lengths([lengths_of(part) for part in parts], max_length - layout.special)
    return join(layout, [cut(*pair) for pair in zip(parts, keep)])


def join(layout, parts):
    """`(token_ids, segment_ids)` of parts that fit."""
    count = parts[0].nrows()
    ids = [*_special(layout.ids[0], count)]
    segments = [*_special(layout.id_segments[0], count)]
    for part, (segment, after, after_segments) in zip(parts, layout.steps):
        ids += [part, *_special(after, count)]
        segments += [part.with_values(tf.fill(tf.shape(part.values), segment))]
        segments += _special(after_segments, count)
    return tf.concat(ids, axis=1), tf.concat(segments, axis=1)


def _special(ids, count):
    """The same ids in every row, as a list of one ragged tensor; of none without ids."""
    if not ids:
        return []
    values = tf.tile(tf.constant(ids, tf.int32), [tf.cast(count, tf.int32)])
    splits = tf.range(count + 1) * len(ids)
    return [tf.RaggedTensor.from_row_splits(values, splits, validate=False)]


def widest(lengths):
    """The greatest length; 1 where there is none."""
    return tf.reduce_max(tf.concat([lengths, [1]], 0))


def dense(ragged, default, width):
    """`(n, width, ...)` of a ragged tensor whose rows are no longer than that."""
    matrix = ragged.to_tensor(default)
    missing = [[0, 0]] * len(matrix.shape)
    missing[1] = [0, width - tf.shape(matrix)[1]]
    return tf.pad(matrix, missing, constant_values=default)


def padded(token_ids, segment_ids, pad_id, side="right"):
    """The encoder's inputs, int32 `(n, length)`, padded to the longest row; one column at least.

    Args:
        token_ids, segment_ids: ragged.
        pad_id: fills `token_ids`.
        side: "right" to pad after the ids, "left" to pad before them.
    """
    lengths = lengths_of(token_ids)
    width = widest(lengths)
    inputs = {
        "token_ids": dense(token_ids, pad_id, width),
        "segment_ids": dense(segment_ids, 0, width),
        "padding_mask": tf.cast(tf.sequence_mask(lengths, width), tf.int32),
    }
    if side == "right":
        return inputs
    return {
        key: tf.reverse(tf.reverse_sequence(value, lengths, seq_axis=1), [1])
        for key, value in inputs.items()
    }
