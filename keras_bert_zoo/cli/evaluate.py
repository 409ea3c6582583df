"""`keras-bert-zoo evaluate`: how well a saved classifier does on labelled texts."""

import json
import sys

from ..tables import check_file
from .data import baseline, check_labels, judgement, parse_labels, read_cells
from .kinds import is_kind, kind_of, saved_task
from .runtime import start_keras
from .saved import load_saved

NEEDS_KERAS = True


def run(args):
    task_name = saved_task(args.preset)
    if is_kind(task_name):
        judge(task_name, args)
        return
    cells = read_cells(args.data, args)  # first: what is wrong with the file is told at once
    start_keras(debug=args.debug)
    task = load_saved(args)
    data = parse_labels(cells, args, task.problem)
    metrics = task.evaluate(
        data.x,
        known_labels(task, data),
        batch_size=args.batch_size,
        verbose=0,
        return_dict=True,
    )
    names = None if task.problem == "regression" else label_names(task)
    blind, answer = baseline(data.labels, data.labels, task.problem, names)
    print(judgement(f"{data.path}: {len(data):,} rows,", metrics, task.problem, blind, answer),
          file=sys.stderr)  # fmt: skip
    numbers = {name: float(value) for name, value in metrics.items()}
    print(json.dumps({"rows": len(data), **numbers, "baseline": blind}))


def judge(task_name, args):
    """The same for a task that is not texts with labels."""
    check_file(args.data)
    start_keras(debug=args.debug)
    kind = kind_of(task_name)
    data, task = kind.read(args.data, args), load_saved(args)
    figures = kind.judge(task, data, args)
    name, value = next(iter(figures.items()))
    print(f"{data.path}: {len(data):,} rows, {name} {value:.4g}", file=sys.stderr)
    print(json.dumps({"rows": len(data), **figures}))


def label_names(task):
    """The label names of a task as a file writes them."""
    return [str(name).strip() for name in task.labels or range(task.num_classes)]


def known_labels(task, data):
    """The labels of `data` as the task takes them: its names may be numbers, or not be there.

    Raises:
        ValueError: a label that the task does not know, and its row.
    """
    if task.problem == "regression":
        if task.num_classes > 1:
            raise ValueError(
                f"This task gives {task.num_classes} numbers a text, and a column holds one. "
                "Evaluate it in Python."
            )
        return data.labels
    names = label_names(task)
    check_labels(data, names, "the labels that the classifier knows")
    theirs = dict(zip(names, task.labels or range(task.num_classes)))
    if task.problem == "single":
        return [theirs[label] for label in data.labels]
    return [[theirs[label] for label in row] for row in data.labels]
