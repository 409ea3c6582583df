"""The few lengths that batches are padded to, so that XLA compiles a bounded number of shapes."""

import numpy as np


def grid_buckets(max_length):
    """Lengths for data not seen yet: 8 apart when short, wider apart when long.

    >>> grid_buckets(128)
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128]
    """
    steps = [*range(8, 64, 8), *range(64, 128, 16), *range(128, 256, 32), *range(256, 512, 64)]
    while steps[-1] < max_length:
        steps.append(max(512, steps[-1] + steps[-1] // 4 // 64 * 64))
    return [step for step in steps if step < max_length] + [max_length]


def choose_buckets(lengths, most, max_length):
    """The `most` lengths that pad these rows least, found by dynamic programming.

    Least is measured as the sum of padded lengths when each row is padded to the smallest
    bucket that holds it. `max_length` is always among them, for what has not been seen.

    Args:
        lengths: lengths of a sample of rows.
        most: most buckets.
        max_length: longest row that there can be.

    >>> choose_buckets([3, 3, 4, 9, 9, 10], 3, 64)
    [4, 10, 64]
    """
    values, counts = np.unique(np.minimum(lengths, max_length), return_counts=True)
    most = min(most - (values[-1] != max_length), len(values)) or 1
    below = np.concatenate([[0], np.cumsum(counts)])
    # cost[j]: the least sum of padded lengths of the first j values with the buckets used so far.
    cost = np.where(np.arange(len(values) + 1) == 0, 0.0, np.inf)
    cuts = []
    for _ in range(most):
        # Row i, column j: values i..j-1 share the bucket values[j-1].
        rows = below[None, 1:] - below[:-1, None]
        total = cost[:-1, None] + np.where(rows > 0, rows * values[None, :], np.inf)
        cuts.append(total.argmin(axis=0))
        cost = np.concatenate([[0.0], total.min(axis=0)])
    buckets, end = {int(max_length)}, len(values)
    for cut in reversed(cuts):
        if end == 0:
            break
        buckets.add(int(values[end - 1]))
        end = int(cut[end - 1])
    return sorted(buckets)


def bucket_for(length, buckets):
    """The smallest bucket that holds `length`; buckets are sorted, and the last holds all.

    >>> bucket_for(9, [8, 16, 64])
    16
    """
    return buckets[int(np.searchsorted(buckets, length))]
