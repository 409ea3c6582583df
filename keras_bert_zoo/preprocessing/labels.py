"""From the caller's labels to numbers, and back."""

import math

import numpy as np

from ..errors import nearest, unknown_name

PROBLEMS = ("single", "multi_label", "regression")
PLAIN = (str, int, float, bool)


class Labels:
    """The label names of a task, in the order of its logits.

    Args:
        names: list of label names (str, or int such as 1 to 5 stars), or None.
        num_classes: how many there are; the length of `names` if not given.
        problem: `"single"`, one label a text; `"multi_label"`, any number of labels a text;
            `"regression"`, numbers.

    Raises:
        ValueError: unknown problem, no names and no number, doubled names, names without an
            order, or names and number that disagree.

    Example:

    >>> Labels(["bad", "good"]).encode(["good", "bad"])
    array([1, 0], dtype=int32)
    """

    def __init__(self, names=None, num_classes=None, problem="single"):
        if problem not in PROBLEMS:
            raise unknown_name("problem", problem, PROBLEMS)
        if isinstance(names, (str, bytes, dict, set, frozenset)):
            raise ValueError(
                "Label names must be a list, in the order of the logits. Given: "
                f"{names!r:.80} ({type(names).__name__})."
            )
        if names is not None:
            names = [as_python(name) for name in names]
        if problem == "regression":
            num_classes = num_classes or len(names or [0])
        self.names, self.problem = names, problem
        self.num_classes = num_classes or (len(names) if names else None)
        self._check()

    def _check(self):
        if not self.num_classes or self.num_classes < 1:
            raise ValueError(
                'How many classes are there? Give labels=["a", "b", ...] or num_classes=N. '
                f"Given: labels={self.names}, num_classes={self.num_classes}."
            )
        if self.problem == "single" and self.num_classes < 2:
            raise ValueError(
                'One class leaves nothing to choose. Give two or more; problem="multi_label" is '
                'for labels that are there or not, problem="regression" for numbers.'
            )
        if self.names is not None and len(self.names) != self.num_classes:
            raise ValueError(
                f"{len(self.names)} labels were given, and num_classes={self.num_classes}."
            )
        if self.names is not None and len(set(self.names)) < len(self.names):
            raise ValueError(f"Each label may be named once. Given: {self.names}.")

    def name_of(self, index):
        """Name of a class; its number where classes have no names."""
        return self.names[index] if self.names else index

    def learn(self, values):
        """Takes the names from the training labels, if they are strings and none were given.

        Raises:
            ValueError: more or fewer names than classes.
        """
        if self.names is not None or self.problem == "regression":
            return
        values = rows_of(values)
        if self.problem == "multi_label":
            values = [as_python(v) for row in values if is_collection(row) for v in row]
        found = sorted({value for value in map(alone, values) if isinstance(value, str)})
        if not found:
            return
        if len(found) != self.num_classes:
            raise ValueError(
                f"num_classes={self.num_classes}, but the training labels have {len(found)} names: "
                f"{', '.join(found[:10])}{', ...' if len(found) > 10 else ''}. Give labels=[...]."
            )
        self.names = found

    def encode(self, values):
        """Labels as an array: int32 `(n,)`, or float32 `(n, num_classes)`, or float32 `(n, 1)`.

        Args:
            values: one for each text. Single: a name, a number, or a row of zeros with a one.
                Multi-label: a list or set of names or numbers, or, for all texts alike, a row of
                0 and 1 for each class. Regression: numbers.

        Raises:
            ValueError: a label that is not one of the names, a number that is out of range, or a
                row of another form.
        """
        if self.problem == "regression":
            return self._numbers(values)
        encode = self._many if self.problem == "multi_label" else self._one
        return encode(rows_of(values))

    def nothing(self, rows):
        """An array like that of `encode`, for rows whose labels do not count."""
        if self.problem == "single":
            return np.zeros(rows, "int32")
        return np.zeros((rows, self.num_classes), "float32")

    def _numbers(self, values):
        values = values.to_numpy() if hasattr(values, "to_numpy") else values
        try:
            numbers = np.atleast_1d(np.asarray(values, "float32"))
        except (TypeError, ValueError) as error:
            raise ValueError(f'problem="regression" takes numbers as labels: {error}') from error
        numbers = numbers.reshape(len(numbers), math.prod(numbers.shape[1:]))
        if numbers.shape[1] != self.num_classes:
            raise ValueError(
                f"{self.num_classes} numbers a text expected, {numbers.shape[1]} given."
            )
        if not np.isfinite(numbers).all():
            row = int(np.flatnonzero(~np.isfinite(numbers).all(axis=1))[0])
            raise ValueError(f"Row {row} has the label {numbers[row].tolist()}: not a number.")
        return numbers

    def _one(self, values):
        places, numbers = {}, np.empty(len(values), "int32")
        for row, value in enumerate(map(alone, values)):
            if is_collection(value):
                numbers[row] = self._hot_place(value, row)
                continue
            if value not in places:  # the same few come again and again
                places[value] = self._index(value, row)
            numbers[row] = places[value]
        return numbers

    def _hot_place(self, labels, row):
        """Where the one is in a row of zeros: guessing at anything else would mislabel the text."""
        labels = [as_python(label) for label in labels]
        hot = len(labels) == self.num_classes and all(label in (0, 1) for label in labels)
        if not hot or sum(labels) != 1:
            raise ValueError(
                f'problem="single" takes one label a text. Row {row} is {labels!r:.60}: give its '
                f"label, or {self.num_classes} numbers of which one is 1 and the others are 0."
            )
        return labels.index(1)

    def _many(self, values):
        for row, labels in enumerate(values):
            if not is_collection(labels):
                raise ValueError(
                    f'problem="multi_label" takes a list of labels for each text. Row {row} is '
                    f"{labels!r}: write [{labels!r}]."
                )
        rows = [[as_python(label) for label in labels] for labels in values]
        # Told by all rows: [0, 1] alone may be the classes 0 and 1, or the second of two.
        sets = any(isinstance(labels, (set, frozenset)) for labels in values)
        if not sets and all(self._is_hot(labels) for labels in rows):
            return np.array(rows, "float32").reshape(len(rows), self.num_classes)
        hot = np.zeros((len(rows), self.num_classes), "float32")
        for row, labels in enumerate(rows):
            self._check_numbers(labels, row)
            for label in labels:
                hot[row, self._index(label, row)] = 1
        return hot

    def _is_hot(self, labels):
        """A number from 0 to 1 for each class, rather than a list of labels."""
        return len(labels) == self.num_classes and all(
            isinstance(label, (bool, int, float)) and 0 <= label <= 1 for label in labels
        )

    def _check_numbers(self, labels, row):
        """Refuses rows of 0 and 1 that are not as long as there are classes."""
        numbers = [label for label in labels if isinstance(label, (bool, int, float))]
        if len(set(numbers)) < len(numbers):
            raise ValueError(
                f"Row {row} has labels twice: {labels!r:.60}. A row of 0 and 1 for each class must "
                f"have num_classes={self.num_classes} of them, and all rows that form."
            )

    def _index(self, value, row):
        names = self.names or []
        if value in names:
            return names.index(value)
        if isinstance(value, (int, float)) and float(value).is_integer():
            if str(int(value)) in names:  # names "1" to "5", and numbers in the data
                return names.index(str(int(value)))
            if not any(map(is_number, names)) and 0 <= value < self.num_classes:
                return int(value)
        accepted = (
            f"one of {', '.join(map(repr, names[:20]))}{', ...' if len(names) > 20 else ''}"
            if names
            else f"a number from 0 to {self.num_classes - 1}"
        )
        raise ValueError(
            f"Row {row} has the label {value!r:.60}, which is not {accepted}."
            f"{nearest(value, names)}"
        )


def rows_of(values):
    """A list of Python values, or of lists of them, from a list, array, Series or tensor."""
    values = values.to_numpy() if hasattr(values, "to_numpy") else values
    if hasattr(values, "__array__"):
        return np.atleast_1d(np.asarray(values)).tolist()
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        values = [values]
    return [value if is_collection(value) else as_python(value) for value in values]


def as_python(value):
    """A str or number for what numpy, torch or a file of bytes has in its place."""
    if type(value) in PLAIN:
        return value
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value


def is_collection(value):
    """Whether `value` holds labels, rather than being one."""
    if isinstance(value, (*PLAIN, bytes)) or getattr(value, "ndim", None) == 0:
        return False
    return hasattr(value, "__iter__")


def alone(value):
    """The one label of a list or array of one; anything else as it is."""
    if is_collection(value) and not isinstance(value, (set, frozenset, dict)) and len(value) == 1:
        value = value[0]
    return as_python(value)


def is_number(name):
    """Whether a name is a number, so that numbers in the data mean it, not its place."""
    if isinstance(name, bool):
        return False
    return isinstance(name, (int, float)) or str(name).isdigit()
