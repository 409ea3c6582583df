"""Pieces of words, with core TensorFlow operations: all words of a batch at once."""

import tensorflow as tf

from .ascii_text import ascii_words
from .characters import repeated, row_numbers
from .trie import CONTINUING, FIRST, POINT_BITS, trie


class PieceMatcher(tf.Module):
    """Longest pieces first, by walking down a tree of the vocabulary's characters.

    Words that are one piece, which most are, are looked up. For the others, the longest piece from
    each of their characters on is found, a step for each character that a piece may have. Which of
    these make up the word is then seen by leaping from piece to piece, twice as far every time.

    Args:
        model: the WordPiece model of a tokenizer.json.
    """

    def __init__(self, model):
        super().__init__()
        vocabulary = model["vocab"]
        self._longest = model["max_input_chars_per_word"]
        self._unknown = vocabulary[model["unk_token"]]
        self._whole = _table([token.encode() for token in vocabulary], list(vocabulary.values()))
        tree = trie(vocabulary, model["continuing_subword_prefix"])
        self._edges = _table(tree.edges, tree.targets)
        self._tokens = tf.Variable(tree.tokens, trainable=False)
        self._depths = tf.Variable(tree.depths, trainable=False)

    def __call__(self, characters):
        """Ids of the pieces of words, ragged [w, pieces], of their characters, [w, characters]."""
        strings = tf.strings.unicode_encode(characters, "UTF-8")
        return self._of_words(strings, characters.row_lengths(), lambda i: tf.gather(characters, i))

    def ascii_ids(self, strings):
        """Ids of the pieces of strings, ragged [m, pieces]; all are `PLAIN_ASCII`."""
        words = ascii_words(strings)
        pieces = self._of_words(
            words.values,
            tf.cast(tf.strings.length(words.values), tf.int64),
            lambda i: tf.strings.unicode_decode(tf.gather(words.values, i), "UTF-8"),
        )
        splits = tf.gather(pieces.row_splits, words.row_splits)
        return tf.RaggedTensor.from_row_splits(pieces.values, splits, validate=False)

    def _of_words(self, strings, lengths, characters_of):
        """Ids of the pieces of words; `characters_of` gives the characters of some of them."""
        whole = tf.where(lengths > self._longest, self._unknown, self._whole.lookup(strings))
        others = tf.where(whole < 0)
        pieces, counts = self._pieces(characters_of(others[:, 0]))
        # A word without pieces is one unknown token.
        has_pieces = tf.scatter_nd(others, tf.cast(counts > 0, tf.int32), tf.shape(whole, tf.int64))
        counts = tf.tensor_scatter_nd_update(tf.ones_like(lengths), others, tf.maximum(counts, 1))
        values = repeated(tf.where(whole < 0, self._unknown, whole), counts)
        places = tf.where(repeated(has_pieces > 0, counts))
        values = tf.tensor_scatter_nd_update(values, places, pieces)
        return tf.RaggedTensor.from_row_lengths(values, counts, validate=False)

    def _pieces(self, words):
        """The pieces of words: their ids, flat, and how many each word has; 0 if it has none."""
        nodes = self._walk(words)
        tokens = tf.gather(self._tokens, nodes)
        ends = tf.range(tf.size(nodes)) + tf.gather(self._depths, nodes)
        is_known = tokens >= 0
        is_used = _leaps(words, tf.where(is_known, ends, tf.size(nodes)))
        rows, count = row_numbers(words), words.nrows()
        failures = tf.cast(is_used & ~is_known, tf.int64)
        failures = tf.math.unsorted_segment_sum(failures, rows, count)
        is_used &= tf.gather(failures == 0, rows)
        counts = tf.math.unsorted_segment_sum(tf.cast(is_used, tf.int64), rows, count)
        return tf.boolean_mask(tokens, is_used), counts

    def _walk(self, words):
        """The node at the end of the longest piece from each character on; a root if none is."""
        points = tf.cast(words.values, tf.int64)
        word_ends = repeated(words.row_splits[1:], words.row_lengths())
        places = tf.range(tf.size(points, tf.int64))
        is_start = places == repeated(words.row_splits[:-1], words.row_lengths())
        roots = tf.where(is_start, FIRST, CONTINUING)

        def step(begins, at, nodes, found):
            keys = tf.bitwise.left_shift(tf.cast(nodes, tf.int64), POINT_BITS)
            nodes = self._edges.lookup(keys + tf.gather(points, at))
            on = nodes >= 0
            begins, at, nodes = (tf.boolean_mask(x, on) for x in (begins, at + 1, nodes))
            is_end = tf.gather(self._tokens, nodes) >= 0
            found = tf.tensor_scatter_nd_update(
                found, tf.boolean_mask(begins, is_end)[:, None], tf.boolean_mask(nodes, is_end)
            )
            on = at < tf.gather(word_ends, begins)
            return *(tf.boolean_mask(x, on) for x in (begins, at, nodes)), found

        shapes = (tf.TensorShape([None]),) * 4
        loop = (places, places, roots, roots)
        return tf.while_loop(lambda begins, *_: tf.size(begins) > 0, step, loop, shapes)[-1]


def _leaps(words, ends):
    """Which characters one comes to from the beginnings of words, by leaps to `ends`.

    Args:
        words: ragged tensor [w, characters].
        ends: int32 [c], where the leap from each character ends.

    Returns:
        tf.bool [c].
    """
    size = tf.size(ends)
    last = tf.cast(repeated(words.row_splits[1:], words.row_lengths()), tf.int32)
    leaps = tf.concat([tf.where(ends < last, ends, size), [size]], 0)
    starts = words.row_splits[:-1, None]
    reached = tf.scatter_nd(
        starts, tf.ones_like(starts[:, 0], tf.int32), [tf.cast(size, tf.int64) + 1]
    )

    def twice_as_far(reached, leaps):
        more = tf.math.unsorted_segment_max(reached, leaps, size + 1)
        return tf.maximum(reached, more), tf.gather(leaps, leaps)

    shapes = (tf.TensorShape([None]),) * 2
    far = tf.while_loop(
        lambda _, leaps: tf.reduce_any(leaps < size), twice_as_far, (reached, leaps), shapes
    )
    return far[0][:-1] > 0


def _table(keys, values):
    values = tf.constant(values, tf.int32)
    return tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(tf.constant(keys), values), -1
    )
