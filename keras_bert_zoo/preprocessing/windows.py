"""Overlapping windows over a text that is longer than the model."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Window:
    """A stretch of tokens, and the part of it that is this window's to answer for.

    Args:
        start, end: the tokens that the model sees.
        first, last: those of them for which no other window has more context on the scarcer side;
            the windows of a text share its tokens out among them, each to one.
    """

    start: int
    end: int
    first: int
    last: int


def windows(length, room, overlap):
    """Windows over `length` tokens, `room` each; neighbours share at least `overlap`.

    Args:
        length: tokens of the text.
        room: most tokens of a window.
        overlap: tokens that a window has in common with the one before.

    Raises:
        ValueError: the overlap leaves no room for anything new.

    >>> [(w.start, w.end, w.first, w.last) for w in windows(10, 6, 2)]
    [(0, 6, 0, 5), (4, 10, 5, 10)]
    """
    if not 0 <= overlap < room:
        raise ValueError(f"The overlap must be from 0 to {room - 1} tokens. Given: {overlap}.")
    starts = [0]
    while starts[-1] + room < length:
        # The last window is as full as the others: it begins earlier, rather than being short.
        starts.append(min(starts[-1] + room - overlap, length - room))
    ends = [min(start + room, length) for start in starts]
    # Between two windows the middle of what they share: there both have as much context.
    cuts = [(start + end) // 2 for start, end in zip(starts[1:], ends)]
    return [Window(*four) for four in zip(starts, ends, [0, *cuts], [*cuts, length])]
