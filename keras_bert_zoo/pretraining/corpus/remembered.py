"""Sentences to tokens, each chunk between two spaces tokenized once: a dictionary instead of work.

Half of a text are a few hundred words. Where the tokens of a chunk do not depend on what is around
it, looking them up gives the same tokens at several times the speed of the engine.
"""

import re
from itertools import chain

import numpy as np

from .tokens import Tokens, tokens_of

MOST_CHUNKS, MOST_CHARACTERS = 400_000, 8_000_000  # that are remembered; then it starts anew
OTHER_SPACE = re.compile(r"[^\S ]|  | $")


class Remembered:
    """A function from a list of sentences to `Tokens`, equal to the engine's.

    Args:
        engine: `tokenizers.Tokenizer`.
        with_space: whether the space before a word is a part of it, as in byte-level BPE; else
            spaces do nothing but separate, as in WordPiece.
    """

    def __init__(self, engine, with_space):
        self._engine, self._with_space = engine, with_space
        self._forget()

    def _forget(self):
        self._chunks, self._characters = _Numbers(), 0
        self._tokens = Tokens(np.zeros(0, "int32"), np.zeros(0, bool), np.zeros(0, "int64"))

    def __call__(self, texts):
        if len(self._chunks) > MOST_CHUNKS or self._characters > MOST_CHARACTERS:
            self._forget()
        parts = [self._split(text) for text in texts]
        sizes = np.fromiter(map(len, parts), "int64", len(parts))
        numbers = chain.from_iterable(parts)
        numbers = np.fromiter(map(self._chunks.__getitem__, numbers), "int64", int(sizes.sum()))
        self._learn(self._chunks.take_new())
        return self._gathered(numbers, sizes)

    def _split(self, text):
        """A text's chunks, each to be tokenized alone."""
        if not self._with_space:
            return text.split(" ")
        if OTHER_SPACE.search(text):  # what is a chunk then is for the engine to say
            return [text]
        first, *rest = text.split(" ")
        return [first, *(" " + chunk for chunk in rest)]

    def _learn(self, chunks):
        new, old = tokens_of(self._engine, chunks), self._tokens
        self._characters += sum(map(len, chunks))
        self._tokens = Tokens(
            np.concatenate([old.ids, new.ids]),
            np.concatenate([old.starts_word, new.starts_word]),
            np.concatenate([old.lengths, new.lengths]),
        )
        self._firsts = np.cumsum(self._tokens.lengths) - self._tokens.lengths

    def _gathered(self, numbers, sizes):
        lengths = self._tokens.lengths[numbers]
        ends = np.cumsum(lengths)
        places = np.arange(lengths.sum()) + np.repeat(
            self._firsts[numbers] - (ends - lengths), lengths
        )
        ends = np.concatenate([[0], ends])[np.cumsum(sizes)]
        of_texts = np.diff(ends, prepend=0)
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
    """A `Remembered` for a tokenizer whose chunks are known to be independent, or None.

    Args:
        engine: `tokenizers.Tokenizer`.
        specification: its tokenizer.json, a dictionary.
    """
    normalizer, splitter, model = (
        specification.get(part) or {} for part in ("normalizer", "pre_tokenizer", "model")
    )
    kinds = normalizer.get("type"), splitter.get("type"), model.get("type")
    added = specification.get("added_tokens") or []
    if kinds[1:] == ("BertPreTokenizer", "WordPiece") and kinds[0] in (None, "BertNormalizer"):
        # BERT's normalizer changes each character for itself.
        return (
            None if any(" " in token["content"] for token in added) else Remembered(engine, False)
        )
    if kinds[1:] == ("ByteLevel", "BPE") and kinds[0] in (None, "NFC"):
        # A chunk is the single space before a word, and the word: GPT-2's pattern begins a token
        # at each such space. A token that takes the space after it would take it from the next.
        plain = splitter.get("use_regex", True) and not model.get("dropout")
        apart = all(_is_apart(token) for token in added)
        return Remembered(engine, True) if plain and apart else None
    return None


def _is_apart(token):
    """Whether an added token is within a chunk, or between spaces that no chunk has."""
    return not token["rstrip"] and (" " not in token["content"] or "  " in token["content"])
