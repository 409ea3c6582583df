"""How new weights start."""

import keras


def truncated_normal(initializer_range=0.02):
    """BERT's initialiser: a normal of this deviation, cut at two deviations."""
    return keras.initializers.TruncatedNormal(stddev=initializer_range)
