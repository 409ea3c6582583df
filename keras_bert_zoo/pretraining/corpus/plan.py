"""Which stretch of which file goes into which shard, with every cut between two documents."""

import dataclasses
import hashlib
import os
from itertools import pairwise

from .documents import LONGEST_DOCUMENT, lines
from .extras import pyarrow_parquet

BLOCK = 2**20  # bytes that are unpacked at once, to count them
HEAD = 4096  # bytes at the beginning of a stretch that tell whether a file is still the same


@dataclasses.dataclass(frozen=True)
class Stretch:
    """A part of a file.

    Args:
        file: number of the file.
        start, stop: bytes of its unpacked text, or rows of a parquet file.
        head: digest of its first bytes.
    """

    file: int
    start: int
    stop: int
    head: str


def sizes(files, text_column):
    """`(size, bytes)` of each file: bytes of unpacked text or rows of a table; and bytes of text.

    Raises:
        ValueError: a table without the column.
    """
    return [_table_size(file, text_column) if file.kind == "parquet" else _text_size(file)
            for file in files]  # fmt: skip


def _text_size(file):
    if not file.packer:
        size = os.path.getsize(file.path)
        return size, size
    size = 0
    with file.open() as stream:
        while block := stream.read(BLOCK):
            size += len(block)
    return size, size


def _table_size(file, column):
    with pyarrow_parquet().ParquetFile(file.path) as table:
        names = [table.schema.column(i).path for i in range(len(table.schema.names))]
        if column not in names:
            raise ValueError(
                f"{file.path}: columns {table.schema_arrow.names}; expected {column!r}. Name the "
                "column of the text with text_column."
            )
        groups = (table.metadata.row_group(i) for i in range(table.num_row_groups))
        place = names.index(column)
        return table.metadata.num_rows, sum(
            group.column(place).total_uncompressed_size for group in groups
        )


def plan(files, file_sizes, shard_size):
    """The stretches of each shard, by order of the input.

    A shard has `shard_size` bytes of text, about: all have about the same.

    Args:
        files: list of `InputFile`.
        file_sizes: `sizes` of them.
        shard_size: bytes.

    Returns:
        A list of shards, each a list of `Stretch`.

    Raises:
        ValueError: no file has any text.
    """
    total = sum(weight for _, weight in file_sizes)
    if not total:
        raise ValueError(f"There is no text in {', '.join(file.path for file in files[:3])} ...")
    count = max(1, round(total / shard_size))
    shards, before = [[] for _ in range(count)], 0
    for number, (file, (size, weight)) in enumerate(zip(files, file_sizes)):
        if not size:
            continue
        first, last = before * count // total, min((before + weight) * count // total, count - 1)
        wanted = [(total * shard / count - before) / weight for shard in range(first + 1, last + 1)]
        cuts = [0, *_cuts(file, [int(size * share) for share in wanted], size), size]
        for shard, (start, stop) in enumerate(pairwise(cuts), first):
            if start < stop:
                shards[shard].append(Stretch(number, start, stop, head(file, start, stop)))
        before += weight
    return [stretches for stretches in shards if stretches]


def head(file, start, stop):
    """A digest of the first bytes of a stretch, or of where a table's rows are."""
    if file.kind == "parquet":
        with pyarrow_parquet().ParquetFile(file.path) as table:
            told = f"{table.metadata.num_rows} {table.metadata.serialized_size} {start} {stop}"
        return hashlib.sha256(told.encode()).hexdigest()[:16]
    with file.open(start) as stream:
        return hashlib.sha256(stream.read(min(HEAD, stop - start))).hexdigest()[:16]


def _cuts(file, wanted, size):
    """Where to cut instead of at the places `wanted`: at the next beginning of a document."""
    if file.kind == "parquet" or not wanted:
        return wanted
    found = []
    with file.open() as stream:
        for place in wanted:
            place = max(place, found[-1] if found else 0)
            stream.seek(max(place - 1, 0))
            found.append(_document_after(file, stream, max(place - 1, 0), size))
    return found


def _document_after(file, stream, place, size):
    """The first beginning of a document after the line that is at `place`."""
    rows = lines(file, stream, place, size)
    line = next(rows, (place, b""))[1]  # the rest of a line, or the break before one
    start = paragraph = place + len(line)
    if file.kind == "jsonl":
        return start
    blank = False
    for start, line in rows:
        if not line.strip():
            blank = True
        elif blank:
            return start
        elif start - paragraph > LONGEST_DOCUMENT:
            return start  # as a document that is too long is cut between paragraphs
    return size
