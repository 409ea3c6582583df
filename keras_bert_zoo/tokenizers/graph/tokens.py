"""What a tokenizer in a graph finds in texts."""

from typing import NamedTuple

import tensorflow as tf

from .characters import repeated


class Tokens(NamedTuple):
    """The tokens of texts: int32 `tf.RaggedTensor`s of shape [texts, tokens].

    Attributes:
        ids: token ids.
        starts, ends: where each token is in its text, in characters (code points).
        words: number of the word that each token is of, from 0 in each text and without gaps.
    """

    ids: tf.RaggedTensor
    starts: tf.RaggedTensor
    ends: tf.RaggedTensor
    words: tf.RaggedTensor


def from_values(row_splits, *values):
    """`Tokens` of flat tensors in the order of its fields."""
    splits = tf.cast(row_splits, tf.int64)
    return Tokens(
        *(
            tf.RaggedTensor.from_row_splits(tf.cast(flat, tf.int32), splits, validate=False)
            for flat in values
        )
    )


def row_sums_before(counts, row_splits):
    """For each value of a ragged tensor, the sum of those before it in its row.

    Args:
        counts: flat values, int32 [n].
        row_splits: of the ragged tensor.

    Returns:
        int32 [n].
    """
    before = tf.cumsum(tf.concat([[0], counts], 0))
    lengths = row_splits[1:] - row_splits[:-1]
    return before[:-1] - repeated(tf.gather(before, row_splits[:-1]), lengths)
