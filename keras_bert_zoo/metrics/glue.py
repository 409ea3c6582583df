"""The nine GLUE tasks and the diagnostic set: files, columns, labels, metrics, submissions.

Source: https://gluebenchmark.com/tasks and the files that are downloaded from there.
"""

import dataclasses

import numpy as np

from ..errors import unknown_name
from .classification import accuracy, f1, matthews
from .correlation import pearson, spearman


@dataclasses.dataclass(frozen=True)
class GlueTask:
    """One task, as the official download has it.

    Args:
        name: as on the leaderboard.
        folder: below the folder of the download.
        texts: names of the one or two columns of texts.
        label: name of the column of labels; test files lack it.
        labels: names of the classes, in the order of the class ids; empty for numbers.
        metrics: names of the official ones.
        files: `{part: file name}`.
        submissions: `{part: name of the file of predictions}`, for the parts without labels.
        columns: `{part: names of the columns}` of files without a header.
        broken_rows: whether some rows are known to be broken in two by a line end in a text.
    """

    name: str
    folder: str
    texts: tuple
    label: str
    labels: tuple
    metrics: tuple
    files: dict
    submissions: dict
    columns: dict = dataclasses.field(default_factory=dict)
    broken_rows: bool = False

    @property
    def problem(self):
        """`"single"` or `"regression"`, as `TextClassifier` names them."""
        return "single" if self.labels else "regression"


def _task(name, texts, labels, metrics, label="label", **others):
    given = {
        "folder": name,
        "files": {part: f"{part}.tsv" for part in ("train", "dev", "test")},
        "submissions": {"test": f"{name}.tsv"},
        **others,
    }
    return GlueTask(name=name, texts=texts, label=label, labels=labels, metrics=metrics, **given)


SENTENCES = ("sentence1", "sentence2")
YES_NO = ("0", "1")
THREE_WAY = ("entailment", "neutral", "contradiction")
TWO_WAY = ("entailment", "not_entailment")
COLA = ("source", "label", "mark", "sentence")

TASKS = {
    task.name: task
    for task in (
        _task(
            "CoLA",
            ("sentence",),
            YES_NO,
            ("matthews",),
            columns={"train": COLA, "dev": COLA},
        ),
        _task("SST-2", ("sentence",), YES_NO, ("accuracy",)),
        _task("MRPC", ("#1 String", "#2 String"), YES_NO, ("accuracy", "f1"), label="Quality"),
        _task(
            "QQP",
            ("question1", "question2"),
            YES_NO,
            ("accuracy", "f1"),
            label="is_duplicate",
            broken_rows=True,
        ),
        _task("STS-B", SENTENCES, (), ("pearson", "spearman"), label="score"),
        _task(
            "MNLI",
            SENTENCES,
            THREE_WAY,
            ("accuracy",),
            label="gold_label",
            files={
                part: f"{part}.tsv"
                for part in (
                    "train",
                    "dev_matched",
                    "dev_mismatched",
                    "test_matched",
                    "test_mismatched",
                )
            },
            submissions={"test_matched": "MNLI-m.tsv", "test_mismatched": "MNLI-mm.tsv"},
        ),
        _task("QNLI", ("question", "sentence"), TWO_WAY, ("accuracy",)),
        _task("RTE", SENTENCES, TWO_WAY, ("accuracy",)),
        _task("WNLI", SENTENCES, YES_NO, ("accuracy",)),
        # Only a test set, for models trained on MNLI.
        _task(
            "AX",
            SENTENCES,
            THREE_WAY,
            ("matthews",),
            folder="diagnostic",
            files={"test": "diagnostic.tsv"},
        ),
    )
}
METRICS = {
    "accuracy": accuracy,
    # Of class id 1: all tasks that have it name their classes "0" and "1".
    "f1": f1,
    "matthews": matthews,
    "pearson": pearson,
    "spearman": spearman,
}


def glue_task(name):
    """The task of a name, in small or capital letters, with or without the dash.

    Raises:
        ValueError: no such task.

    Example:

    >>> glue_task("sst2").name
    'SST-2'
    """
    if isinstance(name, GlueTask):
        return name
    known = {_plain(key): task for key, task in TASKS.items()}
    if _plain(name) not in known:
        raise unknown_name("GLUE task", name, TASKS)
    return known[_plain(name)]


def glue_scores(task, true, predicted):
    """The official metrics of a task, from 0 to 1 (the leaderboard shows them in percent).

    Args:
        task: name, see `TASKS`.
        true, predicted: labels, as names or class ids; numbers for STS-B.

    Returns:
        `{metric: value}`.

    Raises:
        ValueError: no such task; something that is none of its labels; not as many predictions
            as labels.

    Example:

    >>> glue_scores("RTE", ["entailment", "not_entailment"], [0, 0])
    {'accuracy': 0.5}
    """
    task = glue_task(task)
    if task.problem == "single":
        true, predicted = class_ids(task, true), class_ids(task, predicted)
    return {name: METRICS[name](true, predicted) for name in task.metrics}


def class_ids(task, labels):
    """Class ids of labels that are names or class ids.

    Raises:
        ValueError: something that is none of the task's labels.
    """
    ids = {label: index for index, label in enumerate(task.labels)}
    ids |= {index: index for index in range(len(task.labels))}
    for row, label in enumerate(labels):
        if np.ndim(label) or label not in ids:
            names = ", ".join(map(repr, task.labels))
            raise ValueError(
                f"{label!r}, number {row + 1}, is no label of {task.name}. Accepted: {names}, or "
                f"class ids from 0 to {len(task.labels) - 1}."
            )
    return [ids[label] for label in labels]


def _plain(name):
    return str(name).lower().replace("-", "").replace("_", "")
