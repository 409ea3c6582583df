"""Rows of tables and of batches by number, in the form that can be exported with open lengths."""

import keras
from keras import ops


def rows(table, index):
    """The rows of a table: `(n, ...)` and an index of any shape to `(*index.shape, ...)`.

    The table is read as a matrix: of any other Keras' `take` on torch squeezes what it found, which
    has no fixed shape where the number of rows is open.

    >>> rows(np.array([5, 6, 7]), np.array([[2, 0]])).tolist()
    [[7, 5]]
    """
    table = ops.convert_to_tensor(table)
    shape = tuple(table.shape[1:])
    matrix = ops.reshape(table, (table.shape[0], -1))
    found = ops.take(matrix, index, axis=0)
    return ops.reshape(found, (*ops.shape(index), *shape))


def at(sequence, places):
    """The vectors at these places: `(batch, length, dim)` and `(batch, n)` to `(batch, n, dim)`.

    >>> at(np.array([[[1.0], [2.0]]]), np.array([[1, 1, 0]]))[0, :, 0].tolist()
    [2.0, 2.0, 1.0]
    """
    places = ops.expand_dims(ops.cast(places, "int32"), 2)
    if keras.config.backend() != "torch" or isinstance(sequence, keras.KerasTensor):
        return ops.take_along_axis(sequence, places, axis=1)
    # What Keras calls there, `take_along_dim`, fixes the size of the batch in what is exported.
    sequence = ops.convert_to_tensor(sequence)
    return sequence.gather(1, places.long().expand(-1, -1, sequence.shape[2]))
