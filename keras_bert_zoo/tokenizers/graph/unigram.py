"""Unigram in a graph: ALBERT, XLM-R, CamemBERT, DeBERTa 2 and 3, and XLNet."""

import json

import tensorflow as tf

from ..files import rust
from .metaspace import splitters
from .subwords import Subwords
from .viterbi import PENALTY, Viterbi


class Unigram(Subwords):
    """The model of a tokenizer.json with a Unigram model, with what comes before it.

    All of it is core TensorFlow, and exact with either `ops`. SentencePiece's own operation is not
    used: it normalizes by other rules, and adds scores in single precision.

    Args:
        specification: tokenizer.json, a dict.
        ops: of no consequence here.

    Raises:
        ValueError: the tokenizer has something that is not known here: what.
    """

    def __init__(self, specification, ops="text"):
        model = specification["model"]
        _check(model)
        super().__init__(specification.get("normalizer"), _whole_words(model))
        self._splitters = splitters(specification.get("pre_tokenizer"))
        self._viterbi = Viterbi(model["vocab"], model["unk_id"])

    def _words(self, characters, first):
        begins = characters.first()
        for splitter in self._splitters:
            characters, begins = splitter(characters, begins, first)
        return characters, begins | characters.first()

    def _cut(self, words):
        points = tf.strings.unicode_decode(words, "UTF-8")
        return self._viterbi(points.values, tf.cast(points.row_splits, tf.int32))

    def _unit_lengths(self, words, lengths):
        return lengths

    def _places(self, characters, ids, before):
        starts = tf.gather(characters.starts, before[:-1])
        return starts, tf.gather(characters.ends, before[1:] - 1)


def _check(model):
    """Raises ValueError for what our Unigram models never have."""
    pieces, unk_id = model["vocab"], model.get("unk_id")
    problem = None
    if model.get("byte_fallback"):
        problem = "turns unknown characters into pieces of bytes"
    elif unk_id is None:
        problem = "has no unknown piece"
    elif min(score for _, score in pieces) > 2 * PENALTY:
        problem = "has scores so high that unknown characters are likelier than known ones"
    if problem:
        raise ValueError(
            f"The Unigram model {problem}: there is no TensorFlow graph for that. Tokenize before "
            "the model, which takes ids as well."
        )


def _whole_words(model):
    """The words, as bytes, that the Rust model makes one token of."""
    bare = {"version": "1.0", "added_tokens": [], "model": model}
    found = rust().Tokenizer.from_str(json.dumps(bare)).model
    return {
        piece.encode(): index
        for index, (piece, _) in enumerate(model["vocab"])
        if piece and [token.id for token in found.tokenize(piece)] == [index]
    }
