"""Texts and examples small enough for every test."""

import numpy as np

from keras_bert_zoo.pretraining.example import Example, Examples, examples_of
from tests.tiny import NEGATIVE, POSITIVE, tiny_tokenizer

TEXTS = [f"{a} , but {b}" for a in POSITIVE for b in NEGATIVE]
LENGTH = 16


def source():
    """25 texts as examples, each of one part."""
    return examples_of(TEXTS, tiny_tokenizer(), LENGTH)


def pairs(count=12, seed=0):
    """Examples of two parts, three of each document, with tokens that tell where they are from."""
    generator, found = np.random.default_rng(seed), []
    for number in range(count):
        lengths = tuple(int(n) for n in generator.integers(2, 6, 2))
        ids = generator.integers(10, 80, sum(lengths)).astype("int32")
        starts = generator.random(len(ids)) < 0.7
        starts[0] = True
        found.append(Example(ids, starts, lengths, number // 3))
    return Examples(found)
