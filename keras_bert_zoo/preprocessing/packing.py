"""From the ids of one text, or of a pair, to one row of a batch."""

import numpy as np


def truncate_longest_first(lengths, room):
    """How many tokens to keep of each part, cutting from whichever is the longest.

    Where all are cut and the room does not divide, the part that was the longest keeps one more,
    of equals the last: as in the fast tokenizers of transformers (Google's own code would favour
    the first), so that ids agree.

    >>> truncate_longest_first([10, 3], 8)
    [5, 3]
    >>> truncate_longest_first([6, 6], 7)
    [3, 4]
    """
    keep = [0] * len(lengths)
    shortest_first = sorted(range(len(lengths)), key=lambda part: lengths[part])
    for done, part in enumerate(shortest_first):
        keep[part] = min(lengths[part], room // (len(lengths) - done))
        room -= keep[part]
    return keep


def pack(parts, cls_id, sep_id, max_length):
    """Joins one or two lists of ids as BERT does: `[CLS] a [SEP]` or `[CLS] a [SEP] b [SEP]`.

    Args:
        parts: one or two lists of ids.
        cls_id: id of the token that opens the row.
        sep_id: id of the token that closes each part.
        max_length: most ids in the row, special ones included.

    Returns:
        `(token_ids, segment_ids, cut)`: two lists of the same length, and how many ids were cut.

    Raises:
        ValueError: `max_length` has no room for the special ids.

    >>> pack([[7, 8], [9]], 101, 102, 10)
    ([101, 7, 8, 102, 9, 102], [0, 0, 0, 0, 1, 1], 0)
    """
    total, room = sum(map(len, parts)), max_length - 1 - len(parts)
    if room < 0:
        raise ValueError(
            f"max_length={max_length} is too short: {1 + len(parts)} special tokens go into a row "
            f"of {len(parts)} texts. Give that or more."
        )
    if total > room:
        keep = truncate_longest_first([len(part) for part in parts], room)
        parts = [part[:n] for part, n in zip(parts, keep)]
    token_ids, segment_ids = [cls_id], [0]
    for number, part in enumerate(parts):
        token_ids += part
        token_ids.append(sep_id)
        segment_ids += [number] * (len(part) + 1)
    return token_ids, segment_ids, max(total - room, 0)


def pad_rows(rows, length, pad_id, num_rows=None):
    """Pads packed rows to one length.

    Args:
        rows: list of `(token_ids, segment_ids)`, none longer than `length`.
        length: columns of the result.
        pad_id: fills `token_ids`.
        num_rows: rows of the result, if more than are given; the rest is padding.

    Returns:
        Dictionary of int32 arrays `(num_rows, length)`: `token_ids`, `segment_ids`,
        `padding_mask`.
    """
    shape = (num_rows or len(rows), length)
    token_ids = np.full(shape, pad_id, "int32")
    segment_ids, padding_mask = np.zeros(shape, "int32"), np.zeros(shape, "int32")
    for row, (ids, segments) in enumerate(rows):
        token_ids[row, : len(ids)] = ids
        padding_mask[row, : len(ids)] = 1
        if segments[-1]:
            segment_ids[row, : len(ids)] = segments
    return {"token_ids": token_ids, "segment_ids": segment_ids, "padding_mask": padding_mask}
