"""Vectors of a batch, by their places."""

from keras import ops


def at(sequence, places):
    """The vectors at these places: `(batch, places, hidden_dim)`.

    A lookup in all rows as one table. `ops.take_along_axis` would say the same, but torch, when it
    exports a model, takes its sizes for fixed ones.

    Args:
        sequence: `(batch, length, hidden_dim)`.
        places: integers `(batch, places)`, from 0 to length - 1.
    """
    batch, length = ops.shape(sequence)[:2]
    first = ops.expand_dims(ops.arange(batch, dtype="int32") * length, 1)
    table = ops.reshape(sequence, (-1, sequence.shape[-1]))
    return ops.take(table, first + ops.cast(places, "int32"), axis=0)
