"""Rows of a table by number, in the form that can be exported with open lengths."""

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
