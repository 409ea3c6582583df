"""Byte-level BPE in a graph: RoBERTa, DeBERTa 1, ModernBERT, Longformer."""

import json

import numpy as np
import tensorflow as tf

from ..files import rust
from .byte_words import ByteWords
from .characters import repeated, rows_of
from .merging import Merges
from .subwords import Subwords

# Bytes that are in no text.
_NO_UTF_8 = (0xC0, 0xC1, *range(0xF5, 0x100))


class ByteBPE(Subwords):
    """The model of a byte-level tokenizer.json, with what comes before it.

    All of it is core TensorFlow, and exact with either `ops`.

    Args:
        specification: tokenizer.json, a dict.
        ops: of no consequence here.

    Raises:
        ValueError: the tokenizer has something that is not known here: what.
    """

    def __init__(self, specification, ops="text"):
        model = specification["model"]
        _check(model)
        bytes_of = _bytes_of_characters()
        vocabulary = model["vocab"]
        super().__init__(specification.get("normalizer"), _whole_words(specification, bytes_of))
        missing = [c for c in bytes_of if c not in vocabulary and bytes_of[c] not in _NO_UTF_8]
        if missing:
            raise ValueError(
                f"The vocabulary lacks {len(missing)} of the 243 bytes of UTF-8, the first is "
                f"{missing[0]!r}. There is a TensorFlow graph for one that has all."
            )
        self._splitter = ByteWords(**_byte_level(specification.get("pre_tokenizer")))
        self._merges = Merges(_merges(model))
        symbols = np.zeros(256, "int32")
        for character, byte in bytes_of.items():
            symbols[byte] = vocabulary.get(character, 0)
        self._symbols = tf.Variable(symbols, trainable=False)
        self._set_lengths(vocabulary, bytes_of)
        self._trim, self._spaced = _trimming(specification.get("post_processor"))

    def _set_lengths(self, vocabulary, bytes_of):
        lengths = np.zeros((max(vocabulary.values()) + 1, 3), "int32")
        space = next(character for character, byte in bytes_of.items() if byte == ord(" "))
        for token, index in vocabulary.items():
            leading, trailing = (
                len(token) - len(t) for t in (token.lstrip(space), token.rstrip(space))
            )
            lengths[index] = len(token), leading, trailing
        self._lengths, self._leading, self._trailing = (
            tf.Variable(column, trainable=False) for column in lengths.T
        )

    def _words(self, characters, first):
        return self._splitter(characters)

    def _cut(self, words):
        lengths = tf.strings.length(words)
        data = tf.io.decode_raw(tf.strings.reduce_join(words, keepdims=True), tf.uint8)[0]
        splits = tf.concat([[0], tf.cumsum(tf.cast(lengths, tf.int64))], 0)
        words_of = tf.cast(rows_of(splits, tf.size(data)), tf.int32)
        symbols = tf.gather(self._symbols, tf.cast(data, tf.int32))
        ids, owners = self._merges(symbols, words_of, tf.size(words))
        counts = tf.math.unsorted_segment_sum(tf.ones_like(owners), owners, tf.size(words))
        return ids, tf.gather(self._lengths, ids), counts

    def _unit_lengths(self, words, lengths):
        return tf.strings.length(words)

    def _places(self, characters, ids, before):
        points = characters.points
        sizes = 1 + sum(tf.cast(points >= limit, tf.int32) for limit in (0x80, 0x800, 0x10000))
        character = repeated(tf.range(tf.size(points)), sizes)
        starts = tf.gather(characters.starts, tf.gather(character, before[:-1]))
        return starts, tf.gather(characters.ends, tf.gather(character, before[1:] - 1))

    def _trimmed(self, ids, starts, ends, first, splits):
        """As `process_offsets` of the Rust library."""
        if not self._trim:
            return starts, ends
        leading, trailing = tf.gather(self._leading, ids), tf.gather(self._trailing, ids)
        if self._spaced:
            rows = rows_of(splits, tf.size(ids))
            is_first = (starts == 0) & tf.gather(first, rows)
            leading -= tf.cast(is_first & (leading > 0), tf.int32)
        starts = tf.minimum(starts + leading, ends)
        return starts, tf.where(ends >= trailing, tf.maximum(ends - trailing, starts), ends)


def _check(model):
    """Raises ValueError for what our byte-level tokenizers never have."""
    for setting in ("dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback"):
        if model.get(setting):
            raise ValueError(
                f"The BPE model has {setting} {model[setting]!r}: there is a TensorFlow graph for "
                "byte-level BPE without it. Tokenize before the model, which takes ids as well."
            )


def _byte_level(pre_tokenizer):
    """The settings of a ByteLevel pre-tokenizer, which may be alone in a Sequence."""
    steps = (pre_tokenizer or {}).get("pretokenizers") or [pre_tokenizer or {"type": None}]
    if [step["type"] for step in steps] != ["ByteLevel"]:
        raise ValueError(
            f"The pre-tokenizer is {[step['type'] for step in steps]}: there is a TensorFlow graph "
            "for BPE after ByteLevel. Tokenize before the model, which takes ids as well."
        )
    return {
        "add_prefix_space": steps[0].get("add_prefix_space", True),
        "use_regex": steps[0].get("use_regex", True),
    }


def _trimming(post_processor):
    """Whether places are trimmed, and whether the first space is left as it was put in."""
    processors = (post_processor or {}).get("processors") or [post_processor or {"type": None}]
    found = [p for p in processors if p["type"] in ("RobertaProcessing", "ByteLevel")]
    trimming = [p for p in found if p.get("trim_offsets", True)]
    if len(trimming) > 1:
        raise ValueError("Two post-processors trim offsets: there is a TensorFlow graph for one.")
    return bool(trimming), any(p.get("add_prefix_space", True) for p in trimming)


def _bytes_of_characters():
    """The 256 characters that byte-level tokenizers write bytes as, with these."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return {
        **{chr(byte): byte for byte in plain},
        **{chr(0x100 + index): byte for index, byte in enumerate(others)},
    }


def _merges(model):
    """(id, id) to the id of both; a pair that is listed twice has the later rank, as in Rust."""
    vocabulary, merges = model["vocab"], {}
    for merge in model["merges"]:
        left, right = merge.split(" ") if isinstance(merge, str) else merge
        pair = vocabulary[left], vocabulary[right]
        merges.pop(pair, None)
        merges[pair] = vocabulary[left + right]
    return merges


def _whole_words(specification, bytes_of):
    """The words, as bytes, that the Rust model makes one token of."""
    bare = {"version": "1.0", "added_tokens": [], "model": specification["model"]}
    model = rust().Tokenizer.from_str(json.dumps(bare)).model
    words = {}
    for token, index in specification["model"]["vocab"].items():
        is_bytes = token and all(character in bytes_of for character in token)
        if is_bytes and [found.id for found in model.tokenize(token)] == [index]:
            words[bytes(bytes_of[character] for character in token)] = index
    return words
