"""Sentences to tokens, as flat arrays."""

import dataclasses
import functools
import json
from itertools import chain

import numpy as np

from .tokenizer_folder import engine_of


@dataclasses.dataclass
class Tokens:
    """The tokens of many sentences, one after the other.

    Args:
        ids: int32 `(n,)`.
        starts_word: bool `(n,)`, whether a token is the first of its word.
        lengths: int64 `(sentences,)`, tokens of each.
    """

    ids: np.ndarray
    starts_word: np.ndarray
    lengths: np.ndarray


def tokenizer_of(folder):
    """A function from a list of sentences to `Tokens`.

    Args:
        folder: what `Tokenizer.save` wrote. It is read without Keras, whose import costs a process
            seconds and hundreds of megabytes.
    """
    from .remembered import remembered  # it needs the `Tokens` of this file

    engine, specification = engine_of(folder), {}
    if hasattr(engine, "to_str"):  # not all are a tokenizer.json
        specification = json.loads(engine.to_str())
    return remembered(engine, specification) or functools.partial(tokens_of, engine)


def tokens_of(engine, texts):
    """The `Tokens` of texts, without special tokens."""
    found = engine.encode_batch(texts, add_special_tokens=False)
    lengths = np.fromiter(map(len, found), "int64", len(found))
    total = int(lengths.sum())
    ids = np.fromiter(chain.from_iterable(one.ids for one in found), "int32", total)
    words = chain.from_iterable(one.word_ids for one in found)
    words = np.fromiter((-1 if word is None else word for word in words), "int64", total)
    starts = np.ones(total, bool)
    starts[1:] = words[1:] != words[:-1]
    firsts = (np.cumsum(lengths) - lengths)[lengths > 0]
    starts[firsts] = True
    return Tokens(ids, starts, lengths)
