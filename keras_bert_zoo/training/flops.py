"""How many operations an encoder's mathematics asks for."""

import numpy as np


def encoder_flops(encoder, batch_size, length):
    """Operations of the matrix products of an encoder's blocks, forward, for a batch."""
    weights = sum(_matrices(block) for block in encoder.blocks)  # shared ones as often as they run
    attention = 2 * len(encoder.blocks) * length * encoder.config.hidden_dim
    return 2 * batch_size * length * (weights + attention)


def _matrices(layer):
    """How many numbers are in the matrices of a layer."""
    return sum(int(np.prod(weight.shape)) for weight in layer.weights if len(weight.shape) > 1)
