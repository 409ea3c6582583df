"""Which rows of which file go into which shard."""

from itertools import pairwise


def plan(inputs, shard_rows):
    """The stretches of each shard, by the order of the input.

    Cuts are between row groups, so that none is unpacked twice; a row group that is larger than a
    shard is cut into parts of about the same size.

    Args:
        inputs: list of `Input`.
        shard_rows: most rows of a shard.

    Returns:
        A list of shards, each a list of `[number of the file, first row, row after the last]`.

    >>> from types import SimpleNamespace as Input
    >>> plan([Input(groups=(3, 3, 7)), Input(groups=(1,))], 6)
    [[[0, 0, 6]], [[0, 6, 9]], [[0, 9, 13], [1, 0, 1]]]
    """
    shards, room = [], 0
    for number, one in enumerate(inputs):
        for start, stop in _parts(one.groups, shard_rows):
            if stop - start > room:
                shards.append([])
                room = shard_rows
            room -= stop - start
            last = shards[-1][-1] if shards[-1] else None
            if last and last[0] == number:
                last[2] = stop
            else:
                shards[-1].append([number, start, stop])
    return shards


def _parts(groups, most):
    """`(first row, row after the last)` of what is not cut."""
    first = 0
    for rows in groups:
        count = -(-rows // most)
        yield from pairwise(first + rows * i // count for i in range(count + 1) if count)
        first += rows
