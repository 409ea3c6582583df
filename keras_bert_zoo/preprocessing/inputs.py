"""From what people hold (lists, arrays, frames, data sets, pairs) to rows of texts."""

import numpy as np

LABEL_COLUMNS = ("label", "labels", "category", "target", "class", "score")
ENCODED = ("token_ids", "padding_mask")


def is_encoded(x):
    """Whether `x` is the encoder's inputs already."""
    return isinstance(x, dict) and all(key in x for key in ENCODED)


def is_table(x):
    """Whether `x` has named columns: a pandas DataFrame, or a Hugging Face `datasets.Dataset`."""
    return hasattr(x, "columns") or hasattr(x, "column_names")


def is_texts(x):
    """Whether `x` holds all texts in memory, rather than handing them out batch by batch."""
    if isinstance(x, (str, list, tuple, np.ndarray, dict)) or is_table(x):
        return True
    return hasattr(x, "to_numpy")  # a pandas Series or Index


def as_rows(x):
    """The texts in `x` as a list of tuples: one text a row, or two for pairs.

    Args:
        x: a text; a list, tuple, array or Series of texts; a list of pairs; a tuple, or a
            dictionary, of two such columns; a table of one or two text columns.

    Raises:
        TypeError: something that is not a text, with its place and what it is.
        ValueError: columns of different lengths, or too many of them.

    >>> as_rows(["a", "b"])
    [('a',), ('b',)]
    >>> as_rows((["a", "b"], ["c", "d"]))
    [('a', 'c'), ('b', 'd')]
    >>> as_rows([("a", "c"), ("b", "d")])
    [('a', 'c'), ('b', 'd')]
    """
    if isinstance(x, str):
        return [(x,)]
    if is_table(x):
        return join_columns([column_of(x, name) for name in text_columns(x)])
    if isinstance(x, dict):
        return join_columns(list(x.values()))
    if isinstance(x, tuple) and x and not any(isinstance(part, str) for part in x):
        return join_columns(list(x))
    items = plain(x)
    if items and not isinstance(items[0], (str, bytes)) and isinstance(items[0], (list, tuple)):
        widths = {len(item) if isinstance(item, (list, tuple)) else 0 for item in items}
        if widths != {2}:
            raise ValueError(
                "A list of pairs must hold two texts in each row. Rows of these lengths were "
                f"given: {sorted(widths)}."
            )
        return join_columns([[a for a, _ in items], [b for _, b in items]])
    return join_columns([items])


def plain(x):
    """A list of Python values from any sequence."""
    if hasattr(x, "to_numpy"):
        x = x.to_numpy()
    if isinstance(x, np.ndarray):
        return x.tolist()
    return list(x)


def join_columns(columns):
    """One or two columns of texts as a list of tuples; checks that they are texts."""
    columns = [[check_text(value, place) for place, value in enumerate(plain(c))] for c in columns]
    if len(columns) not in (1, 2):
        raise ValueError(
            f"A row is one text or a pair of texts. {len(columns)} columns were given."
        )
    if len({len(column) for column in columns}) > 1:
        lengths = " and ".join(str(len(column)) for column in columns)
        raise ValueError(f"The two columns of pairs have different lengths: {lengths}.")
    return list(zip(*columns))


def check_text(value, place):
    """`value` as str; bytes are read as UTF-8."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    hint = " Empty cells of a table are read as nan: fill them with ''." if value != value else ""
    raise TypeError(
        f"Texts must be str. Row {place} is {value!r:.60} ({type(value).__name__}).{hint}"
    )


def text_columns(table):
    """Names of the one or two columns of a table that hold texts.

    Raises:
        ValueError: there is none, or there are more than two, and which is meant is not clear.
    """
    names = [name for name in column_names(table) if name not in LABEL_COLUMNS]
    texts = [name for name in names if isinstance(first_of(table, name), (str, bytes))]
    if len(texts) not in (1, 2):
        raise ValueError(
            f"Which columns are the texts? {len(texts)} of {column_names(table)} hold texts"
            f"{': ' + ', '.join(map(str, texts)) if texts else ''}. Select one, or two for pairs, "
            'for example x=table["text"] or x=(table["premise"], table["hypothesis"]).'
        )
    return texts


def column_names(table):
    """Names of a table's columns."""
    return list(table.column_names if hasattr(table, "column_names") else table.columns)


def column_of(table, name):
    """A column of a table, as a list."""
    return plain(table[name])


def first_of(table, name):
    """The first value of a column, or None."""
    column = table[name]
    if len(column) == 0:
        return None
    return column.iloc[0] if hasattr(column, "iloc") else column[0]


def split_labels(table, y=None):
    """The label column of a table, as a list.

    Args:
        table: a DataFrame or data set.
        y: name of the column; found by its name if not given.

    Raises:
        ValueError: no such column.
    """
    names = column_names(table)
    if y is None:
        y = next((name for name in LABEL_COLUMNS if name in names), None)
    if y not in names:
        raise ValueError(
            f"Which column holds the labels? The table has {names}. Name it: fit(table, y=...)."
        )
    values = column_of(table, y)
    features = getattr(table, "features", None) or {}
    class_names = getattr(features.get(y), "names", None)
    if class_names and values and isinstance(values[0], int):
        return [class_names[value] for value in values]
    return values
