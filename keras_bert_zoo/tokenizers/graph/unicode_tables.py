"""Tables over all code points, small enough to live in a SavedModel."""

import functools

import numpy as np
import tensorflow as tf

from ..files import rust

COUNT = 0x110000
PAGE = 128
# Beyond there are no characters but tags, so one in a page is asked about for them all.
_DENSE, _TAGS = 0x32400, (0xE0000, 0xE0200)


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
        places, order = {}, []
        for page in values.astype("int32").reshape(-1, PAGE):
            order.append(places.setdefault(page.tobytes(), len(places)))
        self._order = tf.Variable(np.array(order, "int32"), trainable=False)
        self._pages = tf.Variable(np.frombuffer(b"".join(places), "int32"), trainable=False)

    def __call__(self, points):
        page = tf.gather(self._order, points // PAGE)
        return tf.gather(self._pages, page * PAGE + points % PAGE)


class Texts(tf.Module):
    """A text for some code points; the others stand for themselves.

    Args:
        texts: dict of code point to str, which may be empty.
        others: further str, to be told from each other.

    Attributes:
        place: dict of str to which of the texts it is.
    """

    def __init__(self, texts, others=()):
        super().__init__()
        distinct = sorted({*texts.values(), *others})
        self.place = {text: index for index, text in enumerate(distinct, 1)}
        which = np.zeros(COUNT, "int32")
        which[list(texts)] = [self.place[text] for text in texts.values()]
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


def text(points):
    """A str of code points."""
    return np.asarray(points, "<u4").tobytes().decode("utf-32-le")


@functools.cache
def asked():
    """The code points that are asked about, in their order; each stands for the rest of its page.

    Not the surrogates, which no text holds.
    """
    points = np.arange(COUNT)
    sparse = (points >= _DENSE) & ~((points >= _TAGS[0]) & (points < _TAGS[1]))
    surrogate = (points >= 0xD800) & (points < 0xE000)
    return points[~surrogate & (~sparse | (points % PAGE == 0))]


def for_all(values):
    """Values for `asked()` as values for all code points; 0 for surrogates."""
    points = np.arange(COUNT)
    full = np.asarray(values)[np.searchsorted(asked(), points, "right") - 1]
    full[0xD800:0xE000] = 0
    return full


@functools.cache
def matching(regex):
    """Which code points the `tokenizers` library's regular expressions say match, as booleans.

    The expressions of TensorFlow are of another library, with another version of Unicode.
    """
    library = rust()
    split = library.pre_tokenizers.Split(library.Regex(f"(?:{regex})+"), "removed")
    found = np.ones(len(asked()), bool)
    for _, (start, end) in split.pre_tokenize_str(text(asked())):
        found[start:end] = False
    return for_all(found)


def changed(normalizer):
    """Code point to what a normalizer of the `tokenizers` library makes of it, if it is another.

    For normalizers that look at each character alone, and let a line end be.

    Raises:
        ValueError: it is not such a normalizer.
    """
    characters = text(asked()).replace("\n", " ")
    normalized = normalizer.normalize_str("\n".join(characters)).split("\n")
    texts = {ord(c): new for c, new in zip(characters, normalized) if c != new}
    alone = normalizer.normalize_str("\n")
    if len(normalized) != len(characters) or alone != "\n" or max(texts, default=0) >= _TAGS[1]:
        raise ValueError(f"{normalizer} does not look at each character alone.")
    return texts
