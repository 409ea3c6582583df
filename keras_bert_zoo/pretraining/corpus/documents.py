"""The documents of a stretch of a file, one at a time."""

import json
from itertools import islice

from ...tokenizers.texts import without_surrogates
from .extras import pyarrow_parquet

LONGEST_LINE = 64 * 10**6  # bytes; memory is bounded by what has to be held at once
LONGEST_DOCUMENT = 4 * 10**6  # bytes; what is longer counts as several
ROWS = 256  # of a parquet file, read at once


def documents(file, start, stop, text_column="text"):
    """The documents of a stretch of a file.

    Args:
        file: `InputFile`.
        start, stop: bytes of its unpacked text, or rows of a parquet file; where documents begin.
        text_column: of .jsonl and .parquet.

    Yields:
        `(place, paragraphs, end)`: where it begins, its paragraphs as a list, and how far the file
        has been read.

    Raises:
        ValueError: what cannot be read, and where it is.
    """
    if file.kind == "parquet":
        yield from _table_documents(file, start, stop, text_column)
        return
    with file.open(start) as stream:
        read = _text_documents if file.kind == "text" else _json_documents
        yield from read(file, stream, start, stop, text_column)


def lines(file, stream, start, stop):
    """`(place, line)` of each line, as bytes.

    Raises:
        ValueError: a line is too long to be held.
    """
    place = start
    while place < stop:
        line = stream.readline(LONGEST_LINE + 1)
        if len(line) > LONGEST_LINE:
            raise ValueError(
                f"{file.path}: the line at byte {place} is longer than {LONGEST_LINE // 10**6} MB. "
                "Expected a paragraph a line (.txt) or a document a line (.jsonl)."
            )
        if not line:
            return
        yield place, line
        place += len(line)


def _text_documents(file, stream, start, stop, _):
    first, paragraphs, size, place = start, [], 0, start
    for place, line in lines(file, stream, start, stop):
        text = _decoded(file, place, line).strip()
        if paragraphs and (not text or size + len(line) > LONGEST_DOCUMENT):
            yield first, paragraphs, place
            paragraphs, size = [], 0
        if text:
            first = first if paragraphs else place
            paragraphs.append(text)
            size += len(line)
    if paragraphs:
        yield first, paragraphs, stop


def _decoded(file, place, line):
    try:
        return line.decode("utf-8-sig" if place == 0 else "utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{file.path}: byte {place + error.start} is not UTF-8. Convert the file, for example "
            "with: iconv -f latin1 -t utf-8."
        ) from error


def _json_documents(file, stream, start, stop, column):
    for place, line in lines(file, stream, start, stop):
        text = _decoded(file, place, line)
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except ValueError as error:
            raise ValueError(
                f"{file.path}: the line at byte {place} is no JSON: {error}."
            ) from None
        if not isinstance(row, dict) or column not in row:
            has = f"has {sorted(row)}" if isinstance(row, dict) else "is no object"
            raise ValueError(
                f"{file.path}: the line at byte {place} {has}; expected {column!r}. Name the "
                "field of the text with text_column."
            )
        yield from _row(file, place, row[column], place + len(line))


def _row(file, place, text, end):
    if not isinstance(text, str):
        raise ValueError(f"{file.path}: the document at {place} is {text!r:.60}, no text.")
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character, which JSON may hold
        text = without_surrogates(text)
    paragraphs = [line.strip() for line in text.splitlines()]
    paragraphs = [line for line in paragraphs if line]
    if paragraphs:
        yield place, paragraphs, end


def _table_documents(file, start, stop, column):
    with pyarrow_parquet().ParquetFile(file.path) as table:
        if column not in table.schema_arrow.names:
            raise ValueError(
                f"{file.path}: columns {table.schema_arrow.names}; expected {column!r}. Name the "
                "column of the text with text_column."
            )
        groups, place = _groups(table, start, stop)
        batches = table.iter_batches(ROWS, row_groups=groups, columns=[column], use_threads=False)
        texts = (text for batch in batches for text in batch.column(0).to_pylist())
        for row, text in enumerate(islice(texts, start - place, stop - place), start):
            yield from _row(file, row, text, row + 1)


def _groups(table, start, stop):
    """Row groups that hold rows from `start` to `stop`, and the first row of the first."""
    groups, first, place = [], start, 0
    for group in range(table.num_row_groups):
        end = place + table.metadata.row_group(group).num_rows
        if place < stop and end > start:
            first = first if groups else place
            groups.append(group)
        place = end
    return groups, first
