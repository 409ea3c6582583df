"""Examples as rows of a Parquet file, written whole or not at all."""

import hashlib
import json
import os

import numpy as np

from .extras import pyarrow, pyarrow_parquet
from .packers import Packed

TOKENS_AT_ONCE = 2**17  # of a row group: what is unpacked to read one example
TOLD = "keras_bert_zoo"  # under which a file says what it is
COLUMNS = ("token_ids", "starts_word", "lengths", "document")


def rows_per_group(length):
    """Rows of a row group, from the most tokens of a row."""
    return max(1, TOKENS_AT_ONCE // length)


def schema():
    """The columns of a shard."""
    pa = pyarrow()
    return pa.schema(
        [
            pa.field("token_ids", pa.list_(pa.int32()), nullable=False),
            pa.field("starts_word", pa.list_(pa.bool_()), nullable=False),
            pa.field("lengths", pa.list_(pa.int32()), nullable=False),
            pa.field("document", pa.int64(), nullable=False),
        ]
    )


class Writer:
    """Writes `Packed` examples under another name; `close` gives the file its own.

    Args:
        path: of the file.
        length: most tokens of a row.
    """

    def __init__(self, path, length):
        self._path, self._rows = path, rows_per_group(length)
        self._temporary = f"{path}.{os.getpid()}.tmp"
        self._waiting, self._count, self.rows, self.tokens = [], 0, 0, 0
        self._file = pyarrow_parquet().ParquetWriter(
            self._temporary,
            schema(),
            compression="zstd",
            use_dictionary=False,
            # The bytes of all numbers' lowest places, then of the next: what zstd packs well.
            column_encoding={"token_ids.list.element": "BYTE_STREAM_SPLIT"},
            write_statistics=False,
        )

    def write(self, packed):
        """Adds examples; those that fill no row group wait."""
        if not len(packed.documents):
            return
        self._waiting.append(packed)
        self._count += len(packed.documents)
        if self._count >= self._rows:
            self._write(self._count - self._count % self._rows)

    def _write(self, count):
        rows = joined(self._waiting)
        self._file.write_table(table(first(rows, count)), row_group_size=self._rows)
        self.rows += count
        self.tokens += int(rows.lengths[:count].sum())
        rest = after(rows, count)
        self._waiting, self._count = [rest], len(rest.documents)

    def close(self, more):
        """Writes what waits, and gives the file its name.

        Args:
            more: dictionary for JSON that the file is to say of itself, beside rows and tokens.

        Returns:
            `told` of the file.
        """
        if self._count:
            self._write(self._count)
        said = {"rows": self.rows, "tokens": self.tokens, **more}
        self._file.add_key_value_metadata({TOLD: json.dumps(said)})
        self._file.close()
        found = {**said, **digest(self._temporary)}
        with open(self._temporary, "rb+") as stream:
            os.fsync(stream.fileno())  # a name for what is not on the disk yet would be a lie
        os.replace(self._temporary, self._path)
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()
        if os.path.exists(self._temporary):
            os.unlink(self._temporary)


def joined(several):
    """Several `Packed` as one."""
    if len(several) == 1:
        return several[0]
    fields = ("ids", "starts_word", "lengths", "documents")
    return Packed(*(np.concatenate([getattr(one, name) for one in several]) for name in fields))


def first(rows, count):
    """The first examples."""
    tokens = int(rows.lengths[:count].sum())
    parts = rows.ids[:tokens], rows.starts_word[:tokens]
    return Packed(*parts, rows.lengths[:count], rows.documents[:count])


def after(rows, count):
    """All but the first examples."""
    tokens = int(rows.lengths[:count].sum())
    parts = rows.ids[tokens:], rows.starts_word[tokens:]
    return Packed(*parts, rows.lengths[count:], rows.documents[count:])


def table(rows):
    """`Packed` examples as a table of Arrow."""
    pa = pyarrow()
    count, parts = rows.lengths.shape
    places = np.concatenate([[0], np.cumsum(rows.lengths.sum(axis=1))]).astype("int32")
    lengths = pa.array(rows.lengths.reshape(-1))
    columns = [
        pa.ListArray.from_arrays(pa.array(places), pa.array(rows.ids)),
        pa.ListArray.from_arrays(pa.array(places), pa.array(rows.starts_word)),
        pa.ListArray.from_arrays(pa.array(np.arange(count + 1, dtype="int32") * parts), lengths),
        pa.array(rows.documents),
    ]
    return pa.Table.from_arrays(columns, schema=schema())


def told(path):
    """What a shard says of itself: rows, tokens, documents, sentences, left_out, plan; and its size
    in bytes and SHA-256.

    Raises:
        ValueError: it is no shard, or a damaged one.
    """
    pa, parquet = pyarrow(), pyarrow_parquet()
    try:
        metadata = parquet.read_metadata(path).metadata or {}
        said = json.loads(metadata[TOLD.encode()])
    except (pa.ArrowInvalid, KeyError, ValueError) as error:
        raise ValueError(f"{path} is no shard of a corpus, or a damaged one: {error}.") from error
    return {**said, **digest(path)}


def digest(path):
    """The size of a file and its SHA-256, as a dictionary."""
    with open(path, "rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"bytes": os.path.getsize(path), "sha256": sha256}


def read_group(file, group):
    """The examples of a row group, as `Packed`.

    Args:
        file: `pyarrow.parquet.ParquetFile`.
        group: its number.
    """
    rows = file.read_row_group(group, columns=list(COLUMNS), use_threads=False).combine_chunks()
    ids, starts_word, lengths, documents = (rows[name].chunk(0) for name in COLUMNS)
    return Packed(
        ids.flatten().to_numpy(),
        starts_word.flatten().to_numpy(zero_copy_only=False),
        lengths.flatten().to_numpy().reshape(len(rows), -1),
        documents.to_numpy(),
    )
