"""From scores to answers in numpy: one long row at a time, outside of the model."""

import numpy as np


def best_path(emissions, first, following, last):
    """The tags of the highest score, `(length,)`; `layers.crf.viterbi` for one row.

    Args:
        emissions: `(length, num_classes)`.
        first, last: scores of a tag at the begin and at the end, `(num_classes,)`.
        following: `following[i, j]`: score of `j` after `i`.

    >>> best_path(np.array([[2.0, 1.0], [0.0, 1.0]]), np.zeros(2), np.zeros((2, 2)), np.zeros(2))
    array([0, 1])
    """
    path = emissions.argmax(axis=1)
    steps = following[path[:-1], path[1:]]
    # Nothing is better than the best of each place, where no step from one to the next costs more
    # than another would: so it is with a trained head that has only forbidden steps.
    ends = first[path[0]] == first.max() and last[path[-1]] == last.max()
    if ends and np.all(steps == following.max()):
        return path
    best, came_from = first + emissions[0], []
    for emission in emissions[1:]:
        through = best[:, None] + following
        came_from.append(through.argmax(axis=0))
        best = through.max(axis=0) + emission
    path = [int((best + last).argmax())]
    for before in reversed(came_from):
        path.append(int(before[path[-1]]))
    return np.array(path[::-1])


def marginals(emissions, first, following, last, *, chained):
    """The probability of each tag at each place, `(length, num_classes)`.

    Args:
        emissions, first, following, last: see `best_path`.
        chained: whether the tags depend on their neighbours (forward-backward); if not, this is the
            softmax of the emissions.
    """
    if not chained:
        return softmax(emissions)
    emissions = np.asarray(emissions, "float64")  # the sums grow with the length of the text
    forward, backward = [first + emissions[0]], [last]
    for emission in emissions[1:]:
        forward.append(_logsumexp(forward[-1][:, None] + following, axis=0) + emission)
    for emission in emissions[:0:-1]:
        backward.append(_logsumexp(following + emission + backward[-1], axis=1))
    return softmax(np.array(forward) + np.array(backward[::-1]))


def softmax(scores):
    """Probabilities along the last axis."""
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def _logsumexp(scores, axis):
    most = scores.max(axis=axis, keepdims=True)
    return np.log(np.exp(scores - most).sum(axis=axis)) + most.squeeze(axis)
