"""From what people hold (lists, arrays, frames, data sets, pairs) to rows of texts."""

import numpy as np

LABEL_COLUMNS = ("label", "labels", "category", "target", "class", "score")
ID_COLUMNS = ("id", "idx", "guid", "uid")  # never texts, even where they are strings
ENCODED = ("token_ids", "padding_mask")
PAIRS = (list, tuple, np.ndarray)


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
    # A pandas Series or Index, or a tensor.
    return hasattr(x, "to_numpy") or hasattr(x, "__array__")


def as_rows(x):
    """The texts in `x` as a list of tuples: one text a row, or two for pairs.

    Args:
        x: a text; a list, tuple, array or Series of texts; a list of pairs; a tuple, or a
            dictionary, of two such columns; a table of one or two text columns. Bytes are texts
            in UTF-8.

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
    if is_table(x):
        names = text_columns(x) if len(x) else column_names(x)[:1]
        return join_columns([column_of(x, name) for name in names])
    if isinstance(x, dict):
        return join_columns(list(x.values()))
    if isinstance(x, tuple) and x and not any(isinstance(part, (str, bytes)) for part in x):
        return join_columns(list(x))
    items = plain(x)
    if items and isinstance(items[0], PAIRS):
        return join_columns(split_pairs(items))
    return join_columns([items])


def joined(rows, rest):
    """Rows with what each has beside its texts; `rest` is a tuple for each, or None.

    Raises:
        ValueError: there are more or fewer of them than rows.

    >>> joined([("a",), ("b",)], [(1,), ()])
    [('a', 1), ('b',)]
    """
    if rest is None:
        return rows
    if len(rest) != len(rows):
        raise ValueError(f"{len(rows)} texts and {len(rest)} images were given: they must match.")
    return [(*row, *more) for row, more in zip(rows, rest)]


def split_pairs(items):
    """The two columns of a list of pairs.

    Raises:
        ValueError: a row that is not a pair, with its place and what it is.
    """
    for place, item in enumerate(items):
        if not isinstance(item, PAIRS) or len(item) != 2:
            raise ValueError(
                f"A list of pairs must hold two texts in each row. Row {place} is {item!r:.60}."
            )
    return [item[0] for item in items], [item[1] for item in items]


def plain(x):
    """A list of Python values from any sequence; a single text is a list of itself."""
    if isinstance(x, (str, bytes)):
        return [x]
    if hasattr(x, "to_numpy"):
        x = x.to_numpy()
    if hasattr(x, "__array__"):
        return np.atleast_1d(np.asarray(x)).tolist()
    if not hasattr(x, "__iter__"):
        raise TypeError(
            "Texts must be a str, or a list, tuple, array, Series or table of str. Given: "
            f"{x!r:.60} ({type(x).__name__})."
        )
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
    hint = " Empty cells of a table are missing values: fill them with ''." * is_missing(value)
    raise TypeError(
        f"Texts must be str. Row {place} is {value!r:.60} ({type(value).__name__}).{hint}"
    )


def is_missing(value):
    """Whether `value` is None, nan, or the NA of pandas."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value


def text_columns(table):
    """Names of the one or two columns of a table that hold texts.

    Raises:
        ValueError: there is none, or there are more than two, and which is meant is not clear.
    """
    others = LABEL_COLUMNS + ID_COLUMNS
    names = [name for name in column_names(table) if str(name).lower() not in others]
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
    """The first value of a column that is not missing, or None."""
    return next((value for value in table[name] if not is_missing(value)), None)


def split_labels(table, y=None):
    """The label column of a table, as a list; by name where the table knows the classes' names.

    Args:
        table: a DataFrame or data set.
        y: name of the column; found by its name if not given.

    Raises:
        ValueError: no such column.
    """
    names = column_names(table)
    y = label_column(table) if y is None else y
    if y not in names:
        raise ValueError(
            f"Which column holds the labels? The table has {names}. Name it: fit(table, y=...)."
        )
    features = getattr(table, "features", None)  # of a DataFrame: a column called so
    feature = features.get(y) if isinstance(features, dict) else None
    return class_names(column_of(table, y), feature)


def label_column(table):
    """The name of the column that is called as labels are, or None."""
    known = {str(name).lower(): name for name in reversed(column_names(table))}
    return next((known[name] for name in LABEL_COLUMNS if name in known), None)


def class_names(values, feature):
    """Names for the numbers of a `datasets.ClassLabel`; -1, which means no label, stays.

    Args:
        values: a column: numbers, or lists of them.
        feature: what the data set says of it, or None.
    """
    inner = getattr(feature, "feature", None)
    if inner is not None:
        return [value if value is None else class_names(value, inner) for value in values]
    names = getattr(feature, "names", None)
    if not names:
        return values
    number = range(len(names))
    return [names[v] if isinstance(v, int) and v in number else v for v in values]
