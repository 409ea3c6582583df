"""Unicode's normal forms, with the tables of the `tokenizers` library's version of Unicode."""

import functools

import numpy as np
import tensorflow as tf

from ..files import rust
from .characters import earlier, expanded, latest, transformed
from .unicode_tables import COUNT, Numbers, Texts, asked, changed, text

# A character of each combining class there is; a class never changes once it is given.
_MARKS = {
    1: 0x334, 6: 0x16FF0, 7: 0x93C, 8: 0x3099, 9: 0x94D, 10: 0x5B0, 11: 0x5B1, 12: 0x5B2,
    13: 0x5B3, 14: 0x5B4, 15: 0x5B5, 16: 0x5B6, 17: 0x5B7, 18: 0x5B8, 19: 0x5B9, 20: 0x5BB,
    21: 0x5BC, 22: 0x5BD, 23: 0x5BF, 24: 0x5C1, 25: 0x5C2, 26: 0xFB1E, 27: 0x64B, 28: 0x64C,
    29: 0x64D, 30: 0x64E, 31: 0x64F, 32: 0x650, 33: 0x651, 34: 0x652, 35: 0x670, 36: 0x711,
    84: 0xC55, 91: 0xC56, 103: 0xE38, 107: 0xE48, 118: 0xEB8, 122: 0xEC8, 129: 0xF71, 130: 0xF72,
    132: 0xF74, 202: 0x321, 214: 0x1DCE, 216: 0x31B, 218: 0x302A, 220: 0x316, 222: 0x59A,
    224: 0x302E, 226: 0x1D16D, 228: 0x5AE, 230: 0x301, 232: 0x315, 233: 0x35C, 234: 0x35D,
    240: 0x345,
}  # fmt: skip


class Decomposition(tf.Module):
    """NFD or NFKD: characters come apart, and their marks are sorted.

    Args:
        form: "NFD" or "NFKD".
    """

    def __init__(self, form):
        super().__init__()
        self._texts = Texts(decompositions(form))
        self._classes = Numbers(combining_classes())

    def __call__(self, characters):
        which, classes = self._texts.which(characters.points), self._classes(characters.points)
        busy = tf.reduce_any((which > 0) | (classes > 0))
        return tf.cond(
            busy,
            lambda: transformed(characters, *self.parts(characters)[:3]),
            lambda: characters,
        )

    def parts(self, characters):
        """Code points, changes, rows and combining classes of the parts, sorted."""
        which = self._texts.which(characters.points)
        places, within, _ = expanded(self._texts.lengths(which), characters.splits)
        old = tf.gather(characters.points, places)
        points = self._texts.point(tf.gather(which, places), within, old)
        rows = tf.gather(characters.rows, places)
        classes = self._classes(points)
        first = tf.concat([[True], rows[1:] != rows[:-1]], 0)[: tf.size(rows)]
        group = tf.cumsum(tf.cast((classes == 0) | first, tf.int64))
        order = tf.argsort(group * 256 + tf.cast(classes, tf.int64), stable=True)
        changes = tf.minimum(within, 1)
        return tuple(tf.gather(each, order) for each in (points, changes, rows, classes))


class Composition(tf.Module):
    """NFC or NFKC: characters come apart, and together again.

    Args:
        form: "NFC" or "NFKC".
    """

    def __init__(self, form):
        super().__init__()
        self._apart = Decomposition(form.replace("C", "D"))
        pairs = compositions()
        keys = [_pair(ord(a), ord(b)) for a, b in pairs]
        values = [ord(composed) for composed in pairs.values()]
        table = tf.lookup.KeyValueTensorInitializer(keys, values, tf.int64, tf.int32)
        self._pairs = tf.lookup.StaticHashTable(table, 0)
        second, busy = np.zeros(COUNT, "int32"), np.zeros(COUNT, "int32")
        second[[ord(b) for _, b in pairs]] = 1
        busy[list(changed(getattr(rust().normalizers, form)()))] = 1
        self._second = Numbers(second)
        self._busy = Numbers(busy | second | (combining_classes() > 0))

    def __call__(self, characters):
        busy = tf.reduce_any(self._busy(characters.points) > 0)
        return tf.cond(busy, lambda: self._composed(characters), lambda: characters)

    def _composed(self, characters):
        points, changes, rows, classes = self._apart.parts(characters)
        state = (tf.constant(True), points, changes, rows, classes, tf.zeros_like(points, tf.bool))
        shapes = (tf.TensorShape([]), *[tf.TensorShape([None])] * 5)
        found = tf.while_loop(lambda more, *_: more, self._step, state, shapes)
        return transformed(characters, *found[1:4])

    def _step(self, _, points, changes, rows, classes, passed):
        """Every starter takes up the first of those after it that composes with it.

        Those between are passed: what it has become is not tried on them. A starter that the one
        before may take up waits.
        """
        places = tf.range(tf.size(points))
        origin = latest(earlier(classes == 0, True), places) - 1
        origin = tf.where(places > 0, origin, -1)
        there = tf.maximum(origin, 0)
        last = earlier(classes, 0)
        free = (origin == places - 1) | ((last < classes) & (last > 0))
        free &= (origin >= 0) & (tf.gather(classes, there) == 0) & ~passed
        free &= (tf.gather(rows, there) == rows) & (self._second(points) > 0)
        composed = tf.where(free, self._composition(tf.gather(points, there), points, free), 0)
        waiting = (composed > 0) & (classes == 0)
        fits = (composed > 0) & ~tf.gather(waiting, there)
        firsts = tf.math.unsorted_segment_min(
            tf.where(fits, places, tf.size(points)), there, tf.size(points)
        )
        taken = fits & (tf.gather(firsts, there) == places)
        passed |= (places < tf.gather(firsts, there)) & (tf.gather(firsts, there) < tf.size(points))
        takers = tf.boolean_mask(there, taken)[:, None]
        points = tf.tensor_scatter_nd_update(points, takers, tf.boolean_mask(composed, taken))
        gained = tf.boolean_mask(changes, taken) - 1
        changes = tf.tensor_scatter_nd_add(changes, takers, gained)
        keep = tf.where(~taken)[:, 0]
        state = (tf.gather(each, keep) for each in (points, changes, rows, classes, passed))
        return (tf.reduce_any(taken), *state)

    def _composition(self, first, second, wanted):
        """The composition of each wanted pair; 0 where there is none."""
        places = tf.where(wanted)
        pair = _pair(*(tf.cast(tf.gather_nd(e, places), tf.int64) for e in (first, second)))
        found = self._pairs.lookup(pair)
        return tf.scatter_nd(places, found, tf.shape(first, tf.int64))


def _pair(first, second):
    return first * COUNT + second


@functools.cache
def decompositions(form):
    """Code point to the str that it comes apart into, of those that do."""
    return changed(getattr(rust().normalizers, form)())


@functools.cache
def compositions():
    """(character, character) to the one that they compose to."""
    composed = rust().normalizers.NFC()
    pairs = {}
    for point, parts in decompositions("NFD").items():
        start, last = composed.normalize_str(parts[:-1]), parts[-1]
        if len(parts) > 1 and len(start) == 1 and composed.normalize_str(parts) == chr(point):
            pairs[start, last] = chr(point)
    return pairs


@functools.cache
def combining_classes():
    """The combining class of each code point, counted in those that there are: int32 [COUNT].

    0 is that of a starter; a mark is sorted before another exactly if it is of a lower class.
    """
    classes = np.zeros(COUNT, "int32")
    characters = text(asked()).replace("\n", " ")
    highest = chr(_MARKS[240])
    apart = rust().normalizers.NFD()
    found = apart.normalize_str("\n".join(highest + c for c in characters)).split("\n")
    moved = [point for point, two in zip(asked(), found) if two[0] != highest]
    # One that comes apart is of no matter: its parts are what is sorted.
    moved = [point for point in moved if point not in decompositions("NFD")]
    for point in [*moved, _MARKS[240]]:
        pairs = "\n".join(chr(mark) + chr(point) for mark in _MARKS.values())
        classes[point] = sum(
            two[-1] == chr(point) for two in apart.normalize_str(pairs).split("\n")
        )
    return classes
