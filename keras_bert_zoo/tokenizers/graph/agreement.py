"""How far a graph agrees with the tokenizer that it was made of, on texts known to be hard."""

import tensorflow as tf

from .hard_texts import HARD_TEXTS


def agreement(graph, tokenizer, texts=None):
    """The share of texts with the same ids.

    Args:
        graph: a `GraphTokenizer`, or a function of tf.string [n] to ids, a ragged tensor.
        tokenizer: the `keras_bert_zoo.Tokenizer`.
        texts: list of str; `hard_texts.HARD_TEXTS` if not given.

    Returns:
        A float from 0.0 to 1.0.
    """
    texts = list(HARD_TEXTS if texts is None else texts)
    ids = getattr(graph, "ids", graph)
    found = ids(tf.constant([text.encode() for text in texts], tf.string)).to_list()
    expected = tokenizer.ids_batch(texts)
    return sum(a == b for a, b in zip(found, expected)) / max(len(texts), 1)
