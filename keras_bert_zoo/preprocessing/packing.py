"""From the ids of one text, or of a pair, to one row of a batch."""

import functools

import numpy as np

from ..tokenizers.template import bert_layout


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
    return fill(_bert_layout(cls_id, sep_id, len(parts)), parts, max_length)


_bert_layout = functools.lru_cache(64)(bert_layout)


def fill(layout, parts, max_length):
    """Joins lists of ids as a tokenizer's template says, cutting what does not fit.

    Args:
        layout: `keras_bert_zoo.tokenizers.template.Layout` of as many parts.
        parts: lists of ids.
        max_length: most ids in the row, special ones included.

    Returns:
        As `pack`.

    Raises:
        ValueError: `max_length` has no room for the special ids.

    >>> fill(bert_layout(101, 102, 2), [[7, 8], [9]], 5)
    ([101, 7, 102, 9, 102], [0, 0, 0, 1, 1], 1)
    """
    total, room = sum(map(len, parts)), max_length - layout.special
    if room < 0:
        raise ValueError(
            f"max_length={max_length} is too short: {layout.special} special tokens go into a row "
            f"of {len(parts)} texts. Give that or more."
        )
    if total > room:
        keep = truncate_longest_first([len(part) for part in parts], room)
        parts = [part[:n] for part, n in zip(parts, keep)]
    token_ids, segment_ids = list(layout.ids[0]), list(layout.id_segments[0])
    for part, (segment, ids, segments) in zip(parts, layout.steps):
        token_ids += part
        token_ids += ids
        segment_ids += [segment] * len(part)
        segment_ids += segments
    return token_ids, segment_ids, max(total - room, 0)


def after_space(text, start, end):
    """Where a token's text begins: to SentencePiece the space before a word is a part of it.

    >>> after_space("a cat", 1, 5)
    2
    """
    while start < end and text[start].isspace():
        start += 1
    return start


def pad_rows(rows, length, pad_id, num_rows=None, side="right"):
    """Pads packed rows to one length.

    Args:
        rows: list of `(token_ids, segment_ids)`, none longer than `length`.
        length: columns of the result.
        pad_id: fills `token_ids`.
        num_rows: rows of the result, if more than are given; the rest is padding.
        side: "right" to pad after the ids, "left" to pad before them.

    Returns:
        Dictionary of int32 arrays `(num_rows, length)`: `token_ids`, `segment_ids`,
        `padding_mask`.
    """
    shape = (num_rows or len(rows), length)
    token_ids = np.full(shape, pad_id, "int32")
    segment_ids, padding_mask = np.zeros(shape, "int32"), np.zeros(shape, "int32")
    for row, (ids, segments) in enumerate(rows):
        start = length - len(ids) if side == "left" else 0
        place = slice(start, start + len(ids))
        token_ids[row, place] = ids
        padding_mask[row, place] = 1
        if any(segments):
            segment_ids[row, place] = segments
    return {"token_ids": token_ids, "segment_ids": segment_ids, "padding_mask": padding_mask}
