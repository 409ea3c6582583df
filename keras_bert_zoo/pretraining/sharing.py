"""One table of tokens for two encoders, of which one cannot pull at what the other learns.

Gradient-disentangled embedding sharing: https://arxiv.org/abs/2111.09543, section 3.2.
"""

import contextlib

import keras
import numpy as np
from keras import ops

from ..encoder import Encoder


class Base:
    """What is added to an encoder's tokens: vectors of another table, without gradients.

    Args:
        tokens: the `Embedding` that the table is of.
    """

    def __init__(self, tokens):
        self.tokens = tokens

    def __call__(self, token_ids):
        return ops.stop_gradient(self.tokens(token_ids))


def disentangle(encoder, generator):
    """Makes an encoder's table the difference to a generator's, which starts as it was.

    Args:
        encoder: the discriminator. Its table becomes zero; what it computes stays.
        generator: an encoder with a table of the same size.
    """
    start = table_of(encoder)
    generator.embeddings.tokens.embeddings.assign(start)
    encoder.embeddings.tokens.embeddings.assign(np.zeros_like(start))
    encoder.embeddings.base = Base(generator.embeddings.tokens)


def table_of(encoder):
    """The table of tokens that an encoder computes with, an array."""
    embeddings = encoder.embeddings
    value = np.array(ops.convert_to_numpy(embeddings.tokens.embeddings))
    if embeddings.base is not None:
        value += ops.convert_to_numpy(embeddings.base.tokens.embeddings)
    return value


@contextlib.contextmanager
def whole_table(encoder):
    """The table is for a while the one that the encoder computes with: to be written."""
    table, base = encoder.embeddings.tokens.embeddings, encoder.embeddings.base
    difference = np.array(ops.convert_to_numpy(table))
    table.assign(table_of(encoder))
    encoder.embeddings.base = None
    try:
        yield
    finally:
        table.assign(difference)
        encoder.embeddings.base = base


def whole_copy(encoder):
    """A new encoder that computes the same, with one table."""
    copy = Encoder.from_config(encoder.get_config())
    with whole_table(encoder):
        for new, old in zip(copy.weights, encoder.weights):
            new.assign(np.array(keras.ops.convert_to_numpy(old)))
    return copy


def is_disentangled(encoder):
    """Whether an encoder's table is the difference to another one."""
    return getattr(encoder.embeddings, "base", None) is not None
