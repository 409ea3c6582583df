"""What each task answers, as columns of a table. To add a task: name it in `ANSWERS`.

A task is known by its name, so that one that is not supported is refused before it is loaded.
"""

import dataclasses
from collections.abc import Callable

from ..errors import nearest
from .packages import pyarrow


@dataclasses.dataclass(frozen=True)
class Answers:
    """How a task answers.

    Args:
        texts: how many columns of texts it may read.
        options: names of the options that it takes.
        columns: called with the task, the texts and the options; returns name -> array of Arrow.
    """

    texts: tuple
    options: tuple
    columns: Callable


def answers_of(name, text_columns, options):
    """The `Answers` of a task, by the name of its class.

    Raises:
        ValueError: it is not supported, or not with so many columns, or not with these options.
    """
    if name not in ANSWERS:
        raise ValueError(
            f"Batch inference does not answer for a {name}.{nearest(name, ANSWERS)} Supported: "
            f"{', '.join(ANSWERS)}."
        )
    found = ANSWERS[name]
    if len(text_columns) not in found.texts:
        wanted = " or ".join(map(str, found.texts))
        raise ValueError(
            f"A {name} reads {wanted} column{'s' * (wanted != '1')} of texts. Given as "
            f"text_column: {', '.join(map(repr, text_columns))}."
        )
    for option in options:
        if option not in found.options:
            raise ValueError(
                f"A {name} takes no option {option!r}.{nearest(option, found.options)} Accepted: "
                f"{', '.join(map(repr, found.options))}."
            )
    return found


# -------------------------------------------------------------------------------------- columns


def classes(task, texts, top_k=None, **options):
    """`label` and `score` of the best class; `labels`, several of them; or `value`, numbers."""
    if top_k is None and task.problem == "single":
        top_k = 1
    elif top_k == "all":
        top_k = None
    found, pa = task.classify(texts, top_k=top_k, **options), pyarrow()
    if task.problem == "regression":
        numbers = pa.float32()
        if task.num_classes > 1:
            numbers = pa.list_(numbers, task.num_classes)
        return {"value": pa.array([one["value"] for one in found], numbers)}
    if top_k == 1:
        return {
            "label": pa.array([one["label"] for one in found], _label(task)),
            "score": pa.array([one["score"] for one in found], pa.float32()),
        }
    return {"labels": _scored(task, found)}


def pairs(task, texts, batch_size):
    """`score`, and of a task with classes `labels`, best first."""
    from ..tasks.class_answers import answers

    logits, pa = task.predict(texts, batch_size=batch_size, verbose=0), pyarrow()
    columns = {"score": pa.array(task.scores_of(logits), pa.float32())}
    if task.problem != "regression" and task.num_classes > 1:
        columns["labels"] = _scored(task, answers(task._labels, logits, None))
    return columns


def vectors(task, texts, **options):
    """`vector`: a list of fixed size."""
    found, pa = task.embed(texts, **options), pyarrow()
    numbers = pa.array(found.reshape(-1), pa.float32())
    return {"vector": pa.FixedSizeListArray.from_arrays(numbers, found.shape[1])}


def entities(task, texts, **options):
    """`entities`: a list of stretches of the text, by character."""
    pa = pyarrow()
    fields = {"text": pa.string(), "label": _label(task), **_places()}
    kind = pa.list_(pa.struct(list(fields.items())))
    return {"entities": pa.array(task.extract(texts, **options), kind)}


def words(task, texts, **options):
    """`words`: a list of those that were replaced, by character."""
    pa = pyarrow()
    kind = pa.list_(pa.struct(list({"text": pa.string(), **_places()}.items())))
    return {"words": pa.array(task.detect(texts, **options), kind)}


def _places():
    pa = pyarrow()
    return {"start": pa.int32(), "end": pa.int32(), "score": pa.float64()}


def _label(task):
    """The type of a label: a name, or a number where classes have no names."""
    return pyarrow().string() if task.labels else pyarrow().int32()


def _scored(task, rows):
    pa = pyarrow()
    fields = [("label", _label(task)), ("score", pa.float32())]
    return pa.array(rows, pa.list_(pa.struct(fields)))


ANSWERS = {
    "TextClassifier": Answers((1, 2), ("top_k",), classes),
    "DocumentClassifier": Answers((1,), ("top_k",), classes),
    "EarlyExitClassifier": Answers((1, 2), ("top_k", "uncertainty"), classes),
    "PairScorer": Answers((2,), (), pairs),
    "TextEmbedder": Answers((1,), ("prompt", "truncate_dim", "normalize"), vectors),
    "TokenClassifier": Answers((1,), ("min_score",), entities),
    "ReplacedTokenDetector": Answers((1,), ("threshold",), words),
}
