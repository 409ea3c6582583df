"""The words of SentencePiece models: split at white space, each with its mark."""

import numpy as np
import tensorflow as tf

from ..files import rust
from .characters import earlier, expanded, kept, take
from .normalizers import white_space
from .unicode_tables import Numbers, asked, for_all, text


class Metaspace(tf.Module):
    """Spaces become marks, at each of which a word begins; a word without one gets it.

    Args:
        specification: its object in a tokenizer.json.
    """

    def __init__(self, specification):
        super().__init__()
        self._mark = ord(specification.get("replacement", "▁"))
        prefix = "always" if specification.get("add_prefix_space", True) else "never"
        self._scheme = specification.get("prepend_scheme", prefix)
        self._split = specification.get("split", True)

    def __call__(self, characters, begins, first):
        points = tf.where(characters.points == ord(" "), self._mark, characters.points)
        characters = characters._replace(points=points)
        if self._scheme != "never":
            lacks = begins & (points != self._mark)
            if self._scheme == "first":
                lacks &= characters.first() & tf.gather(first, characters.rows)
            characters, begins = _marked(characters, begins, lacks, self._mark)
        if self._split:
            begins |= characters.points == self._mark
        return characters, begins


class WhitespaceSplit(tf.Module):
    """White space is between words, and gone."""

    def __init__(self):
        super().__init__()
        self._white = Numbers(white_space())

    def __call__(self, characters, begins, first):
        del first
        white = self._white(characters.points) > 0
        begins |= earlier(white, False)
        return kept(characters, ~white), tf.boolean_mask(begins, ~white)


class Punctuation(tf.Module):
    """Each punctuation character is a word."""

    def __init__(self):
        super().__init__()
        values = np.ones(len(asked()), "int32")
        splitter = rust().pre_tokenizers.Punctuation("removed")
        for _, (start, end) in splitter.pre_tokenize_str(text(asked())):
            values[start:end] = 0
        self._punctuation = Numbers(for_all(values))

    def __call__(self, characters, begins, first):
        del first
        isolated = self._punctuation(characters.points) > 0
        return characters, begins | isolated | earlier(isolated, False)


def _marked(characters, begins, lacks, mark):
    """A mark before each character that lacks one."""
    places, within, splits = expanded(1 + tf.cast(lacks, tf.int32), characters.splits)
    put_in = tf.gather(lacks, places) & (within == 0)
    points = tf.where(put_in, mark, tf.gather(characters.points, places))
    begins = tf.gather(begins, places) & (within == 0)
    return take(characters, places, points, splits), begins


def splitters(specification):
    """The steps of a pre-tokenizer, in a list.

    Raises:
        ValueError: there is no graph of one.
    """
    steps = (specification or {}).get("pretokenizers") or [specification or {"type": None}]
    found = []
    for step in steps:
        kind = step["type"]
        if kind == "Metaspace":
            found.append(Metaspace(step))
        elif kind == "WhitespaceSplit":
            found.append(WhitespaceSplit())
        elif kind == "Punctuation" and step.get("behavior", "Isolated") == "Isolated":
            found.append(Punctuation())
        else:
            raise ValueError(
                f"There is no TensorFlow graph for the pre-tokenizer {step}, but for Metaspace, "
                "WhitespaceSplit, and Punctuation that is isolated. Tokenize before the model, "
                "which takes ids as well."
            )
    return found
