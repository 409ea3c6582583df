"""Reads the tensors of a TensorFlow checkpoint, version 2 (a TensorBundle), without TensorFlow.

`name.index` is a sorted table: the name of each tensor and where it lies. The numbers themselves
are in `name.data-00000-of-00001` and, of a large checkpoint, its further shards. The format:
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/tensor_bundle/tensor_bundle.h
"""

import re
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from .bundle_index import read_index
from .byte_reader import ByteReader
from .crc32c import crc32c, masked
from .leveldb_table import MAX_BYTES
from .report import ConversionError

SUFFIX = ".index"
# Where a SavedModel keeps its checkpoint.
SAVED_MODEL = Path("variables") / f"variables{SUFFIX}"


class TensorBundle:
    """The tensors of one checkpoint, each read and checked when asked for.

    Opening reads the index alone. The numbers are read, not mapped: a file that shrinks while it
    is read is an error then, and not the end of the process.

    Args:
        path: the `.index` file.

    Attributes:
        specs: name -> (shape, dtype) of every tensor but strings; ml_dtypes' for bfloat16.
        strings: names of the string tensors.

    Raises:
        FileNotFoundError: no such file.
        ConversionError: not such an index, damaged, or describing what cannot be.

    Example:

    >>> bundle = TensorBundle("uncased_L-12_H-768_A-12/bert_model.ckpt.index")
    >>> table = bundle.read("bert/embeddings/word_embeddings")
    """

    def __init__(self, path):
        self.path = Path(path)
        with open(self.path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
        with _named(self.path):
            self._shards, self._entries = read_index(data)
        entries = self._entries.items()
        self.specs = {name: (e.shape, e.dtype) for name, e in entries if e.dtype is not None}
        self.strings = tuple(name for name, entry in entries if entry.dtype is None)
        self._files, self._opened = ExitStack(), {}

    def read(self, name):
        """A tensor as a fresh array.

        Raises:
            KeyError: no such tensor.
            ConversionError: its shard is missing or too short, its bytes do not have the checksum
                of the index, or it was written in parts.
        """
        shape, dtype = self.specs[name]
        with _named(self.path, name):
            raw = self._bytes(name)
            _hold(raw, self._entries[name].checksum)
            if dtype.kind == "b" and raw.max(initial=0) > 1:
                raise ValueError(f"a bool of value {raw.max()}; expected 0 or 1")
            return raw.view(dtype).reshape(shape)

    def read_string(self, name, most=None):
        """A string tensor as a list of `bytes`, row after row.

        Args:
            name: of the tensor.
            most: bytes that it may have; as many as the file has if not given.

        Raises:
            KeyError, ConversionError: as of `read`; or it has more bytes than it may have.
        """
        if name not in self.strings:
            raise KeyError(name)
        with _named(self.path, name):
            size = self._entries[name].size
            if most is not None and size > most:
                raise ValueError(f"it has {size} bytes; expected at most {most}")
            raw = self._bytes(name).tobytes()
            return _strings(raw, self._entries[name])

    def check_shards(self):
        """Holds the place of every tensor against the files, and reads none.

        Raises:
            ConversionError: a shard is missing, or a tensor reaches beyond its end.
        """
        for name in self._entries:
            with _named(self.path, name):
                self._place(name)

    def _place(self, name):
        """The open file that holds a tensor. Its bytes are there: this comes before any array."""
        entry = self._entries[name]
        if entry.sliced:
            raise ValueError(
                "it is a partitioned variable, kept in slices, which is not supported. Save the "
                "checkpoint once more without a partitioner"
            )
        if entry.shard not in self._opened:
            name = f"{self.path.stem}.data-{entry.shard:05d}-of-{self._shards:05d}"
            try:
                file = open(self.path.with_name(name), "rb")  # noqa: SIM115 (closed by `close`)
            except FileNotFoundError:
                raise ValueError(
                    f"it is in {name}, which is not in {self.path.parent}: the index says where "
                    "tensors are, the numbers are in that file"
                ) from None
            self._files.callback(file.close)
            self._opened[entry.shard] = file, file.seek(0, 2)
        file, size = self._opened[entry.shard]
        if entry.offset + entry.size > size:
            raise ValueError(
                f"it has {entry.size} bytes from {entry.offset} of {Path(file.name).name}, which "
                f"ends at {size}: the file is cut short, or of another checkpoint"
            )
        return file

    def _bytes(self, name):
        file, entry = self._place(name), self._entries[name]
        raw = np.empty(entry.size, np.uint8)
        file.seek(entry.offset)
        found = file.readinto(raw)
        if found != entry.size:
            raise ValueError(f"its file was cut short: {found} of {entry.size} bytes are left")
        return raw

    def close(self):
        """Closes the files. Arrays already read stay valid."""
        self._files.close()
        self._opened.clear()


def is_bundle(path):
    """Whether a path names a checkpoint: its `.index` file, or what comes before that suffix."""
    return _index_of(path) is not None


def find_bundle(path):
    """The `.index` file of a folder, or of a checkpoint that is named; None if there is none.

    Of several in a folder it is the one that TensorFlow's own file `checkpoint` names; of a
    SavedModel it is that of its variables.

    Raises:
        ConversionError: there are several, and no such file that names one of them.
    """
    if named := _index_of(path):
        return named
    folder = Path(path)
    found = sorted(folder.glob(f"*{SUFFIX}"))
    if not found and (folder / SAVED_MODEL).is_file():
        return folder / SAVED_MODEL
    latest = folder / f"{_latest(folder)}{SUFFIX}"
    if len(found) < 2 or latest in found:
        return latest if latest in found else next(iter(found), None)
    names = sorted(path.name.removesuffix(SUFFIX) for path in found)
    raise ConversionError(
        f"{folder} holds {len(found)} checkpoints: {', '.join(names[:8])}"
        f"{', ...' if len(found) > 8 else ''}. Name one of them by its path, as "
        f"{str(folder / names[-1])!r}."
    )


def _index_of(path):
    path = Path(path)
    if not path.name or path.is_dir():
        return None
    index = path if path.suffix == SUFFIX else path.with_name(f"{path.name}{SUFFIX}")
    return index if index.is_file() else None


def _latest(folder):
    """The name in a folder's `checkpoint` file, without the path that it was written under."""
    try:
        with open(folder / "checkpoint", encoding="utf-8") as file:
            found = re.search(r'^model_checkpoint_path: "(.*)"$', file.read(MAX_BYTES), re.M)
    except (OSError, ValueError):
        return None
    return found and re.split(r"[/\\]", found[1])[-1]


@contextmanager
def _named(path, tensor=None):
    """Makes of a failure inside one `ConversionError` that names the file and the tensor."""
    try:
        yield
    except (ValueError, OSError) as error:
        where = f"{path}: " if tensor is None else f"{path}: tensor {tensor!r}: "
        raise ConversionError(f"{where}{error}.") from error


def _hold(data, checksum):
    found = masked(crc32c(data))
    if found != checksum:
        raise ValueError(
            f"its bytes are damaged: their checksum is {found:#010x}; expected {checksum:#010x}"
        )


def _strings(raw, entry):
    """The lengths as varints, a checksum of them, then the bytes of one string after the other."""
    reader, lengths = ByteReader(raw), []
    for _ in range(int(np.prod(entry.shape, dtype=object))):
        lengths.append(reader.varint())  # fails where the bytes end, whatever the shape says
    # Checked are the lengths as numbers of 4 bytes (of 8, if one needs it), not as written.
    plain = b"".join(n.to_bytes(8 if n >> 32 else 4, "little") for n in lengths)
    checksum = reader.fixed(4)
    _hold(plain, checksum)
    rest = raw[reader.position :]
    _hold(plain + checksum.to_bytes(4, "little") + rest, entry.checksum)
    if sum(lengths) != len(rest):
        raise ValueError(f"its strings have {sum(lengths)} bytes; {len(rest)} are there")
    return [reader.take(length) for length in lengths]
