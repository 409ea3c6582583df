"""Comparing an engine in a graph with the `tokenizers` library, text by text."""

import json

import numpy as np
from hypothesis import strategies as st

from keras_bert_zoo.tokenizers import Tokenizer
from tests.tokenizers.hard_strings import HARD_STRINGS
from tests.tokenizers.parity import TEXT
from tests.tokenizers.tiny_folders import FOLDERS

# In batches, as a graph is made for those.
TEXTS = st.lists(TEXT, min_size=1, max_size=30)
# All characters up to the last ideographs, the tags, and one of each 128 further code points.
CODE_POINTS = [
    point
    for point in (
        *range(0x32400),
        *range(0x32400, 0xE0000, 128),
        *range(0xE0000, 0xE0200),
        0x10FFFF,
    )
    if not 0xD800 <= point < 0xE000
]


def specification_of(name, folder):
    """The tokenizer.json of a tiny folder, as a dict."""
    return Tokenizer.from_folder(FOLDERS[name](folder)).specification()


class Pair:
    """An engine in a graph, and the Rust library's tokenizer, without added tokens.

    Args:
        engine: class of the engine.
        specification: tokenizer.json, a dict.
    """

    def __init__(self, engine, specification):
        import tensorflow as tf
        import tokenizers

        self.engine = engine(specification, "core")
        signature = [tf.TensorSpec([None], tf.string), tf.TensorSpec([None], tf.bool)]
        self._all = tf.function(self.engine, signature)
        self._ids = tf.function(self.engine.ids, signature)
        bare = {**specification, "added_tokens": []}
        self.rust = tokenizers.Tokenizer.from_str(json.dumps(bare))

    def ids(self, texts):
        """Ids of a list of str or bytes."""
        return self._ids(texts, np.ones(len(texts), bool)).to_list()

    def check_eagerly(self, texts):
        """The ids are the same where no graph is made."""
        import tensorflow as tf

        found = self.engine.ids(tf.constant(texts), tf.ones([len(texts)], tf.bool))
        assert found.to_list() == self.ids(texts)

    def check(self, texts):
        """Everything is the same for all texts."""
        texts = list(texts)
        found = self._all(texts, np.ones(len(texts), bool))
        ids, starts, ends, words = (each.to_list() for each in found)
        only_ids = self.ids(texts)
        expected = self.rust.encode_batch(texts, add_special_tokens=False)
        for index, encoding in enumerate(expected):
            said = ascii(texts[index][:60])
            assert ids[index] == encoding.ids, said
            assert only_ids[index] == encoding.ids, said
            assert list(zip(starts[index], ends[index])) == encoding.offsets, said
            assert words[index] == encoding.word_ids, said


def hard_texts():
    return list(HARD_STRINGS.values())


def code_points(size=64):
    """Texts that hold all of CODE_POINTS, each after a letter, and the half of them twice."""
    texts = [
        "a".join(map(chr, CODE_POINTS[i : i + size])) for i in range(0, len(CODE_POINTS), size)
    ]
    return texts + ["".join(map(chr, CODE_POINTS[i : i + size])) for i in range(0, 0x3000, size)]
