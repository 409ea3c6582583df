"""From one vector a token to one vector a text, without weights: for sentence embeddings."""

import keras
from keras import ops

from ..errors import unknown_name


def first(sequence, mask):
    """The first token's vector, which is that of [CLS]."""
    return sequence[:, 0]


def mean(sequence, mask):
    """The mean over the tokens (https://arxiv.org/abs/1908.10084, section 3)."""
    count = ops.sum(mask, axis=1)
    return ops.sum(sequence * mask, axis=1) / ops.maximum(count, 1.0)


def maximum(sequence, mask):
    """The largest value of each dimension; 0 where there is no token."""
    lowest = ops.full_like(sequence, -1e30)
    most = ops.max(ops.where(mask > 0, sequence, lowest), axis=1)
    return ops.where(ops.any(mask > 0, axis=1), most, ops.zeros_like(most))


def last(sequence, mask):
    """The last token's vector; the first one where there is no token."""
    places = ops.cast(ops.arange(ops.shape(sequence)[1], dtype="int32"), "float32")[None, :, None]
    chosen = ops.max(places * mask, axis=1, keepdims=True)
    return ops.sum(sequence * ops.cast(ops.equal(places, chosen), "float32"), axis=1)


# In the order in which sentence-transformers puts several of them side by side.
MODES = {"cls": first, "max": maximum, "mean": mean, "last": last}


def checked_modes(mode):
    """`mode` as a tuple of names in `MODES`.

    Raises:
        ValueError: one that is not known, given twice, or none at all.
    """
    modes = (mode,) if isinstance(mode, str) else tuple(mode or ())
    for name in modes:
        if name not in MODES:
            raise unknown_name("pooling", name, MODES)
    if not modes or len(set(modes)) < len(modes):
        raise ValueError(
            f"pooling must be one of {', '.join(map(repr, MODES))}, or several different ones, "
            f"whose vectors are joined. Given: {mode!r}."
        )
    return modes


@keras.saving.register_keras_serializable("keras_bert_zoo")
class SequencePooling(keras.Layer):
    """Joins the vectors of a text's tokens into one; padding does not count.

    Takes `(batch, length, dim)` and a padding mask `(batch, length)`, and gives float32
    `(batch, dim)`, or `(batch, n * dim)` for `n` modes. Sums are made in float32 under every
    precision policy. A row without tokens gives finite numbers.

    Args:
        mode: `"cls"`, the first token; `"mean"`; `"max"`; `"last"`, the last token; or a tuple of
            these, whose vectors are put side by side.

    Raises:
        ValueError: an unknown mode.

    Example:

    >>> SequencePooling("mean")(np.ones((2, 3, 4)), np.array([[1, 1, 0], [1, 0, 0]])).shape
    (2, 4)
    """

    def __init__(self, mode="mean", **kwargs):
        # A float32 layer under every policy: a sum of many numbers of bfloat16 loses them.
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.modes = checked_modes(mode)

    def call(self, sequence, padding_mask):
        sequence = ops.cast(sequence, "float32")
        mask = ops.expand_dims(ops.cast(padding_mask, "float32"), -1)
        vectors = [MODES[name](sequence, mask) for name in self.modes]
        return vectors[0] if len(vectors) == 1 else ops.concatenate(vectors, axis=-1)

    def compute_output_spec(self, sequence, padding_mask):
        shape = (sequence.shape[0], sequence.shape[-1] * len(self.modes))
        return keras.KerasTensor(shape, dtype="float32")

    def get_config(self):
        return {**super().get_config(), "mode": list(self.modes)}


@keras.saving.register_keras_serializable("keras_bert_zoo")
class UnitNorm(keras.Layer):
    """Divides vectors by their length (L2); a vector of zeros stays as it is.

    Example:

    >>> UnitNorm()(np.array([[3.0, 4.0]]))   # [[0.6, 0.8]]
    """

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})

    def call(self, vectors):
        return unit(vectors)

    def compute_output_spec(self, vectors):
        return keras.KerasTensor(vectors.shape, dtype="float32")


def unit(vectors):
    """Vectors of length 1 along the last axis, in float32.

    >>> unit(np.array([[3.0, 4.0]]))   # [[0.6, 0.8]]
    """
    vectors = ops.cast(vectors, "float32")
    square = ops.sum(ops.square(vectors), axis=-1, keepdims=True)
    # Inside of the root: its gradient at 0 is infinite.
    return vectors / ops.sqrt(ops.maximum(square, 1e-24))
