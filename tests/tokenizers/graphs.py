"""Comparing the graph of a tokenizer with the tokenizer."""

import numpy as np


def assert_same(graph, tokenizer, texts):
    """The same ids in both ways, the same offsets, and the same tokens together in words.

    Args:
        graph: `GraphTokenizer`.
        tokenizer: `Tokenizer`.
        texts: list of str.
    """
    import tensorflow as tf

    strings = tf.constant([text.encode() for text in texts], tf.string)
    tokens, ids = graph(strings), graph.ids(strings).to_list()
    expected = tokenizer.encode_batch(texts, add_special_tokens=False)
    rows = zip(*(field.to_list() for field in tokens))
    for text, only_ids, (found, starts, ends, words), one in zip(texts, ids, rows, expected):
        assert found == one.ids, text
        assert only_ids == one.ids, text
        assert list(zip(starts, ends)) == one.offsets, text
        assert words == without_gaps(one.word_ids), text


def without_gaps(word_ids):
    return np.unique(np.array(word_ids, "int64"), return_inverse=True)[1].tolist()
