"""The Parquet files that are read: which there are, and what their footers say."""

import dataclasses
import hashlib
import os
import pathlib

from ..errors import nearest
from ..pretraining.corpus.files import matches
from .packages import parquet, pyarrow


@dataclasses.dataclass(frozen=True)
class Input:
    """A Parquet file.

    Args:
        path: where it is.
        size: in bytes.
        groups: rows of each of its row groups.
        footer: digest of what stands at its end: where each column is, and its statistics.
    """

    path: str
    size: int
    groups: tuple
    footer: str

    @property
    def rows(self):
        return sum(self.groups)


def find_inputs(dataset, output):
    """Paths of all files that are meant, in the order of the answers.

    Args:
        dataset: path, folder or pattern such as `"texts/*.parquet"`, or a list of them. Of a
            folder, all Parquet files in it.
        output: folder of the answers.

    Raises:
        FileNotFoundError: nothing is there, or nothing matches.
        ValueError: a file of another kind, or one of the answers.
    """
    patterns = [dataset] if isinstance(dataset, (str, os.PathLike)) else list(dataset)
    found, output = set(), pathlib.Path(os.path.abspath(output))
    for pattern in map(os.fspath, patterns):
        if output.is_relative_to(os.path.abspath(pattern)):
            raise ValueError(f"The output {output} is in the folder that is read. Name another.")
        paths = matches(pattern, is_parquet)
        if not paths:
            raise FileNotFoundError(
                f"{pattern}: no such file. Name a Parquet file, a folder of them, or a pattern "
                "such as 'texts/*.parquet'."
            )
        found.update(os.path.abspath(path) for path in paths)
    for path in sorted(found):
        if not is_parquet(path):
            raise ValueError(
                f"{path} is no Parquet file. Make one of it, for example with pandas: "
                'read_csv("...").to_parquet("...").'
            )
        if output in pathlib.Path(path).parents:
            raise ValueError(f"{path} is in the folder of the output. Name another output.")
    if not found:
        raise ValueError("There is no input: name files, folders or patterns.")
    return sorted(found)


def is_parquet(path):
    return pathlib.Path(path).suffix.lower() in (".parquet", ".pq")


def read_inputs(paths, text_columns, columns=None):
    """`(inputs, schema)`: an `Input` for each file, and the columns that are kept.

    Args:
        paths: of the files.
        text_columns: names of the columns of the texts.
        columns: names of the columns to keep; all if None.

    Raises:
        ValueError: no rows; a column that is missing, of another type in another file, or no
            text; a text that is null; a file that is no Parquet.
    """
    inputs, first, kept = [], None, None
    for path in paths:
        with opened(path) as file:
            found = {field.name: field.type for field in file.schema_arrow}
            for name in (*text_columns, *(columns or ())):
                _check_column(path, name, found)
            for name in text_columns:
                _check_text(path, name, found[name])
                _check_nulls(path, name, file)
            one = found if columns is None else {name: found[name] for name in columns}
            kept, first = (one, path) if kept is None else (kept, first)
            if one != kept:
                raise ValueError(f"{path} and {first} have other columns: {_apart(one, kept)}.")
            groups = tuple(
                file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)
            )
            inputs.append(Input(path, os.path.getsize(path), groups, _footer(path)))
    if not sum(one.rows for one in inputs):
        raise ValueError(f"There are no rows in {', '.join(paths[:3])}{' ...' * (len(paths) > 3)}")
    return inputs, pyarrow().schema(list(kept.items()))


def opened(path):
    """A `pyarrow.parquet.ParquetFile`.

    Raises:
        ValueError: the file is none, or a damaged one.
    """
    try:
        return parquet().ParquetFile(path)
    except pyarrow().ArrowInvalid as error:
        raise ValueError(f"{path} cannot be read as Parquet: {error}") from None


def _check_column(path, name, found):
    if name not in found:
        raise ValueError(
            f"{path} has no column {name!r}.{nearest(name, found)} It has: "
            f"{', '.join(map(repr, found))}."
        )


def _check_text(path, name, kind):
    types = pyarrow().types
    kind = kind.value_type if types.is_dictionary(kind) else kind
    if not any(is_it(kind) for is_it in (types.is_string, types.is_large_string, _is_view)):
        raise ValueError(
            f"{path}: the column {name!r} holds {kind}, not texts. Name the column of the texts "
            "with text_column."
        )


def _is_view(kind):
    return pyarrow().types.is_string_view(kind)


def _check_nulls(path, name, file):
    """What the statistics of a file tell is told before anything is done."""
    metadata, first = file.metadata, 0
    names = [metadata.schema.column(i).path for i in range(metadata.num_columns)]
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        statistics = group.column(names.index(name)).statistics
        if statistics is not None and statistics.has_null_count and statistics.null_count:
            refuse_null(path, name, file.read_row_group(number, columns=[name])[name], first)
        first += group.num_rows


def refuse_null(path, name, texts, first):
    """Raises a ValueError for a text that is null.

    Args:
        path, name: of the file and the column.
        texts: array of Arrow.
        first: number in the file of the first of them.
    """
    if texts.null_count:
        row = first + texts.is_null().index(True).as_py()
        raise ValueError(
            f"{path}, row {row} (counted from 0): the text in {name!r} is null. Fill such rows or "
            "leave them out."
        )


def _apart(one, other):
    names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    said = [f"{name!r} ({one.get(name, 'none')}, {other.get(name, 'none')})" for name in names]
    return ", ".join(said[:4])


def _footer(path):
    with open(path, "rb") as stream:
        stream.seek(-8, os.SEEK_END)
        size = int.from_bytes(stream.read(4), "little")
        stream.seek(-8 - size, os.SEEK_END)
        return hashlib.sha256(stream.read(size)).hexdigest()[:16]
