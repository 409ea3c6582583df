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
        lengths: lengths of a sample of rows; longer ones count as `max_length`.
        most: most buckets.
        max_length: longest row that there can be.

    Raises:
        ValueError: `most` is less than one.

    >>> choose_buckets([3, 3, 4, 9, 9, 10], 3, 64)
    [4, 10, 64]
    """
    if most < 1:
        raise ValueError(f"At least one bucket is needed. Given: {most}.")
    values, counts = np.unique(np.minimum([*lengths, max_length], max_length), return_counts=True)
    counts[-1] -= 1  # max_length was put in as a bucket, not as a row
    below = np.concatenate([[0], np.cumsum(counts)])
    # Row i, column j: what the values i..j cost when they share the bucket values[j].
    together = (below[None, 1:] - below[:-1, None]) * values[None, :]
    together = np.where(np.tri(len(values), dtype=bool).T, together, np.inf)
    # cost[j]: the least sum of padded lengths of the first j values with the buckets used so far.
    cost = np.where(np.arange(len(values) + 1) == 0, 0.0, np.inf)
    cuts = []
    for _ in range(min(most, len(values))):
        total = cost[:-1, None] + together
        cuts.append(total.argmin(axis=0))
        cost = np.concatenate([[0.0], total.min(axis=0)])
    buckets, end = [], len(values)
    for cut in reversed(cuts):
        if end:
            buckets.append(int(values[end - 1]))
            end = int(cut[end - 1])
    return buckets[::-1]


def spare_buckets(longest, max_length):
    """Lengths for rows longer than any seen so far, each twice the one before.

    Without them a text of one token more than the longest seen would be padded to `max_length`,
    and its batch with it.

    >>> spare_buckets(76, 512)
    [152, 304]
    """
    spare = []
    while (longest := longest * 2) < max_length:
        spare.append(longest)
    return spare


def checked_buckets(buckets, max_length):
    """Buckets as a caller gives them: sorted, each once, with `max_length` as the last.

    Raises:
        ValueError: one that is less than 1 or more than `max_length`.

    >>> checked_buckets([64, 16, 16], 128)
    [16, 64, 128]
    """
    wrong = [bucket for bucket in buckets if not 1 <= bucket <= max_length]
    if wrong:
        raise ValueError(
            f"Buckets must be from 1 to max_sequence_length={max_length}. Given: {wrong}."
        )
    return sorted({*map(int, buckets), max_length})


def row_buckets(batch_size, halvings=3):
    """Numbers of rows for batches that rows leave: the whole batch, and each half the one before.

    >>> row_buckets(32)
    [4, 8, 16, 32]
    """
    return sorted({-(-batch_size // 2**power) for power in range(halvings + 1)})


def bucket_for(length, buckets):
    """The smallest bucket that holds `length`; buckets are sorted, and the last holds all.

    >>> bucket_for(9, [8, 16, 64])
    16
    """
    return buckets[int(np.searchsorted(buckets, length))]
