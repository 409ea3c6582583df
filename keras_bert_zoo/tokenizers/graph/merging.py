"""The merges of byte-pair encoding, of many words at once."""

import numpy as np
import tensorflow as tf

from .characters import earlier, later

NEVER = 2**31 - 1


class Merges(tf.Module):
    """Symbols of words to those that are left when nothing more can be merged.

    As the Rust engine: in each word the merge of the lowest rank, from left to right, and again.

    Args:
        merges: dict of (id, id) to the id that they become, in the order of their ranks.
    """

    def __init__(self, merges):
        super().__init__()
        pairs = np.array(list(merges), "int64").reshape(-1, 2)
        self._width = int(pairs.max(initial=0)) + 1
        # A table has to hold something.
        keys = [*(pairs[:, 0] * self._width + pairs[:, 1]), -1]
        ranks = [*range(len(merges)), NEVER]
        table = tf.lookup.KeyValueTensorInitializer(keys, ranks, tf.int64, tf.int32)
        self._ranks = tf.lookup.StaticHashTable(table, NEVER)
        merged = np.array([*merges.values(), 0], "int32")
        self._merged = tf.Variable(merged, trainable=False)
        self._together = _made_before_use(merges)

    def __call__(self, symbols, words, count):
        """What becomes of symbols.

        Args:
            symbols: ids, int32 [n].
            words: the word that each is of, ascending, int32 [n].
            count: how many words there are.

        Returns:
            Ids, and the word that each is of, ascending.
        """
        ranks = self._looked_up(symbols, words, tf.range(tf.size(symbols)))
        done, owners = pieces_of_any_size(), pieces_of_any_size()
        state = (0, symbols, words, ranks, done, owners)
        flat = tf.TensorShape([None])
        shapes = (tf.TensorShape([]), flat, flat, flat, None, None)

        def step(index, symbols, words, ranks, done, owners):
            best = tf.gather(tf.math.unsorted_segment_min(ranks, words, count), words)
            ready = best == NEVER
            done = done.write(index, tf.boolean_mask(symbols, ready))
            owners = owners.write(index, tf.boolean_mask(words, ready))
            left = tf.where(~ready)[:, 0]
            state = (tf.gather(each, left) for each in (symbols, words, ranks, best))
            return (index + 1, *self._merge_best(*state, count), done, owners)

        state = tf.while_loop(lambda _, s, *__: tf.size(s) > 0, step, state, shapes)
        done, owners = (
            each.write(state[0], tf.zeros([0], tf.int32)).concat() for each in state[4:]
        )
        order = tf.argsort(owners, stable=True)
        return tf.gather(done, order), tf.gather(owners, order)

    def _merge_best(self, symbols, words, ranks, best, count):
        """Words after one merge of each, or after all those of the same rank."""
        places = tf.range(tf.size(symbols))
        hit = ranks == best
        if self._together:
            # Of "aaaa", the first and the third; a run of these begins where none is before it.
            begins = hit & ~earlier(hit, False)
            run = tf.cumsum(tf.cast(begins, tf.int32))
            start = tf.gather(tf.concat([[0], tf.boolean_mask(places, begins)], 0), run)
            hit &= (places - start) % 2 == 0
        else:
            firsts = tf.math.unsorted_segment_min(tf.where(hit, places, NEVER), words, count)
            hit &= tf.gather(firsts, words) == places
        merged = tf.gather(self._merged, tf.minimum(ranks, tf.size(self._merged) - 1))
        symbols = tf.where(hit, merged, symbols)
        keep = tf.where(~earlier(hit, False))[:, 0]
        symbols, words, ranks, hit = (tf.gather(e, keep) for e in (symbols, words, ranks, hit))
        touched = tf.where(hit | later(hit, False))[:, 0]
        touched = tf.cast(touched, tf.int32)
        found = self._looked_up(symbols, words, touched)
        return symbols, words, tf.tensor_scatter_nd_update(ranks, touched[:, None], found)

    def _looked_up(self, symbols, words, places):
        """The rank of the merge of the symbols at some places and those after them."""
        after = tf.minimum(places + 1, tf.size(symbols) - 1)
        pair = tf.cast(tf.gather(symbols, places), tf.int64) * self._width
        pair += tf.cast(tf.minimum(tf.gather(symbols, after), self._width), tf.int64)
        joined = (after > places) & (tf.gather(words, places) == tf.gather(words, after))
        return tf.where(joined, self._ranks.lookup(pair), NEVER)


def pieces_of_any_size():
    """A `tf.TensorArray` to write tensors of different sizes to; eager ones must not be shared."""
    return tf.TensorArray(tf.int32, 0, dynamic_size=True, infer_shape=False, element_shape=[None])


def _made_before_use(merges):
    """Whether every symbol is made by merges of lower ranks than those that it takes part in.

    So it is wherever the merges were learnt. Then a merge never makes way for one of a lower rank,
    and all of one rank can be done at once.
    """
    last = {made: rank for rank, made in enumerate(merges.values())}
    return all(last.get(part, -1) < rank for rank, pair in enumerate(merges) for part in pair)
