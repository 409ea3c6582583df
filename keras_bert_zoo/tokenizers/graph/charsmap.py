"""SentencePiece's precompiled rules of normalization, as the Rust library follows them.

That is not as SentencePiece does, which replaces the longest text that is listed. The Rust library
takes a text apart into grapheme clusters. A cluster of less than six bytes is replaced, as a whole,
by what is listed for its shortest beginning; of others each character is looked at alone.
"""

import numpy as np
import tensorflow as tf

from .characters import expanded, transformed
from .graphemes import Graphemes
from .unicode_tables import COUNT, Texts

# Longer texts are never looked up.
_MOST_BYTES = 5


class Charsmap(tf.Module):
    """A Precompiled normalizer.

    Args:
        data: the charsmap, bytes.

    Raises:
        ValueError: it lists what no charsmap of SentencePiece's does.
    """

    def __init__(self, data):
        super().__init__()
        single, pairs = _single_and_pairs(entries(data))
        self._texts = Texts(single, pairs.values())
        keys = [_pair(ord(a), ord(b)) for a, b in pairs] or [-1]
        values = [self._texts.place[text] for text in pairs.values()] or [0]
        table = tf.lookup.KeyValueTensorInitializer(keys, values, tf.int64, tf.int32)
        self._pairs = tf.lookup.StaticHashTable(table, 0)
        self._graphemes = Graphemes()

    def __call__(self, characters):
        which = self._texts.which(characters.points)
        idle = ~tf.reduce_any(which > 0) & self._graphemes.simple(characters.points)
        return tf.cond(idle, lambda: characters, lambda: self._replaced(characters, which))

    def _replaced(self, characters, which):
        which, sizes = self._by_cluster(characters, which)
        parts = tf.cast(tf.where(sizes > 0)[:, 0], tf.int32)
        which, sizes = tf.gather(which, parts), tf.gather(sizes, parts)
        rows = tf.gather(characters.rows, parts)
        lengths = self._texts.lengths(which)
        part, within, _ = expanded(lengths, tf.zeros([1], tf.int64))
        old = tf.gather(tf.gather(characters.points, parts), part)
        points = self._texts.point(tf.gather(which, part), within, old)
        new_rows = tf.gather(rows, part)
        changes = tf.cast(within >= tf.gather(sizes, part), tf.int32)
        # What is taken away is counted with the last before it in the text; at its beginning not
        # at all, so that all after it seem to be from further ahead than they are.
        last = tf.cumsum(lengths) - 1
        missing = tf.minimum(lengths - sizes, 0)
        there = tf.gather(tf.concat([new_rows, [-1]], 0), tf.maximum(last, 0))  # may all be gone
        counted = (last >= 0) & (there == rows)
        missing = tf.where(counted, missing, 0)
        changes += tf.math.unsorted_segment_sum(missing, last, tf.size(points))
        return transformed(characters, points, changes, new_rows)

    def _by_cluster(self, characters, which):
        """Which text replaces each, and how many characters with it; 0 if an earlier one does."""
        points = characters.points
        begins = self._graphemes(points, characters.first())
        (heads,) = tf.unstack(tf.cast(tf.where(begins), tf.int32), axis=1)
        ends = tf.concat([heads[1:], [tf.size(points)]], 0)[: tf.size(heads)]
        sizes = 1 + sum(tf.cast(points >= limit, tf.int32) for limit in (0x80, 0x800, 0x10000))
        after = tf.concat([[0], tf.cumsum(sizes)], 0)
        size = tf.gather(after, ends) - tf.gather(after, heads)
        small = tf.where((size <= _MOST_BYTES) & (ends - heads > 1))[:, 0]
        heads, counts = tf.gather(heads, small), tf.gather(ends - heads, small)
        first, second = tf.gather(points, heads), tf.gather(points, heads + 1)
        pair = self._pairs.lookup(_pair(*(tf.cast(e, tf.int64) for e in (first, second))))
        alone = tf.gather(which, heads)
        found = tf.where(alone > 0, alone, pair)
        listed = tf.where(found > 0)[:, 0]
        heads, counts, found = (tf.gather(each, listed) for each in (heads, counts, found))
        inside, within, _ = expanded(counts, tf.zeros([1], tf.int64))
        places = tf.gather(heads, inside) + within
        taken = tf.where(within == 0, tf.gather(counts, inside), 0)
        number = tf.tensor_scatter_nd_update(tf.ones_like(points), places[:, None], taken)
        return tf.tensor_scatter_nd_update(which, heads[:, None], found), number


def _pair(first, second):
    return first * COUNT + second


def _single_and_pairs(listed):
    """What is listed for characters, and for pairs of which the first is not listed itself."""
    single = {ord(key): text for key, text in listed.items() if len(key) == 1}
    pairs = {
        (key[0], key[1]): text
        for key, text in listed.items()
        if len(key) == 2 and ord(key[0]) not in single
    }
    for key in listed:
        if len(key) > 2 and ord(key[0]) not in single and (key[0], key[1]) not in pairs:
            raise ValueError(
                f"The charsmap lists {key!r}, but no shorter text that it begins with. There is a "
                "TensorFlow graph for charsmaps that list one or two of its characters as well."
            )
    return single, pairs


def entries(data):
    """Text to what replaces it, of texts of up to five bytes in a charsmap.

    It is a trie in an array, of which `sentencepiece_model.check_charsmap` says more: a character's
    unit is found at its parent's base, with the bits of the character changed.
    """
    if not data:
        return {}
    size = int.from_bytes(data[:4], "little")
    units, texts = np.frombuffer(data, "<u4", size // 4, 4).astype("int64"), data[4 + size :]
    bases = np.arange(len(units)) ^ ((units >> 10) << ((units & 0x200) >> 6))
    found, nodes, prefixes = {}, np.array([0]), [b""]
    for _ in range(_MOST_BYTES):
        children = bases[nodes][:, None] ^ np.arange(1, 256)[None]
        inside = children < len(units)
        unit = units[np.where(inside, children, 0)]
        parent, byte = np.nonzero(inside & ((unit & 0x800000FF) == np.arange(1, 256)))
        nodes = children[parent, byte]
        prefixes = [prefixes[p] + bytes([b + 1]) for p, b in zip(parent, byte)]
        for node, prefix in zip(nodes, prefixes):
            if units[node] & 0x100:
                value = int(units[bases[node]] & 0x7FFFFFFF)
                found[prefix] = texts[value : texts.index(b"\0", value)]
    try:
        return {key.decode("utf-8"): text.decode("utf-8") for key, text in found.items()}
    except UnicodeDecodeError as error:
        raise ValueError(
            "The charsmap lists what is not UTF-8: there is no TensorFlow graph for it."
        ) from error
