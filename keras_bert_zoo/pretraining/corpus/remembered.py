"""Sentences to tokens, with what has been tokenized before looked up in a dictionary.

Half of a text are a few hundred words. Where the tokens of a part do not depend on what is around
it, looking them up gives the same tokens at many times the speed of the engine. It is done twice:
a text is chunks between spaces, most of them seen before; a new chunk is words and punctuation.
"""

import functools
import re
from itertools import chain

import numpy as np

from .tokens import Tokens, tokens_of

MOST_PARTS, MOST_CHARACTERS = 400_000, 8_000_000  # that are remembered; then it starts anew

# What is known of Unicode here: some letters, and some marks that are letters to no tokenizer. What
# holds anything else is left to the engine.
LETTERS = "A-Za-zÀ-ÖØ-öø-ɏЀ-ҁҊ-ԯ"
MARKS = "!-/:-@[-`{-~‐-‧«»¡¿"
UNKNOWN = rf"[^ 0-9{LETTERS}{MARKS}]|(?<=.) | $"  # or a space that is not before a word
# To BERT each mark is a word, and letters and digits in a row are one.
BERT_WORDS = rf"[0-9{LETTERS}]+|[{MARKS}]"
# https://github.com/openai/gpt-2/blob/master/src/encoder.py
GPT2_WORDS = rf"'(?:[sdmt]|ll|ve|re)| ?[{LETTERS}]+| ?[0-9]+| ?[{MARKS}]+"
OTHER_SPACE = re.compile(r"[^\S ]|  | $")


class Remembered:
    """A function from a list of texts to `Tokens`, each part of a text being tokenized once.

    Args:
        tokenize: function from a list of parts to `Tokens`.
        split: function from a text to its parts, whose tokens, one after the other, are its own.
    """

    def __init__(self, tokenize, split):
        self._tokenize, self._split = tokenize, split
        self._forget()

    def _forget(self):
        self._numbers, self._characters = _Numbers(), 0
        self._tokens = Tokens(np.zeros(0, "int32"), np.zeros(0, bool), np.zeros(0, "int64"))

    def __call__(self, texts):
        if len(self._numbers) > MOST_PARTS or self._characters > MOST_CHARACTERS:
            self._forget()
        parts = list(map(self._split, texts))
        sizes = np.fromiter(map(len, parts), "int64", len(parts))
        numbers = map(self._numbers.__getitem__, chain.from_iterable(parts))
        numbers = np.fromiter(numbers, "int64", int(sizes.sum()))
        self._learn(self._numbers.take_new())
        return self._gathered(numbers, sizes)

    def _learn(self, parts):
        new, old = self._tokenize(parts), self._tokens
        self._characters += sum(map(len, parts))
        self._tokens = Tokens(
            np.concatenate([old.ids, new.ids]),
            np.concatenate([old.starts_word, new.starts_word]),
            np.concatenate([old.lengths, new.lengths]),
        )
        self._firsts = np.cumsum(self._tokens.lengths) - self._tokens.lengths

    def _gathered(self, numbers, sizes):
        """The tokens of texts, from the numbers of their parts and how many each has."""
        lengths = self._tokens.lengths[numbers]
        ends = np.concatenate([[0], np.cumsum(lengths)])
        shifts = np.repeat(self._firsts[numbers] - ends[:-1], lengths)
        places = np.arange(ends[-1]) + shifts
        of_texts = np.diff(ends[np.cumsum(sizes)], prepend=0)
        return Tokens(self._tokens.ids[places], self._tokens.starts_word[places], of_texts)


class _Numbers(dict):
    """Each key's number, in the order in which keys were first asked for."""

    def __init__(self):
        super().__init__()
        self._new = []

    def __missing__(self, key):
        self[key] = number = len(self)
        self._new.append(key)
        return number

    def take_new(self):
        """The keys that are new since the last time."""
        new, self._new = self._new, []
        return new


def remembered(engine, specification):
    """A `Remembered` for a tokenizer of which it is known what its parts are, or None.

    Args:
        engine: `tokenizers.Tokenizer`.
        specification: its tokenizer.json, a dictionary.
    """
    normalizer, splitter, model = (
        specification.get(part) or {} for part in ("normalizer", "pre_tokenizer", "model")
    )
    added = specification.get("added_tokens") or []
    kind, kinds = normalizer.get("type"), (splitter.get("type"), model.get("type"))
    tokenize = functools.partial(tokens_of, engine)
    if kinds == ("BertPreTokenizer", "WordPiece") and kind in (None, "BertNormalizer"):
        if any(" " in token["content"] for token in added):
            return None
        # Its normalizer changes each character for itself.
        return Remembered(Remembered(tokenize, words(BERT_WORDS, added)), between_spaces)
    if kinds == ("ByteLevel", "BPE") and kind in (None, "NFC"):
        if model.get("dropout") or not splitter.get("use_regex", True) or not _apart(added):
            return None
        if not splitter.get("add_prefix_space"):  # to the first part, which only a text has
            tokenize = Remembered(tokenize, words(GPT2_WORDS, added))
        return Remembered(tokenize, before_spaces)
    return None


def _apart(added):
    """Whether each added token is within a chunk, or between spaces that no chunk has."""
    return not any(
        token["rstrip"] or (" " in token["content"] and "  " not in token["content"])
        for token in added
    )


def between_spaces(text):
    """The chunks of a text; to WordPiece a space does nothing but separate."""
    return text.split(" ")


def before_spaces(text):
    """The chunks of a text, each with the space before it, as byte-level BPE has it.

    >>> before_spaces("a cat.")
    ['a', ' cat.']
    """
    if OTHER_SPACE.search(text):  # what a chunk is then is for the engine to say
        return [text]
    first, *rest = text.split(" ")
    return [first, *(" " + chunk for chunk in rest)]


def words(pattern, added):
    """A function from a chunk to its words; or to itself, if it has other characters in it than are
    known here, or an added token.

    >>> words(BERT_WORDS, [])("(it's)"), words(BERT_WORDS, [])("日本.")
    (['(', 'it', "'", 's', ')'], ['日本.'])
    """
    known = "|".join(re.escape(token["content"].strip()) for token in added) or "(?!)"
    whole, found = re.compile(rf"{UNKNOWN}|(?i:{known})").search, re.compile(pattern).findall
    return lambda chunk: [chunk] if whole(chunk) else found(chunk)
