"""Normalisation layers."""

import keras


def layer_norm(name, epsilon=1e-12):
    """Layer normalisation over the last axis (https://arxiv.org/abs/1607.06450)."""
    return keras.layers.LayerNormalization(epsilon=epsilon, name=name)
