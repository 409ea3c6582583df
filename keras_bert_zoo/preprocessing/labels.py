"""From the caller's labels to numbers, and back."""

import numpy as np

from ..errors import nearest, unknown_name

PROBLEMS = ("single", "multi_label", "regression")


class Labels:
    """The label names of a task, in the order of its logits.

    Args:
        names: label names (str, or int such as 1 to 5 stars), or None.
        num_classes: how many there are; the length of `names` if not given.
        problem: `"single"`, one label a text; `"multi_label"`, any number of labels a text;
            `"regression"`, numbers.

    Raises:
        ValueError: unknown problem, no names and no number, doubled names, or names and number
            that disagree.

    Example:

    >>> Labels(["bad", "good"]).encode(["good", "bad"])
    array([1, 0], dtype=int32)
    """

    def __init__(self, names=None, num_classes=None, problem="single"):
        if problem not in PROBLEMS:
            raise unknown_name("problem", problem, PROBLEMS)
        if names is not None:
            names = [name.item() if isinstance(name, np.generic) else name for name in names]
        if problem == "regression":
            num_classes = num_classes or len(names or [0])
        self.names, self.problem = names, problem
        self.num_classes = num_classes or (len(names) if names else None)
        self._check()

    def _check(self):
        if not self.num_classes:
            raise ValueError(
                'How many classes are there? Give labels=["a", "b", ...] or num_classes=N.'
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
        if self.problem == "multi_label":
            values = [v for row in values if isinstance(row, (list, tuple, set)) for v in row]
        found = sorted({str(value) for value in values if isinstance(value, str)})
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

        Raises:
            ValueError: a label that is not one of the names, or a number that is out of range.
        """
        values = values.to_numpy() if hasattr(values, "to_numpy") else values
        if self.problem == "regression":
            return self._numbers(values)
        if self.problem == "multi_label":
            return self._many(values)
        return self._one(values)

    def _numbers(self, values):
        try:
            numbers = np.asarray(values, "float32")
        except (TypeError, ValueError) as error:
            raise ValueError(f'problem="regression" takes numbers as labels: {error}') from error
        numbers = numbers.reshape(len(numbers), -1)
        if numbers.shape[1] != self.num_classes:
            raise ValueError(
                f"{self.num_classes} numbers a text expected, {numbers.shape[1]} given."
            )
        if not np.isfinite(numbers).all():
            row = int(np.flatnonzero(~np.isfinite(numbers).all(axis=1))[0])
            raise ValueError(f"Row {row} has the label {numbers[row].tolist()}: not a number.")
        return numbers

    def _one(self, values):
        array = np.asarray(values)
        if array.ndim == 2 and array.shape[1] == self.num_classes and array.dtype.kind in "iufb":
            return array.argmax(axis=1).astype("int32")  # one-hot
        return np.array([self._index(v, row) for row, v in enumerate(array.reshape(-1).tolist())],
                        "int32")  # fmt: skip

    def _many(self, values):
        array = values if isinstance(values, np.ndarray) else None
        if array is not None and array.ndim == 2:
            if array.shape[1] != self.num_classes:
                raise ValueError(
                    f"{self.num_classes} columns of 0 and 1 expected, {array.shape[1]} given."
                )
            return array.astype("float32")
        hot = np.zeros((len(values), self.num_classes), "float32")
        for row, labels in enumerate(values):
            if isinstance(labels, (str, int)):
                raise ValueError(
                    f'problem="multi_label" takes a list of labels for each text. Row {row} is '
                    f"{labels!r}: write [{labels!r}]."
                )
            if self._is_hot(labels):
                hot[row] = labels
                continue
            for label in labels:
                hot[row, self._index(label, row)] = 1
        return hot

    def _is_hot(self, labels):
        """A row of 0 and 1 for each class, rather than a list of labels."""
        return len(labels) == self.num_classes and not any(
            isinstance(label, str) or label not in (0, 1) for label in labels
        )

    def _index(self, value, row):
        if isinstance(value, bytes):
            value = value.decode("utf-8", errors="replace")
        if self.names is not None and value in self.names:
            return self.names.index(value)
        numbered = self.names is None or not any(type(name) is int for name in self.names)
        whole = isinstance(value, (int, float)) and value == value and int(value) == value
        if numbered and whole and 0 <= value < self.num_classes:
            return int(value)
        accepted = (
            f"one of {', '.join(map(repr, self.names[:20]))}"
            f"{', ...' if len(self.names) > 20 else ''}"
            if self.names
            else f"a number from 0 to {self.num_classes - 1}"
        )
        raise ValueError(
            f"Row {row} has the label {value!r}, which is not {accepted}."
            f"{nearest(value, self.names or [])}"
        )
