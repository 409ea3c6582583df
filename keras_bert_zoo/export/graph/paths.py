"""The tags of words: the best sequence, and how probable each of its tags is."""

import numpy as np
import tensorflow as tf

from ...layers import crf
from ...preprocessing.tags import spans_of_tags


class TagPaths(tf.Module):
    """What `tasks.decoding` does for one row, for many.

    Args:
        parts: scores of a tag that comes first `(n,)`, after another `(n, n)`, and last `(n,)`,
            with what is not allowed out of reach.
        chained: whether tags depend on their neighbours, as those of a CRF.
    """

    def __init__(self, parts, chained):
        super().__init__()
        self._parts = [tf.constant(part, tf.float32) for part in parts]
        self._chained = chained
        self._free = [tf.constant(part >= np.max(part)) for part in parts]

    def __call__(self, emissions, mask):
        """`(tags, scores)`, int32 and float32 `(n, words)`; of places beyond the mask anything.

        Args:
            emissions: `(n, words, num_tags)`, with one word at least.
            mask: `(n, words)`, true at the begin, then false.
        """
        # One place more: loops over time need a step to know what they stack.
        emissions = tf.pad(emissions, [[0, 0], [0, 1], [0, 0]])
        mask = tf.pad(mask, [[0, 0], [0, 1]])
        tags = self._best(emissions, mask)
        shares = self._marginals(emissions, mask) if self._chained else tf.nn.softmax(emissions)
        return tags[:, :-1], tf.gather(shares, tags, batch_dims=2)[:, :-1]

    def _best(self, emissions, mask):
        greedy = tf.argmax(emissions, axis=2, output_type=tf.int32)
        search = lambda: crf.viterbi(emissions, mask, *self._parts)  # noqa: E731
        return tf.cond(self._is_free(greedy, mask), lambda: greedy, search)

    def _is_free(self, tags, mask):
        """Whether no step of these costs more than another would: then nothing is better."""
        first, following, last = self._free
        pairs = tf.stack([tags[:, :-1], tags[:, 1:]], axis=2)
        steps = tf.gather_nd(following, pairs) | ~mask[:, 1:]
        count = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        end = tf.gather(tags, tf.maximum(count - 1, 0), batch_dims=1)
        ends = (tf.gather(first, tags[:, 0]) & tf.gather(last, end)) | (count == 0)
        return tf.reduce_all(steps) & tf.reduce_all(ends)

    def _marginals(self, emissions, mask):
        """The probability of each tag at each place, by forward and backward."""
        emissions = tf.cast(emissions, tf.float64)  # the sums grow with the length of the text
        first, following, last = (tf.cast(part, tf.float64) for part in self._parts)
        lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        forward = self._forward(emissions, first, following)
        # Backward is forward over the reversed row, with the emission of the place itself left out.
        turned = tf.reverse_sequence(emissions, lengths, seq_axis=1)
        backward = self._forward(turned, last, tf.transpose(following)) - turned
        backward = tf.reverse_sequence(backward, lengths, seq_axis=1)
        return tf.cast(tf.nn.softmax(forward + backward), tf.float32)

    def _forward(self, emissions, first, following):
        def step(before, now):
            return tf.reduce_logsumexp(before[:, :, None] + following[None], axis=1) + now

        by_time = tf.transpose(emissions, [1, 0, 2])
        start = first + by_time[0]
        rest = tf.scan(step, by_time[1:], initializer=start)
        return tf.transpose(tf.concat([start[None], rest], 0), [1, 0, 2])


def breaks(names, marks_entities):
    """`following[i, j]`: whether something new begins at a word of tag `j` after one of `i`.

    The rule of `metrics.entities.entity_spans` in its default mode, which looks at two tags.
    """
    count = len(names)
    if not marks_entities:
        return np.ones((count, count), bool)
    together = [
        [any(end - start == 2 for _, start, end in spans_of_tags([a, b])) for b in names]
        for a in names
    ]
    return ~np.array(together)
