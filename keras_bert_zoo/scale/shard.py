"""One shard of answers: a pure function of its rows of the input, the task and the options."""

import dataclasses
import json
import os

from .answers import answers_of
from .inputs import opened, refuse_null
from .packages import parquet, pyarrow
from .tasks import load, task_digest
from .whole import whole_file

TOLD = b"keras_bert_zoo"  # under which a file says what it is
BATCH = 4096  # rows that are unpacked at once


@dataclasses.dataclass(frozen=True)
class Job:
    """What all shards have in common: what a worker needs before the first.

    Args:
        task: of a preset: what `from_preset` takes.
        digest: of its files; see `task_digest`.
        text_columns: tuple of the names of the columns of the texts.
        columns: tuple of the names of the columns that are kept.
        prefix: before the names of the columns of answers.
        options: dictionary: `batch_size`, and those of the task.
        plan: digest of what all answers are made from and with.
    """

    task: str
    digest: str
    text_columns: tuple
    columns: tuple
    prefix: str
    options: dict
    plan: str


@dataclasses.dataclass(frozen=True)
class Piece:
    """What is in one shard.

    Args:
        path: of the file to write.
        stretches: tuple of `(path, size in bytes, first row, row after the last)`.
        rows: how many there are.
    """

    path: str
    stretches: tuple
    rows: int

    def __str__(self):
        said = [f"{path}, rows {start} to {stop - 1}" for path, _, start, stop in self.stretches]
        return "; ".join(said[:3]) + " ..." * (len(said) > 3)

    def place(self, row):
        """Where a row is, for a message."""
        for path, _, start, stop in self.stretches:
            if row < stop - start:
                return f"{path}, row {start + row} (counted from 0)"
            row -= stop - start
        raise IndexError(row)


class Answerer:
    """A task that is loaded once, and writes shards of its answers.

    Args:
        job: `Job`.

    Raises:
        ValueError: the preset cannot be loaded, is another one than was planned with, or its task
            is not supported.
    """

    def __init__(self, job):
        self.job, self.task = job, load(job.task)
        preprocessor = self.task.preprocessor
        self._warns = preprocessor.truncation == "warn"
        if self._warns:  # the run does, once
            preprocessor.truncation = "silent"
        name, options = type(self.task).__name__, set(job.options) - {"batch_size"}
        self._columns = answers_of(name, job.text_columns, options).columns
        if task_digest(job.task) != job.digest:
            raise ValueError(f"{job.task} is another task here than it was when the run began.")

    def write(self, piece, read=lambda amount: None):
        """Writes a shard; it appears whole or not at all.

        Args:
            piece: `Piece`.
            read: called with how many rows have been answered.

        Returns:
            What the file says of itself; see `told`.

        Raises:
            ValueError: a text is null, or the task raised at one; the message says at which.
        """
        table = _rows_of(piece, self.job.text_columns, self.job.columns)
        texts = [table[name].cast(pyarrow().string()) for name in self.job.text_columns]
        texts = [column.to_pylist() for column in texts]
        self.task.truncation_report = None
        try:
            found = self._answer(texts)
        except Exception as error:
            raise self._named(piece, texts, error) from error
        kept = table.select(self.job.columns)
        for name, column in found.items():
            kept = _appended(kept, self.job.prefix + name, column)
        cut = self.task.truncation_report if self._warns else None
        said = {"plan": self.job.plan, "rows": len(kept), "cut": cut.cut_texts if cut else 0}
        kept = kept.replace_schema_metadata({TOLD: json.dumps(said)})
        read(piece.rows)  # nobody hears it if the run is gone, and then nothing is to be written
        with whole_file(piece.path) as temporary:
            parquet().write_table(kept, temporary, compression="zstd")
        return said

    def _answer(self, texts):
        return self._columns(
            self.task, texts[0] if len(texts) == 1 else tuple(texts), **self.job.options
        )

    def _named(self, piece, texts, error):
        """An error with the row that the task raises at, found by halves."""
        first, last = 0, len(texts[0])
        if self._raises([["a"]] * len(texts), 0, 1) is not None:
            return error  # at any text
        while last - first > 1:
            middle = (first + last) // 2
            if self._raises(texts, first, middle) is not None:
                last = middle
            else:
                first = middle
        alone = self._raises(texts, first, last)
        where = piece if alone is None else piece.place(first)
        error = alone or error
        return ValueError(f"{where}: {type(error).__name__}: {error}")

    def _raises(self, texts, first, last):
        try:
            self._answer([column[first:last] for column in texts])
        except Exception as error:
            return error
        return None


def _rows_of(piece, text_columns, columns):
    """The rows of a piece as a table; no text is null."""
    pa, tables, names = pyarrow(), [], list(dict.fromkeys((*text_columns, *columns)))
    for path, size, start, stop in piece.stretches:
        if os.path.getsize(path) != size:
            raise ValueError(f"{path} has changed since the run began.")
        with opened(path) as file:
            schema = pa.schema([(name, file.schema_arrow.field(name).type) for name in names])
            rows = list(_batches(file, start, stop, names))
        arrays = {
            name: pa.chunked_array([batch[name] for batch in rows], schema.field(name).type)
            for name in names
        }
        for name in text_columns:
            refuse_null(path, name, arrays[name], start)
        tables.append(pa.table(arrays, schema=schema))
    return pa.concat_tables(tables)


def _batches(file, start, stop, names):
    groups, first, place = [], 0, None
    for number in range(file.metadata.num_row_groups):
        rows = file.metadata.row_group(number).num_rows
        if first < stop and first + rows > start:
            groups.append(number)
            place = first if place is None else place
        first += rows
    for batch in file.iter_batches(BATCH, row_groups=groups, columns=names, use_threads=False):
        low, high = max(start - place, 0), min(stop - place, len(batch))
        if low < high:
            yield batch.slice(low, high - low)
        place += len(batch)
        if place >= stop:
            return


def _appended(table, name, column):
    if name in table.column_names:
        raise ValueError(
            f"The input has a column {name!r}, and so have the answers. Name the columns to keep "
            f"with columns, or what the answers begin with, as prefix='predicted_'."
        )
    return table.append_column(name, column)


def told(path):
    """What a shard says of itself: its plan, rows, texts that were cut; None if it is none."""
    try:
        metadata = parquet().read_metadata(path).metadata or {}
        return json.loads(metadata[TOLD])
    except (OSError, ValueError, KeyError):  # missing or damaged: it is written again
        return None
