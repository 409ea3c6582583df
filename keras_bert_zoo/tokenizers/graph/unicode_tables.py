"""Tables over all code points, small enough to live in a SavedModel."""

import numpy as np
import tensorflow as tf

COUNT = 0x110000
SURROGATES = range(0xD800, 0xE000)
PAGE = 128


class Numbers(tf.Module):
    """A number for each code point, kept as pages, of which most are alike.

    Args:
        values: numpy array of COUNT integers.

    Example:
    >>> Numbers(np.arange(COUNT) % 7)(tf.constant([0, 8, 13])).numpy().tolist()
    [0, 1, 6]
    """

    def __init__(self, values):
        super().__init__()
        pages, order = np.unique(values.reshape(-1, PAGE), axis=0, return_inverse=True)
        self._order = tf.Variable(order.reshape(-1).astype("int32"), trainable=False)
        self._pages = tf.Variable(pages.reshape(-1).astype("int32"), trainable=False)

    def __call__(self, points):
        page = tf.gather(self._order, points // PAGE)
        return tf.gather(self._pages, page * PAGE + points % PAGE)


class Texts(tf.Module):
    """A text for some code points; the others stand for themselves.

    Args:
        texts: dict of code point to str, which may be empty.
    """

    def __init__(self, texts):
        super().__init__()
        distinct = sorted(set(texts.values()))
        place = {text: index for index, text in enumerate(distinct, 1)}
        which = np.zeros(COUNT, "int32")
        which[list(texts)] = [place[text] for text in texts.values()]
        lengths = np.array([1, *map(len, distinct)], "int32")
        self._which = Numbers(which)
        self._lengths = tf.Variable(lengths, trainable=False)
        self._begins = tf.Variable(np.cumsum(lengths) - lengths, trainable=False, dtype=tf.int32)
        flat = [0, *map(ord, "".join(distinct))]
        self._flat = tf.Variable(np.array(flat, "int32"), trainable=False)

    def which(self, points):
        """0 for those that stand for themselves, else which text it is."""
        return self._which(points)

    def lengths(self, which):
        """How many code points each is replaced by."""
        return tf.gather(self._lengths, which)

    def point(self, which, within, points):
        """The code point at a place within each text; where `which` is 0, of `points`."""
        found = tf.gather(self._flat, tf.gather(self._begins, which) + within)
        return tf.where(which > 0, found, points)


def every_character():
    """A str of all code points that a text may hold, in their order."""
    return "".join(map(chr, (p for p in range(COUNT) if p not in SURROGATES)))


def matching(regex):
    """Which code points the `tokenizers` library's regular expressions say match, as booleans.

    The expressions of TensorFlow are of another library, with another version of Unicode.
    """
    from ..files import rust

    library = rust()
    split = library.pre_tokenizers.Split(library.Regex(f"(?:{regex})+"), "removed")
    found = np.ones(COUNT, bool)
    found[SURROGATES.start : SURROGATES.stop] = False
    for _, (start, end) in split.pre_tokenize_str(every_character()):
        found[_points(start, end)] = False
    return found


def _points(start, end):
    """The code points at places of `every_character()`, which has no surrogates."""
    places = np.arange(start, end)
    return places + len(SURROGATES) * (places >= SURROGATES.start)


def changed(normalizer):
    """Code point to what a normalizer of the `tokenizers` library makes of it, if it is another.

    For normalizers that look at each character alone, and let a line end be.
    """
    characters = every_character()
    normalized = normalizer.normalize_str("\n".join(characters.replace("\n", " "))).split("\n")
    if len(normalized) != len(characters):
        raise ValueError(f"{normalizer} does not look at each character alone.")
    texts = {ord(c): text for c, text in zip(characters, normalized) if c != text and c != "\n"}
    alone = normalizer.normalize_str("\n")
    return texts if alone == "\n" else {**texts, ord("\n"): alone}
