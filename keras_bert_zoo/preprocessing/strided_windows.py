"""Windows that begin at fixed distances, as in BERT's code for SQuAD.

`windows.py` moves the last window back to be as full as the others, and shares tokens out in the
middle of what two have in common. Here the last one may be short, which models that were trained on
SQuAD have seen, and a token is answered for by the window that code would choose.
"""

import numpy as np

from .windows import Window


def strided_windows(length, room, stride):
    """Windows over `length` tokens, `room` at most; each begins `stride` after the one before.

    A token is of the window in which the smaller of its two contexts, left and right, is the
    largest, with a hundredth of the window's length added; of equals, of the first. Source: the
    function for the maximal context in https://github.com/google-research/bert, run_squad.py.

    Args:
        length: tokens of the text; 0 gives one empty window.
        room: most tokens of a window.
        stride: 1 or more; not more than the room.

    >>> [(w.start, w.end, w.first, w.last) for w in strided_windows(9, 6, 4)]
    [(0, 6, 0, 5), (4, 9, 5, 9)]
    """
    starts = range(0, max(length - room, 0) + stride, stride) if length > room else [0]
    spans = [(start, min(start + room, length)) for start in starts]
    best, owner = np.full(length, -1), np.zeros(length, int)
    for number, (start, end) in enumerate(spans):
        places = np.arange(start, end)
        context = 100 * np.minimum(places - start, end - 1 - places) + (end - start)
        better = context > best[start:end]
        best[start:end][better] = context[better]
        owner[start:end][better] = number
    # Along the text owners only go up: of two windows, the context in the earlier one falls behind.
    numbers = np.arange(len(spans))
    firsts, lasts = (np.searchsorted(owner, numbers, side=side) for side in ("left", "right"))
    return [Window(*span, int(a), int(b)) for span, a, b in zip(spans, firsts, lasts)]
