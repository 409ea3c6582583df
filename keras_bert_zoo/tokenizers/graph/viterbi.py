"""The likeliest pieces of many words at once."""

import numpy as np
import tensorflow as tf

from .characters import rows_of
from .merging import pieces_of_any_size
from .unicode_tables import COUNT

# What SentencePiece takes from the lowest score for an unknown character.
PENALTY = 10.0


class Viterbi(tf.Module):
    """Words to the pieces whose scores add up to most, as the Rust engine finds them.

    It adds in double precision from the beginning, and of two equal sums takes that with the longer
    last piece; so does this.

    Args:
        pieces: list of (piece, score) in the order of their ids.
        unk_id: id of the unknown piece.
    """

    def __init__(self, pieces, unk_id):
        super().__init__()
        self._unk = len(pieces)
        unknown = min(score for _, score in pieces) - PENALTY
        scores = [*(score for _, score in pieces), unknown, -np.inf]
        self._scores = tf.Variable(np.array(scores, "float64"), trainable=False)
        self._ids = tf.Variable([*range(len(pieces)), unk_id], trainable=False, dtype=tf.int32)
        self._unk_id = unk_id
        steps, ends = _trie(pieces)
        keys, values = list(steps) or [-1], list(steps.values()) or [-1]
        table = tf.lookup.KeyValueTensorInitializer(keys, values, tf.int64, tf.int32)
        self._steps = tf.lookup.StaticHashTable(table, -1)
        self._ends = tf.Variable(ends, trainable=False, dtype=tf.int32)

    def __call__(self, points, splits):
        """Ids of pieces, how many characters long each is, and how many of each word's.

        Args:
            points: code points of all words, int32 [n].
            splits: where each word begins, and where the last ends: int32 [words + 1].
        """
        lengths = splits[1:] - splits[:-1]
        order = tf.argsort(lengths, direction="DESCENDING", stable=True)
        candidates = self._candidates(points, splits)
        chosen, before = self._best(
            candidates, tf.gather(splits[:-1], order), tf.gather(lengths, order)
        )
        starts, sizes = _traced(
            chosen, before, tf.gather(splits[:-1], order), tf.gather(lengths, order)
        )
        return self._pieces(candidates, starts, sizes, splits)

    def _candidates(self, points, splits):
        """For each character, which piece of each length ends with it: int32 [lengths, n].

        The number of pieces stands for an unknown character, and the next for none.
        """
        size = tf.size(points)
        ends = tf.gather(splits, tf.cast(rows_of(tf.cast(splits, tf.int64), size), tf.int32) + 1)
        none = self._unk + 1
        table = tf.TensorArray(tf.int32, 0, dynamic_size=True, element_shape=[None])

        def step(length, places, nodes, table):
            keys = tf.cast(nodes, tf.int64) * COUNT + tf.cast(tf.gather(points, places), tf.int64)
            nodes = self._steps.lookup(keys)
            pieces = tf.where(nodes < 0, -1, tf.gather(self._ends, tf.maximum(nodes, 0)))
            found = tf.where(pieces >= 0)
            row = tf.fill([size], tf.where(length > 0, none, self._unk))
            places_found = tf.gather_nd(places, found)[:, None]
            row = tf.tensor_scatter_nd_update(row, places_found, tf.gather_nd(pieces, found))
            further = tf.where((nodes >= 0) & (places + 1 < tf.gather(ends, places)))[:, 0]
            places = tf.gather(places, further) + 1
            return length + 1, places, tf.gather(nodes, further), table.write(length, row)

        flat = tf.TensorShape([None])
        state = (0, tf.range(size), tf.zeros([size], tf.int32), table)
        shapes = (tf.TensorShape([]), flat, flat, None)
        # At least once, as there is nothing to stack otherwise.
        state = tf.while_loop(lambda n, p, *_: (n == 0) | (tf.size(p) > 0), step, state, shapes)
        return tf.reshape(state[-1].stack(), [state[0], size])

    def _best(self, candidates, starts, lengths):
        """How long the last piece of each beginning of each word is, and where to find it.

        Words come from the longest to the shortest, so that those still longer come first.
        """
        depth = tf.shape(candidates)[0]
        longest = tf.reduce_max(tf.concat([lengths, [0]], 0))
        # How many words are at least so long.
        counts = tf.math.unsorted_segment_sum(tf.ones_like(lengths), lengths, longest + 2)
        active = tf.cumsum(counts, reverse=True)
        sizes = tf.range(1, depth + 1)[:, None]
        window = tf.fill([depth, tf.size(lengths)], tf.constant(-np.inf, tf.float64))
        window = tf.concat([tf.zeros([1, tf.size(lengths)], tf.float64), window[1:]], 0)[:depth]
        chosen = tf.TensorArray(
            tf.int32, longest, infer_shape=False, element_shape=[None], clear_after_read=False
        )

        def step(place, window, chosen):
            count = active[place + 1]
            window = window[:, :count]
            pieces = tf.gather(candidates, starts[:count] + place, axis=1)
            sums = tf.gather(self._scores, pieces) + window
            best = tf.reduce_max(sums, 0)
            size = tf.reduce_max(tf.where(sums == best, sizes, 0), 0)
            window = tf.concat([best[None], window[:-1]], 0)
            return place + 1, window, chosen.write(place, size)

        state = (0, window, chosen)
        shapes = (tf.TensorShape([]), tf.TensorShape([None, None]), None)
        state = tf.while_loop(lambda place, *_: place < longest, step, state, shapes)
        chosen = tf.cond(longest > 0, lambda: state[2].concat(), lambda: tf.zeros([0], tf.int32))
        return chosen, tf.cumsum(active[1:], exclusive=True)

    def _pieces(self, candidates, starts, sizes, splits):
        """Ids and lengths of pieces in their order, those unknown side by side as one."""
        order = tf.argsort(starts)
        starts, sizes = tf.gather(starts, order), tf.gather(sizes, order)
        found = tf.gather_nd(candidates, tf.stack([sizes - 1, starts + sizes - 1], 1))
        ids = tf.gather(self._ids, found)
        words = tf.cast(tf.searchsorted(splits[1:], starts, "right"), tf.int32)
        unknown = ids == self._unk_id
        same = words[1:] == words[:-1]
        fused = tf.concat([[False], unknown[1:] & unknown[:-1] & same], 0)[: tf.size(ids)]
        piece = tf.cumsum(tf.cast(~fused, tf.int32)) - 1
        heads = tf.where(~fused)[:, 0]
        lengths = tf.math.segment_sum(sizes, piece)
        words = tf.gather(words, heads)
        counts = tf.math.unsorted_segment_sum(tf.ones_like(words), words, tf.size(splits) - 1)
        return tf.gather(ids, heads), lengths, counts


def _traced(chosen, before, starts, lengths):
    """Where the pieces of words begin and how long they are, from the last of each on."""

    def step(index, words, left, where, size):
        taken = tf.gather(chosen, tf.gather(before, left - 1) + words)
        left -= taken
        where = where.write(index, tf.gather(starts, words) + left)
        size = size.write(index, taken)
        more = tf.where(left > 0)[:, 0]
        return index + 1, tf.gather(words, more), tf.gather(left, more), where, size

    words = tf.cast(tf.where(lengths > 0)[:, 0], tf.int32)
    flat = tf.TensorShape([None])
    state = (0, words, tf.gather(lengths, words), pieces_of_any_size(), pieces_of_any_size())
    shapes = (tf.TensorShape([]), flat, flat, None, None)
    state = tf.while_loop(lambda _, words, *__: tf.size(words) > 0, step, state, shapes)
    empty = tf.zeros([0], tf.int32)
    return tuple(array.write(state[0], empty).concat() for array in state[3:])


def _trie(pieces):
    """(node, code point) as one number to node, and which piece ends at each node, or -1."""
    steps, ends = {}, [-1]
    for index, (piece, _) in enumerate(pieces):
        node = 0
        for character in piece:
            key = node * COUNT + ord(character)
            node = steps.get(key, -1)
            if node < 0:
                node = steps[key] = len(ends)
                ends.append(-1)
        ends[node] = index
    return steps, ends
