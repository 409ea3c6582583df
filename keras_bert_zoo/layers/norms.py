"""Normalisation layers."""

import keras


def layer_norm(name, epsilon=1e-12, use_bias=True):
    """Layer normalisation over the last axis (https://arxiv.org/abs/1607.06450)."""
    return keras.layers.LayerNormalization(epsilon=epsilon, center=use_bias, name=name)
