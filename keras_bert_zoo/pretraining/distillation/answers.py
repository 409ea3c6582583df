"""How the answers of two tasks are compared: one function for each kind of answer."""

from keras import ops

from ...errors import unknown_name
from ..objective import mean_over
from .cosine_hidden import cosine
from .divergence import binary_divergence, divergence
from .hidden_states import squared_error


def classes(teacher, student, temperature):
    """One of several classes; of each exit, for a student that has exits."""
    if len(student.shape) > len(teacher.shape):
        teacher = ops.broadcast_to(ops.expand_dims(teacher, 1), ops.shape(student))
        return ops.mean(divergence(teacher, student, temperature), axis=1)
    return divergence(teacher, student, temperature)


def several(teacher, student, temperature):
    """Classes that hold or not, each by itself: the mean over them."""
    return ops.mean(binary_divergence(teacher, student, temperature), axis=-1)


def yes_or_no(teacher, student, temperature):
    """One question of yes or no."""
    return binary_divergence(teacher, student, temperature)


def numbers(teacher, student, temperature):
    """Numbers: their squared error."""
    return squared_error(teacher, student)


def places(teacher, student, temperature):
    """Where something begins and where it ends, `(batch, length, 2)`: the mean of both."""
    teacher, student = (ops.transpose(x, (0, 2, 1)) for x in (teacher, student))
    return ops.mean(divergence(teacher, student, temperature), axis=-1)


def directions(teacher, student, temperature):
    """Vectors: one minus their cosine."""
    return 1.0 - cosine(teacher, student)


def vectors(teacher, student, temperature):
    """Vectors: their squared error."""
    return squared_error(teacher, student)


# What a task answers -> how it is compared: `(teacher, student, temperature)` to `(batch,)`, or to
# `(batch, places)` where a row has several answers.
KINDS = {
    "single": classes,
    "multi_label": several,
    "regression": numbers,
    "TokenClassifier": classes,
    "SpanExtractor": places,
    "MultipleChoice": classes,
    "MaskedLM": classes,
    "ReplacedTokenDetector": yes_or_no,
    "TextEmbedder": directions,
}


def kind_of(task):
    """What a task answers, a key of `KINDS`.

    Raises:
        ValueError: there is no comparison for it.
    """
    problem = getattr(task, "problem", None)
    kinds = [problem, *(cls.__name__ for cls in type(task).__mro__)]
    found = next((kind for kind in kinds if kind in KINDS), None)
    if found is None:
        raise unknown_name("task to distil", type(task).__name__, KINDS)
    if getattr(task, "head_kind", None) == "crf":
        raise ValueError(
            "A conditional random field judges whole sequences, which are not compared tag by tag. "
            'Build the teacher and the student with head="softmax".'
        )
    return found


def mean_answer(values, weight, padding_mask):
    """The mean over all that is answered.

    Args:
        values: as the functions of `KINDS` give them.
        weight: the weights that came with the labels, `(batch,)` or like `values`; None without.
        padding_mask: the student's, `(batch, ..., length)`, by which answers for padding are left
            out where there are no weights.
    """
    if weight is None:
        weight = padding_mask > 0
        if len(values.shape) == 1:
            weight = ops.any(ops.reshape(weight, (ops.shape(values)[0], -1)), axis=-1)
    elif len(values.shape) == len(weight.shape) == 1:
        # The texts of a group, for vectors, stand one after another.
        values = ops.mean(ops.reshape(values, (ops.shape(weight)[0], -1)), axis=-1)
    elif len(values.shape) > len(weight.shape):
        weight = ops.broadcast_to(ops.expand_dims(weight, -1), ops.shape(values))
    return mean_over(values, ops.cast(weight, "float32"))
