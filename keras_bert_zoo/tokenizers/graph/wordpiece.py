"""WordPiece: every word becomes the longest pieces of the vocabulary that make it up."""

import importlib

import numpy as np
import tensorflow as tf

from .ascii_text import is_plain_ascii
from .characters import repeated, row_numbers
from .engine import Engine
from .tokens import from_values
from .words import WordSplitter

# `ops` -> module with a `PieceMatcher`; only one of them needs tensorflow_text.
MATCHERS = {"text": "fast_wordpiece", "core": "longest_match"}


class WordPiece(Engine):
    """BERT's normalizer, pre-tokenizer and WordPiece, as in the Rust engine.

    Args:
        specification: a tokenizer.json.
        ops: `"text"` or `"core"`.

    Raises:
        ValueError: its normalizer or pre-tokenizer is not BERT's.
    """

    exact = True

    def __init__(self, specification, ops):
        super().__init__()
        _check(specification)
        model = specification["model"]
        self._split = WordSplitter(specification["normalizer"])
        self._match = importlib.import_module(f".{MATCHERS[ops]}", __package__).PieceMatcher(model)
        self._sizes = tf.Variable(_sizes(model["vocab"]), trainable=False)
        self._lowercase = specification["normalizer"]["lowercase"]
        self._prefix = len(model["continuing_subword_prefix"])

    def __call__(self, strings, first):
        words = self._split(strings)
        pieces = self._match(words.characters)
        of_word = row_numbers(pieces)
        starts, ends = self._spans(words.characters, pieces, of_word)
        return from_values(
            tf.gather(pieces.row_splits, words.row_splits),
            pieces.values,
            tf.gather(words.sources, starts),
            tf.gather(words.sources, ends - 1) + 1,
            of_word - tf.gather(_first_word(words.row_splits), of_word),
        )

    def ids(self, strings, first):
        plain = is_plain_ascii(strings)
        return tf.cond(
            tf.reduce_all(plain),
            lambda: self._ascii_ids(strings),
            lambda: self._mixed_ids(strings, plain),
        )

    def normalize(self, strings):
        return self._split.normalize(strings)

    def _ascii_ids(self, strings):
        return self._match.ascii_ids(tf.strings.lower(strings) if self._lowercase else strings)

    def _mixed_ids(self, strings, plain):
        words = self._split(tf.where(plain, "", strings))
        pieces = self._match(words.characters)
        splits = tf.gather(pieces.row_splits, words.row_splits)
        others = tf.RaggedTensor.from_row_splits(pieces.values, splits, validate=False)
        return tf.concat([self._ascii_ids(tf.where(plain, strings, "")), others], 1)

    def _spans(self, characters, pieces, of_word):
        """Where pieces start and end among the characters of all words."""
        # A word's only piece is all of it, the unknown token too.
        is_alone = tf.gather(pieces.row_lengths() == 1, of_word)
        is_first = tf.concat([[True], of_word[1:] != of_word[:-1]], 0)[: tf.size(of_word)]
        sizes = tf.gather(self._sizes, pieces.values) - tf.where(is_first, 0, self._prefix)
        lengths = tf.cast(characters.row_lengths(), tf.int32)
        sizes = tf.where(is_alone, tf.gather(lengths, of_word), sizes)
        # Pieces make up their words without gaps.
        ends = tf.cumsum(sizes)
        return ends - sizes, ends


def _first_word(row_splits):
    """For each word, the number of the first word of its string."""
    return repeated(row_splits[:-1], row_splits[1:] - row_splits[:-1])


def _sizes(vocabulary):
    """The characters of each token, by id."""
    sizes = np.zeros(max(vocabulary.values()) + 1, np.int32)
    sizes[list(vocabulary.values())] = list(map(len, vocabulary))
    return sizes


def _check(specification):
    for part, accepted in (("normalizer", "BertNormalizer"), ("pre_tokenizer", "BertPreTokenizer")):
        found = (specification.get(part) or {}).get("type")
        if found != accepted:
            raise ValueError(
                f"A WordPiece tokenizer has a TensorFlow graph if its {part} is a {accepted}; this "
                f"one's is {found}. Tokenize before the model, which takes ids as well."
            )
