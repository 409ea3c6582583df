"""Reads files of texts and labels: CSV, TSV, JSON, JSON lines, Parquet, plain lines.

It needs nothing outside the standard library (Parquet needs pyarrow), and imports no backend, so a
wrong path or column is told before a model is loaded.
"""

import codecs
import csv
import importlib
import itertools
import json
from pathlib import Path

from .errors import nearest

CHUNK = 4096  # rows

PAIRS = (
    ("sentence1", "sentence2"),
    ("premise", "hypothesis"),
    ("text_a", "text_b"),
    ("question1", "question2"),
    ("text", "text_pair"),
)
TEXTS = ("text", "sentence", "review", "content", "question", "document", "comment", "body")
LABELS = ("label", "labels", "category", "sentiment", "class", "target", "score")


class Table(dict):
    """Column name -> list of values, all of one length; it remembers where each row was.

    Args:
        columns: the dictionary.
        path: the file, as the caller named it.
        places: for each row, where in the file it is, such as `"line 4"`.
    """

    def __init__(self, columns, path, places):
        super().__init__(columns)
        self.path, self.places = str(path), places

    @property
    def num_rows(self):
        return len(self.places)

    def place(self, row):
        """Where a row is, for a message: `train.csv, line 4`."""
        return f"{self.path}, {self.places[row]}"


def read_table(path):
    """All of a file.

    Args:
        path: `.csv`, `.tsv`, `.jsonl`, `.ndjson`, `.json` (a list of objects), `.parquet`, or
            `.txt` (a text a line, column `text`). Text is UTF-8, with or without BOM.

    Returns:
        `Table`. Values of CSV and TSV are str; what another format leaves out is None.

    Raises:
        OSError: no such file, or it cannot be read.
        ValueError: not of the format that its name says; the message says which line.
        ImportError: Parquet, without pyarrow.

    Example:

    >>> read_table("train.csv")["label"][:2]
    ['good', 'bad']
    """
    chunks = list(read_chunks(path))
    columns = dict.fromkeys(name for chunk in chunks for name in chunk)
    joined = {
        name: [value for chunk in chunks for value in column_of(chunk, name)] for name in columns
    }
    return Table(joined, path, [place for chunk in chunks for place in chunk.places])


def read_chunks(path, size=CHUNK):
    """The same in pieces of `size` rows: at least one, which may have no rows."""
    check_file(path)
    reader = READERS.get(Path(path).suffix.lower())
    if reader is None:
        raise ValueError(
            f"{path}: the format is known by the end of the name, and {Path(path).suffix!r} is not "
            f"one. Accepted: {', '.join(READERS)}."
        )
    columns, records = reader(path)
    return in_chunks(columns, records, path, size)


def read_lines(stream, name, size=CHUNK):
    """Tables of one column `text` from the lines of an open binary stream."""
    return in_chunks(["text"], _text_records(stream, name), name, size)


def in_chunks(columns, records, path, size):
    """Tables of `size` rows from `(place, {column: value})`; columns as found, if None."""
    first = True
    while (rows := list(itertools.islice(records, size))) or first:
        first = False
        names = columns or dict.fromkeys(name for _, values in rows for name in values)
        values = {name: [values.get(name) for _, values in rows] for name in names}
        yield Table(values, path, [place for place, _ in rows])


def column_of(table, name):
    """A column; None in each row where this table lacks it, as a piece of JSON lines may."""
    return table.get(name, [None] * table.num_rows)


def is_missing(value):
    """Whether a cell holds nothing: None, or the nan that stands for it."""
    return value is None or value != value


def check_file(path):
    """Raises an `OSError` that names the nearest file if this is none."""
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder. Name a file in it.")
    if not path.exists():
        siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise FileNotFoundError(f"There is no file {str(path)!r}.{nearest(path.name, siblings)}")


# -------------------------------------------------------------------------------------- columns


def pick_columns(table, text_columns=None, label_column=None, *, labelled=True):
    """Which columns hold the texts and the labels.

    Args:
        table: `Table`, or any dictionary of columns.
        text_columns: one name, or two for pairs; names may be joined by a comma. Found by the
            usual names if not given; a column that is alone beside the labels needs no name.
        label_column: found by the usual names if not given.
        labelled: whether there must be labels.

    Returns:
        `(text_columns, label_column)`: a list of one or two names, and a name or None.

    Raises:
        ValueError: no such column, or it is not clear which is meant.

    Example:

    >>> pick_columns({"premise": [], "hypothesis": [], "label": []})
    (['premise', 'hypothesis'], 'label')
    """
    if label_column is not None:
        _check_column(table, label_column)
    elif labelled:
        label_column = _usual_label(table)
    given = [text_columns] if isinstance(text_columns, str) else list(text_columns or [])
    names = [name for item in given for name in ([item] if item in table else item.split(","))]
    names = [name if name in table else name.strip() for name in names]
    for name in names:
        _check_column(table, name)
    if len(names) > 2 or len(set(names)) < len(names):
        raise ValueError(f"Name one text column, or two for pairs. Given: {', '.join(names)}.")
    return names or _usual_texts(table, label_column), label_column


def _usual_label(table):
    known = {name.lower(): name for name in reversed(list(table))}
    for name in LABELS:
        if name in known:
            return known[name]
    raise ValueError(
        f"Which column holds the labels? {_has(table)} Name it with --label-column. Names that "
        f"are found of themselves: {', '.join(LABELS)}."
    )


def _usual_texts(table, label_column):
    known = {name.lower(): name for name in reversed(list(table)) if name != label_column}
    for names in (*PAIRS, *((name,) for name in TEXTS)):
        if all(name in known for name in names):
            return [known[name] for name in names]
    usual_labels = {name for name in table if name.lower() in LABELS}
    rest = [name for name in table if name not in usual_labels | {label_column}]
    if len(rest) == 1:
        return rest
    raise ValueError(
        f"Which column holds the texts? {_has(table)} Name it with --text-column; name two for "
        "pairs."
    )


def _check_column(table, name):
    if name not in table:
        raise ValueError(f"There is no column {name!r}.{nearest(name, table)} {_has(table)}")


def _has(table):
    path, names = getattr(table, "path", "The table"), list(table)
    other = next((mark for mark in ";\t|" if len(names) == 1 and mark in names[0]), None)
    hint = f" Its cells seem to be separated by {other!r}: save it with commas." if other else ""
    return f"{path} has the columns: {', '.join(map(repr, names)) or 'none'}.{hint}"


# -------------------------------------------------------------------------------------- formats


def _decoded(stream, name):
    """Lines of a binary stream as text, with their ends."""
    for number, raw in enumerate(stream, 1):
        raw = raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw
        try:
            yield raw.decode("utf-8")
        except UnicodeDecodeError as error:
            wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and number == 1
            raise ValueError(
                f"{name}, line {number}: byte 0x{raw[error.start]:02x} is not UTF-8"
                f"{' (the file seems to be UTF-16)' if wide else ''}. Save the file as UTF-8, for "
                f"example: iconv -f {'utf-16' if wide else 'cp1252'} -t utf-8."
            ) from None


def _file_lines(path):
    with open(path, "rb") as stream:
        yield from _decoded(stream, path)


def _text_records(stream, name):
    for number, line in enumerate(_decoded(stream, name), 1):
        yield f"line {number}", {"text": line.removesuffix("\n").removesuffix("\r")}


def _text(path):
    def records():
        with open(path, "rb") as stream:
            yield from _text_records(stream, path)

    return ["text"], records()


def _csv(path):
    return _separated(path, delimiter=",", strict=True)


def _tsv(path):
    """Tab-separated files come with quoted cells (pandas, Excel) and with bare quotes (GLUE)."""
    quoted = {"delimiter": "\t", "strict": True}
    try:
        for _ in _separated(path, **quoted)[1]:
            pass
    except UnquotedError:
        return _separated(path, delimiter="\t", quoting=csv.QUOTE_NONE)
    return _separated(path, **quoted)


class UnquotedError(ValueError):
    """Cells of a file are not quoted as was assumed."""


def _separated(path, **dialect):
    # Whole documents are longer than the 131,072 characters that a cell may have by default.
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(_file_lines(path), **dialect)
    header = next(_rows(reader, path), None)
    if header is None:
        raise ValueError(f"{path} is empty: its first line must name the columns.")
    names = [cell.strip() or f"column_{number}" for number, cell in enumerate(header[1], 1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            f"{path}: the header names {', '.join(map(repr, twice))} more than once. Rename or "
            "remove all but one."
        )
    return names, _named(_rows(reader, path), names, path)


def _rows(reader, path):
    """`(first line, cells)` of each row that is not blank."""
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnquotedError(
                f"{path}, line {line}: the quotation marks of this row do not match ({error}). A "
                "cell that begins with one must end with one, and those inside it are doubled."
            ) from None
        if cells:
            yield line, cells


def _named(rows, names, path):
    for line, cells in rows:
        if len(cells) != len(names):
            raise UnquotedError(
                f"{path}, line {line}: {len(cells)} cells, but the header names {len(names)} "
                f"columns ({', '.join(names[:8])}). Put quotation marks around a cell that holds "
                "a separator."
            )
        yield f"line {line}", dict(zip(names, cells))


def _json_lines(path):
    def records():
        for number, line in enumerate(_file_lines(path), 1):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except ValueError as error:
                raise ValueError(
                    f"{path}, line {number}: not valid JSON ({error}). Each line holds one object."
                ) from None
            yield f"line {number}", _object(value, f"{path}, line {number}")

    return None, records()


def _json(path):
    try:
        items = json.loads("".join(_file_lines(path)))
    except json.JSONDecodeError as error:
        hint = " Is it JSON lines? Then name it .jsonl." if error.msg == "Extra data" else ""
        raise ValueError(f"{path} is not valid JSON: {error}.{hint}") from None
    if not isinstance(items, list):
        raise ValueError(
            f"{path} holds a JSON {type(items).__name__}. It must be a list of objects, one a row: "
            '[{"text": ..., "label": ...}, ...].'
        )
    numbered = ((f"item {number}", item) for number, item in enumerate(items, 1))
    return None, ((place, _object(item, f"{path}, {place}")) for place, item in numbered)


def _object(value, where):
    if not isinstance(value, dict):
        raise ValueError(f'{where}: must be an object such as {{"text": ...}}, not {value!r:.60}.')
    return value


def _parquet(path):
    def numbered(batches):
        rows = (row for batch in batches for row in batch)
        return ((f"row {number}", row) for number, row in enumerate(rows, 1))

    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        columns, rows = _parquet_by_pandas(path)
        return columns, numbered([rows])
    try:
        file = parquet.ParquetFile(path)
    except ValueError as error:  # pyarrow's own errors are ValueErrors
        raise ValueError(f"{path} cannot be read as Parquet: {error}") from None
    return file.schema_arrow.names, numbered(b.to_pylist() for b in file.iter_batches(CHUNK))


def _parquet_by_pandas(path):
    try:
        frame = importlib.import_module("pandas").read_parquet(path)
    except ImportError:
        raise ImportError(f"{path}: Parquet needs pyarrow: pip install pyarrow") from None
    return list(map(str, frame.columns)), frame.to_dict("records")


READERS = {
    ".csv": _csv,
    ".tsv": _tsv,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json,
    ".parquet": _parquet,
    ".txt": _text,
}
