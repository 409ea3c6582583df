"""Reads the files of GLUE, and writes the ones that its server takes."""

import contextlib
import math
import os
import tempfile
import warnings
from pathlib import Path

import numpy as np

from ..errors import nearest, unknown_name
from .glue import class_ids, glue_task


def read_glue(folder, task, part):
    """Texts and labels of one part of a task.

    Args:
        folder: that of the download, with a folder for each task.
        task: name, see `TASKS`.
        part: `"train"`, `"dev"` or `"test"`; for MNLI `"dev_matched"` and its like.

    Returns:
        `(texts, labels)` as a task's `fit` takes them: a list of str, or a tuple of two lists;
        names of classes, or numbers for STS-B, or None for test parts.

    Raises:
        FileNotFoundError: the message says what is there instead.
        ValueError: no such task or part; a file that is not as the official one.

    Example:

        texts, labels = read_glue("glue_data", "MRPC", "train")
        task.fit(texts, labels)
    """
    task = glue_task(task)
    if part not in task.files:
        raise unknown_name(f"part of {task.name}", part, task.files)
    path = _found(Path(folder), task, part)
    lines = _lines(path)
    columns = task.columns.get(part) or next(lines, (0, []))[1]
    labelled = part not in task.submissions
    wanted = [*task.texts, *([task.label] if labelled else [])]
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise ValueError(
            f"{path} has no column {missing[0]!r}.{nearest(missing[0], columns)} Its first line "
            f"names: {', '.join(map(repr, columns)) or 'nothing'}. Is it {task.name}'s {part} file?"
        )
    places = [columns.index(name) for name in wanted]
    rows = [[cells[place] for place in places] for cells in _rows(lines, columns, task, part, path)]
    texts = tuple([row[number] for row in rows] for number in range(len(task.texts)))
    return texts[0] if len(texts) == 1 else texts, [row[-1] for row in rows] if labelled else None


def write_submission(path, task, predictions):
    """Writes predictions for GLUE's server: all of the file, or nothing.

    Args:
        path: the file, under the name that the server knows (see `GlueTask.submissions`); for a
            task with one file also the folder to put it into.
        task: name, see `TASKS`.
        predictions: for the rows of the test part, in order: labels, as names or class ids;
            numbers for STS-B, of which those outside 0 to 5 are written as the nearest of these.

    Returns:
        `pathlib.Path` of the file.

    Raises:
        ValueError: no such task; another file name; something that is none of the labels.

    Example:

        write_submission("submission/RTE.tsv", "RTE", task.predict(texts).argmax(-1))
    """
    task = glue_task(task)
    path = _named(Path(path), task)
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{index}\t{value}\n" for index, value in enumerate(_written(task, predictions))]
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(["index\tprediction\n", *lines])
        os.chmod(name, 0o644)
        os.replace(name, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(name)
    return path


def _found(folder, task, part):
    path = folder / task.folder / task.files[part]
    if path.is_file():
        return path
    place = path.parent
    while not place.is_dir() and place != place.parent:
        place = place.parent
    there = sorted(entry.name for entry in place.iterdir())
    held = ", ".join(there[:12]) or "nothing"
    raise FileNotFoundError(
        f"There is no file {str(path)!r}. {place} holds: {held}. Give the folder of the download, "
        f"in which {task.name}'s {part} part is {task.folder}/{task.files[part]}."
    )


def _lines(path):
    """`(number, cells)` of each line. A quotation mark is a character like any other."""
    with open(path, "rb") as stream:
        for number, raw in enumerate(stream, 1):
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{path}, line {number}: byte 0x{raw[error.start]:02x} is not UTF-8. Download "
                    "the file again."
                ) from None
            line = line.removesuffix("\n").removesuffix("\r")
            if line:
                yield number, line.split("\t")


def _rows(lines, columns, task, part, path):
    """Rows that have all cells, their labels checked."""
    broken = []
    for number, cells in lines:
        if len(cells) < len(columns) or any(cells[len(columns) :]):
            _check_broken(task, part, path, number, len(cells), len(columns))
            broken.append(number)
            continue
        if part not in task.submissions:
            place = columns.index(task.label)
            cells[place] = _label(task, cells[place], f"{path}, line {number}")
        yield cells
    if broken:
        warnings.warn(
            f"{path}: left out {len(broken)} lines that are parts of rows, the first of them line "
            f"{broken[0]}.",
            stacklevel=4,
        )


def _check_broken(task, part, path, number, given, expected):
    # Scores on test parts need a prediction for each row.
    if not task.broken_rows or part in task.submissions:
        raise ValueError(
            f"{path}, line {number}: {given} cells, but {expected} columns. Cells are separated by "
            "tabs and not quoted. Download the file again."
        )


def _label(task, label, where):
    if task.problem == "regression":
        with contextlib.suppress(ValueError):
            return float(label)
        raise ValueError(f"{where}: {label!r} is no number.")
    if label not in task.labels:
        names = ", ".join(map(repr, task.labels))
        raise ValueError(f"{where}: {label!r} is no label of {task.name}. Accepted: {names}.")
    return label


def _named(path, task):
    names = list(task.submissions.values())
    if path.is_dir() and len(names) == 1:
        return path / names[0]
    if path.is_dir() or path.name not in names:
        raise ValueError(
            f"GLUE's server knows the predictions of {task.name} as {' or '.join(names)}. Name "
            f"the file so. Given: {str(path)!r}."
        )
    return path


def _written(task, predictions):
    if task.problem == "single":
        return [task.labels[index] for index in class_ids(task, predictions)]
    numbers = np.asarray(predictions, "float64").reshape(-1).tolist()
    for row, value in enumerate(numbers):
        if not math.isfinite(value):
            raise ValueError(f"Prediction number {row + 1} is {value}. Give finite numbers.")
    return [f"{min(max(value, 0.0), 5.0):.6f}" for value in numbers]
