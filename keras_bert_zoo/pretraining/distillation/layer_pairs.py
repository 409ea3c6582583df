"""Which layer of the teacher a layer of the student learns from."""

from ...errors import unknown_name


def uniform(student, teacher):
    """As far apart as the depths say, the last from the last: `g(m) = m * teacher / student`.

    Section 3.1 of https://arxiv.org/abs/1909.10351; rounded up where it does not divide.

    >>> uniform(4, 12)
    [(1, 3), (2, 6), (3, 9), (4, 12)]
    """
    return [(layer, -(-layer * teacher // student)) for layer in range(1, student + 1)]


def last(student, teacher):
    """The last from the last."""
    return [(student, teacher)]


MAPPINGS = {"uniform": uniform, "last": last}


def layer_pairs(layers, student, teacher, first=1):
    """Pairs of numbers of layers, `(student's, teacher's)`.

    Args:
        layers: a name in `MAPPINGS`, or a list of such pairs. Blocks are counted from 1; 0 are the
            embeddings.
        student, teacher: how many blocks they have.
        first: the least number that there may be: 0, or 1 where embeddings have no such thing.

    Raises:
        ValueError: an unknown name, or layers that are not there.
    """
    if isinstance(layers, str):
        if layers not in MAPPINGS:
            raise unknown_name("layers", layers, MAPPINGS)
        return MAPPINGS[layers](student, teacher)
    try:
        pairs = [(int(ours), int(theirs)) for ours, theirs in layers]
    except (TypeError, ValueError):
        pairs = []
    for ours, theirs in pairs or [(None, None)]:
        if ours is None or not (first <= ours <= student and first <= theirs <= teacher):
            raise ValueError(
                f"layers={layers!r}: give {', '.join(map(repr, MAPPINGS))}, or a list of pairs "
                f"(student's layer, teacher's layer), from {first} to {student} and from {first} "
                f"to {teacher}."
            )
    return pairs
