"""Groups of texts, each packed by itself: one text to embed, or an anchor and what goes with it."""

import numbers

import numpy as np

from .feature import Feature, Featurizer
from .inputs import (
    ID_COLUMNS,
    LABEL_COLUMNS,
    check_text,
    column_names,
    column_of,
    first_of,
    is_missing,
    is_table,
    plain,
)

SCORE_COLUMNS = ("score", "scores", "similarity", "similarity_score")
SEQUENCES = (list, tuple, np.ndarray)


class GroupFeatures(Featurizer):
    """Rows are groups of `k` texts: `k` rows of inputs each, one group after another.

    Every text becomes `[CLS] text [SEP]` of its own. What is to be learnt is, for each group, the
    numbers of its texts, `(batch, k)` int32, by which a loss sees which texts are equal; or a
    score, `(batch, 1)` float32.

    Args:
        preprocessor: `Preprocessor`.
        prefixes: put before the texts of the first column, the second, and so on; the last one
            goes for the columns after it too.

    Example:

    >>> features = GroupFeatures(preprocessor, ("query: ", "passage: "))
    >>> features.read([("who?", "me"), ("where?", "there")])
    ([('who?', 'me'), ('where?', 'there')], None)
    """

    def __init__(self, preprocessor, prefixes=("",)):
        super().__init__(preprocessor)
        self.prefixes = prefixes

    # -------------------------------------------------------------- reading

    def read(self, x, y=None):
        """`(rows, targets)`: tuples of `k` texts; targets are None without `y`.

        Args:
            x: a list of texts, of pairs or of longer tuples; a tuple or a dictionary of columns;
                a table, whose text columns are taken in their order.
            y: a score for each row; or a class for each, as str; or the name of the column of a
                table that holds them.

        Raises:
            ValueError, TypeError: rows of different lengths, or something that is no text.
        """
        if is_table(x):
            x, y = self._columns(x, y)
        if isinstance(x, dict):
            x = tuple(x.values())
        if isinstance(x, tuple) and x and not any(isinstance(v, (str, bytes)) for v in x):
            rows = _join([plain(column) for column in x])
        else:
            rows = _rows(plain(x))
        return rows, None if y is None else targets_of(y, rows)

    def _columns(self, table, y):
        """The columns of texts in a table, as a tuple, and its scores or classes."""
        names = column_names(table)
        if y is None:
            y = next((n for n in names if str(n).lower() in SCORE_COLUMNS), None)
        elif isinstance(y, str) and y not in names:
            raise ValueError(f"There is no column {y!r}. The table has {names}.")
        by_name = isinstance(y, str)
        rest = [name for name in names if not by_name or name != y]
        odd = [name for name in rest if str(name).lower() in LABEL_COLUMNS]
        if odd:
            raise ValueError(
                f"What is the column {odd[0]!r} for? If it holds scores, or classes of texts that "
                f"belong together, name it: fit(table, y={odd[0]!r}). If not, leave it out: "
                "fit(table[[...]])."
            )
        texts = [
            name
            for name in rest
            if str(name).lower() not in ID_COLUMNS
            and (not len(table) or isinstance(first_of(table, name), (str, bytes)))
        ]
        if not texts:
            raise ValueError(f"No column of the table holds texts. It has {names}.")
        columns = tuple(column_of(table, name) for name in texts)
        return columns, column_of(table, y) if by_name else y

    # -------------------------------------------------------------- features

    def features(self, rows, targets, report):
        width = len(rows[0])
        prefixes = [*self.prefixes[:width], *[self.prefixes[-1]] * (width - len(self.prefixes))]
        texts = [(prefix + text,) for row in rows for prefix, text in zip(prefixes, row)]
        packed, _ = self.preprocessor.pack_rows(texts, report)
        return [
            Feature(
                packed[number * width : (number + 1) * width],
                number,
                None if targets is None else targets[number],
            )
            for number in range(len(rows))
        ]

    def inputs(self, features, num_rows, generator=None):
        parts = [part for feature in features for part in feature.parts]
        return self.preprocessor.pad(parts, num_rows * len(features[0].parts))

    def targets(self, features, inputs):
        width = len(features[0].parts)
        size = len(inputs["token_ids"]) // width
        first = features[0].target
        y = np.zeros((size, len(first)), first.dtype)
        y[: len(features)] = [feature.target for feature in features]
        weight = np.zeros(size, "float32")
        weight[: len(features)] = 1
        return y, weight


class TrainingGroups(GroupFeatures):
    """Groups to learn from: of two texts or more, with something to learn even without labels.

    Args:
        preprocessor, prefixes: of `GroupFeatures`.
        check: a function of the texts in a row, and of whether there are scores; it raises if
            these cannot be learnt from.
    """

    def __init__(self, preprocessor, prefixes, check):
        super().__init__(preprocessor, prefixes)
        self.check = check

    def read(self, x, y=None):
        rows, targets = super().read(x, y)
        if not rows:
            return rows, []
        if len(rows[0]) < 2:
            raise ValueError(
                "Training needs rows of two or more texts: an anchor, its positive, and negatives "
                f"if there are any. Row 0 holds one: {rows[0][0]!r:.60}. Give a list of tuples, or "
                "a tuple of columns. Batches that come one by one are (rows,), (rows, scores), or "
                "a dictionary of columns."
            )
        self.check(len(rows[0]), targets is not None and targets[0].dtype == "float32")
        return rows, numbers_of(rows) if targets is None else targets


def targets_of(y, rows):
    """What is to be learnt of each row, a list of arrays.

    Args:
        y: numbers, which are scores; or str, which are classes: texts of one class belong together.
        rows: list of tuples of `k` texts.

    Returns:
        For scores float32 `(1,)`; for classes int32 `(k,)`, in which the anchor and its positive
        have the number of the class, and all further texts one of their own.

    Raises:
        ValueError: not as many as rows, or something else than numbers or str.

    >>> targets_of([0.5], [("a", "b")])
    [array([0.5], dtype=float32)]
    """
    y = plain(y)
    y = [v[0] if isinstance(v, SEQUENCES) and len(v) == 1 else v for v in y]
    if len(y) != len(rows):
        raise ValueError(f"{len(rows)} rows and {len(y)} labels were given: they must match.")
    if all(isinstance(value, str) for value in y):
        return _of_classes(y, rows)
    for place, value in enumerate(y):
        if not isinstance(value, numbers.Real) or is_missing(value):
            raise ValueError(
                "y must be numbers (scores) or str (classes of texts that belong together). "
                f"Row {place} is {value!r:.60} ({type(value).__name__})."
            )
    return list(np.array(y, "float32")[:, None])


def numbers_of(rows):
    """The number of each text, int32 `(k,)` a row: equal texts have equal numbers.

    >>> numbers_of([("a", "b"), ("c", "b")])
    [array([0, 1], dtype=int32), array([2, 1], dtype=int32)]
    """
    known = {}
    return [np.array([known.setdefault(text, len(known)) for text in row], "int32") for row in rows]


def _of_classes(y, rows):
    width, classes = len(rows[0]) if rows else 0, {}
    own = [classes.setdefault(name, len(classes)) for name in y]
    count = len(classes)
    return [
        np.array([group, group, *range(count + i * width, count + i * width + width - 2)], "int32")
        for i, group in enumerate(own)
    ]


def _rows(items):
    """A list of texts, or of groups of texts, as tuples of one length."""
    if not items or not isinstance(items[0], SEQUENCES):
        return [(check_text(value, place),) for place, value in enumerate(items)]
    width = len(items[0])
    for place, item in enumerate(items):
        if not isinstance(item, SEQUENCES) or len(item) != width or not width:
            raise ValueError(
                f"All rows must hold as many texts. Row 0 holds {width}; row {place} is "
                f"{item!r:.60}. Give each anchor as many negatives, or fit them one after another."
            )
    return [tuple(check_text(v, place) for v in item) for place, item in enumerate(items)]


def _join(columns):
    """Columns of texts as a list of tuples."""
    if len({len(column) for column in columns}) > 1:
        lengths = ", ".join(str(len(column)) for column in columns)
        raise ValueError(f"The columns have different lengths: {lengths}.")
    return [
        tuple(check_text(value, place) for value in row) for place, row in enumerate(zip(*columns))
    ]
