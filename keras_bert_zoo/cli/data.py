"""From the columns of a file to texts and labels that have been checked."""

import dataclasses
import json
import math
import random
from collections import Counter

from ..errors import nearest
from ..tables import column_of, is_missing, pick_columns, read_table


@dataclasses.dataclass
class Labelled:
    """Texts with labels, and where in the file each row was.

    Args:
        path: the file.
        columns: the columns of the texts, one or two, and that of the labels.
        texts: a list of lists, one for each text column.
        labels: for each row a str; a list of them for `multi_label`; a float for `regression`.
        places: for each row, where in the file it is.
    """

    path: str
    columns: list
    texts: list
    labels: list
    places: list

    def __len__(self):
        return len(self.labels)

    @property
    def x(self):
        """The texts as a task takes them."""
        return self.texts[0] if len(self.texts) == 1 else tuple(self.texts)

    def take(self, rows):
        """Some rows of it."""
        pick = lambda values: [values[row] for row in rows]  # noqa: E731
        texts = [pick(column) for column in self.texts]
        return Labelled(self.path, self.columns, texts, pick(self.labels), pick(self.places))


def read_labelled(path, args, problem):
    """The labelled texts of a file, every row of them checked.

    Args:
        path: see `read_table`.
        args: has `text_column`, `label_column` and `label_separator`.
        problem: `"single"`, `"multi_label"` or `"regression"`.

    Raises:
        OSError, ValueError, ImportError: what is wrong, and in which row.
    """
    return parse_labels(read_cells(path, args), args, problem)


def read_cells(path, args):
    """The same while it is not known yet what the labels are: they are left as they are."""
    table = read_table(path)
    if not table.num_rows:
        names = f"only a header ({', '.join(table)})" if table else "no rows: it is empty"
        raise ValueError(f"{path} holds {names}. It must hold texts and labels.")
    names, label = pick_columns(table, args.text_column, args.label_column)
    texts = [read_texts(table, name, empty=False) for name in names]
    return Labelled(str(path), [*names, label], texts, table[label], table.places)


def parse_labels(data, args, problem):
    """`data` with its cells read as labels of this problem."""
    read, column = READERS[problem], data.columns[-1]
    labels = [
        read(value, f"{data.path}, {place}", column, args.label_separator)
        for place, value in zip(data.places, data.labels)
    ]
    return dataclasses.replace(data, labels=labels)


def read_texts(table, name, *, empty):
    """A column of texts.

    Args:
        table: `Table`.
        name: of the column.
        empty: whether a text may be empty; a missing one may not.

    Raises:
        ValueError: a cell that is empty, or holds something else.
    """
    values = column_of(table, name)
    blank = [
        row
        for row, value in enumerate(values)
        if is_missing(value) or (not empty and isinstance(value, str) and not value.strip())
    ]
    if blank:
        more = f" (and {len(blank) - 1:,} more rows)" if len(blank) > 1 else ""
        raise ValueError(
            f"{table.place(blank[0])}: the cell of column {name!r} is empty{more}. Fill it or "
            "remove the row."
        )
    for row, value in enumerate(values):
        if not isinstance(value, str):
            raise ValueError(
                f"{table.place(row)}: column {name!r} holds {value!r:.60}, which is not a text. "
                "Name the column of the texts with --text-column."
            )
    return values


# -------------------------------------------------------------------------------------- labels


def _name(value):
    """A label as a str, the same from every format: 1, 1.0 and "1" are one."""
    if isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _single(value, place, column, separator):
    if isinstance(value, (list, dict)):
        raise ValueError(
            f"{place}: the label (column {column!r}) is {value!r:.60}. For several labels a text: "
            "--problem multi_label."
        )
    if is_missing(value) or not _name(value):
        raise ValueError(f"{place}: the label (column {column!r}) is empty.")
    return _name(value)


def _many(value, place, column, separator):
    if isinstance(value, str):
        value = value.split(separator)
    elif not isinstance(value, list):
        value = [] if is_missing(value) else [value]
    return list(dict.fromkeys(name for name in map(_name, value) if name))


def _number(value, place, column, separator):
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(
            f"{place}: the label {value!r:.60} (column {column!r}) is not a number. "
            "--problem regression takes numbers, such as 3.5."
        )
    return number


READERS = {"single": _single, "multi_label": _many, "regression": _number}


def _each(labels):
    """`(row, label)` of single and of multiple labels."""
    for row, value in enumerate(labels):
        for label in [value] if isinstance(value, str) else value:
            yield row, label


def count_labels(data):
    """How often each label is there."""
    return Counter(label for _, label in _each(data.labels))


def find_labels(data):
    """The labels of training data, sorted; by value, if all are whole numbers."""
    found = count_labels(data)
    try:
        return sorted(found, key=int)
    except ValueError:
        return sorted(found)


def check_labels(data, known, source):
    """Every label must be known.

    Args:
        data: `Labelled`.
        known: list of names.
        source: where these are from, for the message.

    Raises:
        ValueError: the row of one that is not.
    """
    names = set(known)
    for row, label in _each(data.labels):
        if label not in names:
            more = ", ..." if len(known) > 20 else ""
            raise ValueError(
                f"{data.path}, {data.places[row]}: the label {label!r} is not one of {source}."
                f"{nearest(label, known)} Accepted: {', '.join(map(repr, known[:20]))}{more}."
            )


def check_trainable(data):
    """There must be something to tell apart.

    Raises:
        ValueError: no label, or the same in every row.
    """
    found = count_labels(data)
    if not found:
        raise ValueError(f"{data.path} has no label in any of its {len(data):,} rows.")
    if len(found) < 2 and isinstance(data.labels[0], str):
        raise ValueError(
            f"{data.path} has one label only, {next(iter(found))!r}, in all of its {len(data):,} "
            "rows: there is nothing to tell apart. Give rows of another label too."
        )


def split(data, part, seed):
    """`(training, validation)`: `part` of the rows is held out, at random, evenly from all labels.

    Raises:
        ValueError: too few rows for that.
    """
    rows = list(range(len(data)))
    random.Random(seed).shuffle(rows)
    if not isinstance(data.labels[0], list):
        rows.sort(key=lambda row: data.labels[row])  # stable: random within a label
    held_out = {row for n, row in enumerate(rows) if int((n + 1) * part) > int(n * part)}
    if not held_out or len(held_out) == len(rows):
        raise ValueError(
            f"--validation-split {part:g} of {len(rows)} rows leaves one part empty. Give another "
            "share, or --validation FILE."
        )
    validation = sorted(held_out)
    return data.take([row for row in range(len(data)) if row not in held_out]), data.take(
        validation
    )


# -------------------------------------------------------------------------------------- baselines


def baseline(train, data, problem, labels):
    """`(metric, answer)`: what is reached without reading the texts.

    Args:
        train: list of labels that the answer is chosen by.
        data: list of labels that it is judged on.
        problem: of the task.
        labels: all label names.
    """
    if problem == "regression":
        value = sorted(train)[len(train) // 2]
        return sum(abs(value - label) for label in data) / len(data), f"{value:g}"
    if problem == "single":
        label = Counter(train).most_common(1)[0][0]
        return data.count(label) / len(data), repr(label)
    counts = Counter(label for row in train for label in row)
    usual = {label for label in labels if 2 * counts[label] > len(train)}
    wrong = sum(len(usual ^ set(row)) for row in data)
    answer = ", ".join(map(repr, sorted(usual))) or "no label"
    return 1 - wrong / (len(data) * len(labels)), answer


def judgement(name, metrics, problem, reached, answer):
    """`test accuracy 0.910 against 0.520 for always saying 'positive'`."""
    metric = "mae" if problem == "regression" else "accuracy"
    title = "mean absolute error" if metric == "mae" else metric
    return f"{name} {title} {metrics[metric]:.3f} against {reached:.3f} for always saying {answer}"
