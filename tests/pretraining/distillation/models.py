"""Teachers and students small enough for every test."""

import keras
import numpy as np

import keras_bert_zoo as kbz
from tests.tiny import tiny_encoder, tiny_tokenizer

LOUD = {"initializer_range": 0.3, "dropout": 0.0, "attention_dropout": 0.0}
WIDE = {**LOUD, "hidden_dim": 32, "num_heads": 4, "intermediate_dim": 64}


def preprocessor():
    return kbz.Preprocessor(tiny_tokenizer(), 32, num_buckets=1)  # each shape is compiled


def tiny_teacher(num_layers=2, **sizes):
    """A masked LM whose answers differ from text to text."""
    keras.utils.set_random_seed(1)
    return kbz.MaskedLM(
        tiny_encoder(num_layers=num_layers, **{**LOUD, **sizes}), preprocessor(), seed=1
    )


def tiny_student(**sizes):
    keras.utils.set_random_seed(2)
    options = {"num_layers": 1, "dropout": 0.0, "attention_dropout": 0.0, **sizes}
    return tiny_encoder(**options)


def softmax(x):
    x = np.exp(x - x.max(-1, keepdims=True))
    return x / x.sum(-1, keepdims=True)


def kl(p, q):
    """`sum p log(p / q)` over the last axis, where p is above 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(p > 0, p * (np.log(p) - np.log(q)), 0.0).sum(-1)
