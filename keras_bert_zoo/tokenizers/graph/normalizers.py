"""Normalizers of a tokenizer.json in a graph, with the alignments of the Rust library."""

import base64
import functools
import json

import numpy as np
import tensorflow as tf

from ..files import rust
from .characters import decode, earlier, kept, later, replaced
from .charsmap import Charsmap
from .composition import Composition, Decomposition
from .unicode_tables import Numbers, Texts, asked, changed, for_all, matching, text


class Normalizer(tf.Module):
    """The normalizer of a tokenizer.json: strings to `Characters`.

    Args:
        specification: its object; None if there is none.

    Raises:
        ValueError: there is no graph of it: of what.
    """

    def __init__(self, specification):
        super().__init__()
        self.steps = [_step(each) for each in _flat(specification)]

    def __call__(self, strings, aligned):
        characters = decode(strings, aligned)
        for step in self.steps:
            characters = step(characters)
        return characters

    @tf.autograph.experimental.do_not_convert
    def strings(self, strings):
        """Normalized strings, and where their characters come from: as `Engine.normalize`."""
        points, splits, *places = self(strings, aligned=True)
        ragged = tf.RaggedTensor.from_row_splits
        normalized = tf.strings.unicode_encode(ragged(points, splits, validate=False), "UTF-8")
        return (normalized, *(ragged(each, splits, validate=False) for each in places))


class Each(tf.Module):
    """A normalizer that looks at each character alone.

    Args:
        specification: its object in a tokenizer.json.
    """

    def __init__(self, specification):
        super().__init__()
        bare = {"version": "1.0", "added_tokens": [], "normalizer": specification}
        bare["model"] = {"type": "Unigram", "vocab": [["a", 0.0]], "unk_id": 0}
        self._texts = Texts(changed(rust().Tokenizer.from_str(json.dumps(bare)).normalizer))

    def __call__(self, characters):
        return replaced(characters, self._texts)


class ReplaceText(tf.Module):
    """A text, of which no part is its beginning and end or which is one character again and again.

    Args:
        pattern, content: str.
    """

    def __init__(self, pattern, content):
        super().__init__()
        borders = any(pattern[:size] == pattern[-size:] for size in range(1, len(pattern)))
        self._same = len(set(pattern)) == 1
        if not pattern or len(content) > 1 or (borders and not self._same):
            raise ValueError(
                f"The normalizer replaces {pattern!r} by {content!r}: there is no TensorFlow graph "
                "for that. Tokenize before the model, which takes ids as well."
            )
        self._pattern, self._content = [ord(c) for c in pattern], content

    def __call__(self, characters):
        found = tf.reduce_any(characters.points == self._pattern[-1])
        return tf.cond(found, lambda: self._replaced(characters), lambda: characters)

    def _replaced(self, characters):
        first, points = characters.first(), characters.points
        size = len(self._pattern)
        if self._same:
            within, place = _runs((points == self._pattern[0]), first)
            ends = within & (place % size == size - 1)
        else:
            ends, shifted = points == self._pattern[-1], points
            for wanted in self._pattern[-2::-1]:
                ends &= ~first
                shifted, first = earlier(shifted, -1), earlier(first, True)
                ends &= shifted == wanted
        dropped = covered = ends
        for _ in range(size - 1):
            covered = later(covered, False)
            dropped |= covered
        return _put(characters, ends, dropped, self._content)


class ReplaceBlanks(tf.Module):
    """Each run of blanks by one character, as does one of the REGEXES.

    Args:
        regex: str, of a blank.
        alone: str, blanks that are replaced even if they are alone.
        content: str of up to one character.
    """

    REGEXES = {
        r"\s{2,}|[\n\r\t]": (r"\s", "\n\r\t"),
        r" {2,}": (" ", ""),
        r"\s+": (r"\s", None),
        r" +": (" ", None),
    }

    def __init__(self, regex, content):
        super().__init__()
        if regex not in self.REGEXES or len(content) > 1:
            raise ValueError(
                f"The normalizer replaces the regular expression {regex!r} by {content!r}: there "
                f"is a TensorFlow graph for {list(self.REGEXES)} by one character or none. "
                "Tokenize before the model, which takes ids as well."
            )
        blank, self._alone = self.REGEXES[regex]
        self._blank, self._content = Numbers(matching(blank).astype("int32")), content

    def __call__(self, characters):
        first, last, points = characters.first(), characters.last(), characters.points
        blank = self._blank(points) > 0
        ends = blank & (last | ~later(blank, False))
        begins = blank & (first | ~earlier(blank, False))
        several = ~(ends & begins)
        if self._alone is None:
            several |= True
        for character in self._alone or "":
            several |= points == ord(character)
        return _put(characters, ends & several, blank & several, self._content)


class Strip(tf.Module):
    """White space at the ends of a text is left out.

    Args:
        left, right: whether that at the beginning is, and that at the end.
    """

    def __init__(self, left, right):
        super().__init__()
        self._left, self._right, self._white = left, right, Numbers(white_space())

    def __call__(self, characters):
        (ink,) = tf.unstack(tf.where(self._white(characters.points) == 0), axis=1)
        rows, texts = characters.rows, characters.texts
        ink_rows = tf.gather(rows, ink)
        places = tf.range(tf.size(characters.points), dtype=tf.int64)
        first = tf.math.unsorted_segment_min(ink, ink_rows, texts)
        last = tf.math.unsorted_segment_max(ink, ink_rows, texts)
        keep = tf.ones_like(places, tf.bool)
        if self._left:
            keep &= places >= tf.gather(first, rows)
        if self._right:
            keep &= places <= tf.gather(last, rows)
        return kept(characters, keep)


@functools.cache
def white_space():
    """Which code points Rust takes for white space: int32, 0 or 1."""
    values = np.ones(len(asked()), "int32")
    for _, (start, end) in rust().pre_tokenizers.WhitespaceSplit().pre_tokenize_str(text(asked())):
        values[start:end] = 0
    return for_all(values)


def _runs(flags, first):
    """Flags, and the place of each in its run of them within a text."""
    places = tf.range(tf.size(flags))
    begins = flags & (first | ~earlier(flags, False))
    run = tf.cumsum(tf.cast(begins, tf.int32))
    start = tf.gather(tf.concat([[0], tf.boolean_mask(places, begins)], 0), run)
    return flags, places - start


def _put(characters, there, dropped, content):
    """The content at some of the characters that are dropped."""
    if content:
        points = tf.where(there, ord(content), characters.points)
        characters = characters._replace(points=points)
        dropped &= ~there
    return tf.cond(tf.reduce_any(dropped), lambda: kept(characters, ~dropped), lambda: characters)


def _flat(specification):
    """The steps of a normalizer, of which a Sequence may have another within."""
    if specification is None:
        return []
    if specification["type"] == "Sequence":
        return [step for each in specification["normalizers"] for step in _flat(each)]
    return [specification]


def _step(specification):
    kind = specification["type"]
    if kind in ("NFC", "NFKC"):
        return Composition(kind)
    if kind in ("NFD", "NFKD"):
        return Decomposition(kind)
    if kind in ("Lowercase", "StripAccents"):
        return Each(specification)
    if kind == "Precompiled":
        return Charsmap(base64.b64decode(specification["precompiled_charsmap"] or ""))
    if kind == "Strip":
        return Strip(specification["strip_left"], specification["strip_right"])
    if kind == "Replace":
        ((sort, pattern),) = specification["pattern"].items()
        step = ReplaceText if sort == "String" else ReplaceBlanks
        return step(pattern, specification["content"])
    raise ValueError(
        f"There is no TensorFlow graph for the normalizer {kind}. Tokenize before the model, which "
        "takes ids as well."
    )
