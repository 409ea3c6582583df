"""How far a student's answers are from its teacher's."""

from keras import ops

from ..objective import mean_over


def divergence(teacher, student, temperature=1.0):
    """`T^2 KL(softmax(teacher / T) || softmax(student / T))` over the last axis.

    Its gradients are those of the cross-entropy with soft targets, and it is 0 where the two agree;
    `T^2` makes the gradients of all temperatures alike (https://arxiv.org/abs/1503.02531,
    section 2).

    Args:
        teacher, student: logits, of one shape `(..., classes)`.
        temperature: divides the logits.

    Returns:
        float32 `(...)`.

    >>> divergence(np.log([[0.5, 0.5]]), np.log([[0.25, 0.75]]))   # 0.5 log 2 + 0.5 log(2 / 3)
    array([0.1438], dtype=float32)
    """
    theirs, ours = (
        ops.log_softmax(ops.cast(logits, "float32") / temperature, axis=-1)
        for logits in (teacher, student)
    )
    return ops.sum(ops.exp(theirs) * (theirs - ours), axis=-1) * temperature**2


def binary_divergence(teacher, student, temperature=1.0):
    """The same for questions of yes or no: `T^2 KL` of each sigmoid, `(...)` to `(...)`.

    >>> binary_divergence(np.array([0.0]), np.array([np.log(3)]))   # as in `divergence`
    array([0.1438], dtype=float32)
    """
    teacher, student = (ops.cast(logits, "float32") / temperature for logits in (teacher, student))
    both = [ops.stack([x, ops.zeros_like(x)], axis=-1) for x in (teacher, student)]
    return divergence(*both) * temperature**2


def over_tokens(values, mask):
    """The mean over heads, and over the tokens that are no padding.

    Args:
        values: `(batch, length)`, or of each head `(batch, num_heads, length)`.
        mask: `(batch, length)`, above 0 for a token.
    """
    values = ops.mean(values, axis=1) if len(values.shape) == 3 else values
    return mean_over(values, ops.cast(mask > 0, "float32"))


def total(values):
    """The sum of a list of scalars."""
    return sum(values[1:], start=values[0])
