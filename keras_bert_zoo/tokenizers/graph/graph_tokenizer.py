"""The frame around every engine: texts as they come, added tokens, places in the text."""

import importlib

import tensorflow as tf

from .added_tokens import AddedTokens
from .agreement import agreement
from .normalizing import Normalizing

# Kind of model in a tokenizer.json -> module of this package and its subclass of `Engine`, which
# is made of the tokenizer.json (a dict) and `ops`.
ENGINES = {
    "WordPiece": ("wordpiece", "WordPiece"),
    "BPE": ("byte_bpe", "ByteBPE"),
    "Unigram": ("unigram", "Unigram"),
}


class GraphTokenizer(tf.Module):
    """A `keras_bert_zoo.Tokenizer` as a TensorFlow graph, without the tokens of its template.

    It may be called in a `tf.function`, in `tf.data.Dataset.map` on batches, and be kept in a
    SavedModel. Text that is not UTF-8 is read with U+FFFD for what is wrong, as Python does.

    Args:
        tokenizer: the tokenizer.
        ops: `"text"` or `"core"`, as in `graph_tokenizer`, which also measures the agreement.

    Raises:
        ValueError: the tokenizer has no graph: why.

    Attributes:
        exact: whether it gives the ids of the tokenizer for every text, as far as is known.
        agreement: share of the texts of `hard_texts` with the same ids; None if not measured.
    """

    def __init__(self, tokenizer, ops="text"):
        super().__init__()
        specification = _specification(tokenizer)
        engine = _engine(specification, ops)
        self.agreement, self.exact = None, engine.exact
        added = specification.get("added_tokens") or []
        # Those matched in normalized text come second, as in the Rust engine.
        for normalized in (True, False):
            tokens = [token for token in added if token["normalized"] is normalized]
            if tokens:
                normalize = engine.normalize if normalized else None
                inner = (engine.normalized if normalize else None) or engine
                engine = AddedTokens(_normalized(tokens, normalize), inner)
                engine = Normalizing(normalize, engine) if normalize else engine
        self._engine = engine

    def __call__(self, texts):
        """`Tokens` of texts, a tf.string tensor of shape [n]."""
        texts = _texts(texts)
        return self._engine(texts, tf.ones_like(texts, tf.bool))

    def ids(self, texts):
        """The ids alone, an int32 ragged tensor [n, tokens]: the fastest way."""
        texts = _texts(texts)
        return self._engine.ids(texts, tf.ones_like(texts, tf.bool))

    def measure(self, tokenizer, texts=None):
        """Compare with the tokenizer; `agreement` and `exact` are what was found."""
        self.agreement = agreement(self, tokenizer, texts)
        self.exact = self.exact and self.agreement == 1.0


def _specification(tokenizer):
    try:
        return tokenizer.specification()
    except ValueError as error:
        raise ValueError(
            f"{error} So there is no TensorFlow graph of it: tokenize before the model, which "
            "takes ids as well."
        ) from error


def _engine(specification, ops):
    kind = specification["model"].get("type", "of an old file without its type")
    if kind not in ENGINES:
        raise ValueError(
            f"There is no TensorFlow graph for a tokenizer whose model is {kind}; there is one for "
            f"{', '.join(ENGINES)}. Tokenize before the model, which takes ids as well."
        )
    module, name = ENGINES[kind]
    return getattr(importlib.import_module(f".{module}", __package__), name)(specification, ops)


def _normalized(tokens, normalize):
    """Added tokens as they are found in normalized text; of two that are then equal, the first."""
    if normalize is None:
        return tokens
    contents = normalize(tf.constant([token["content"] for token in tokens]))[0].numpy()
    found = {}
    for token, content in zip(tokens, contents):
        if not content:
            raise ValueError(
                f"Nothing is left of the added token {token['content']!r} once it is normalized: "
                "there is no TensorFlow graph for that. Add it as a special token."
            )
        found.setdefault(content, {**token, "content": content.decode()})
    return list(found.values())


def _texts(texts):
    texts = tf.convert_to_tensor(texts, tf.string)
    if texts.shape.rank != 1:
        raise ValueError(
            f"Expected texts of shape [n]; these have the shape {texts.shape}. Put a single text "
            "into a list."
        )
    return tf.cond(
        tf.reduce_all(tf.strings.regex_full_match(texts, r"[\x00-\x7f]*")),
        lambda: texts,
        lambda: tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace"),
    )
