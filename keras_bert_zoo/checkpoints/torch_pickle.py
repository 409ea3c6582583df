"""Reads the tensors of a file written by `torch.save`, without torch and without running the file.

A pickle is a program: `restricted_pickle` only takes notes of it, and the notes are checked against
the bytes in the file before a tensor is allocated.

Both formats: https://github.com/pytorch/pytorch/blob/main/torch/serialization.py
"""

import math
import struct
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np

from .restricted_pickle import MAX_PICKLE, Note, unpickle

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_CHUNK = 1 << 20


@dataclass(frozen=True)
class _Span:
    """Where a storage's bytes lie in the file; `checksum` is None where there is none."""

    start: int
    length: int
    checksum: int | None = None


class TorchFile:
    """The tensors of one `.bin` or `.pt` file, each read when asked for.

    Opening reads and checks the notes (`specs`: name -> shape, dtype); the numbers stay in the
    file. A state dict one level down (`{"state_dict": {...}, "epoch": 3}`) is found, and values
    that are no tensors are passed over.

    Raises:
        FileNotFoundError: no such file.
        ValueError: damaged, of another format, or asking for more than tensors.

    Example:

    >>> file = TorchFile("pytorch_model.bin")
    >>> table = file.read("bert.embeddings.word_embeddings.weight")
    """

    inert = None  # a subclass may have a pattern here, see `unpickle`

    def __init__(self, path):
        self.path = Path(path)
        self._checked = set()
        self._file = open(self.path, "rb")  # noqa: SIM115 (closed by `close`)
        try:
            with _named(self.path):
                state, storages, self._spans = _open(self._file, self.inert)
                self._notes = self.find(state)
                _check(self._notes, storages, self._spans, size=self._file.seek(0, 2))
        except BaseException:
            self._file.close()
            raise
        self.specs = {name: (n.shape, n.storage.dtype) for name, n in self._notes.items()}

    def find(self, state):
        """Name -> note, of the outer dict or of the only dict of tensors in it."""
        return _find_tensors(state)

    def read(self, name):
        """A tensor as a fresh array, with the strides it has in torch.

        Raises:
            ValueError: its numbers are damaged (only the zip format can tell).
        """
        note = self._notes[name]
        shape, dtype = self.specs[name]
        with _named(self.path):
            if not note.reach:
                return np.empty(shape, dtype)
            raw = self._bytes(note, dtype.itemsize)
            strides = [stride * dtype.itemsize for stride in note.strides]
            return np.ndarray(shape, dtype, buffer=raw, strides=strides)

    def _bytes(self, note, itemsize):
        """The bytes that a tensor reaches over; the first time, its storage's checksum is held."""
        key, length = note.storage.key, note.reach * itemsize
        span = self._spans[key]
        raw = _read_bytes(self._file, span.start + note.offset * itemsize, length)
        if span.checksum is not None and key not in self._checked:
            whole = length == span.length
            if (zlib.crc32(raw) if whole else _checksum(self._file, span)) != span.checksum:
                raise ValueError(f"the numbers of storage {key!r} are damaged (wrong checksum).")
            self._checked.add(key)
        return raw

    def close(self):
        self._file.close()


@contextmanager
def _named(path):
    """Makes of any failure inside one `ValueError` that names the file.

    Broad on purpose: what a mangled pickle or archive raises is open-ended (IndexError, TypeError,
    struct.error, zipfile.BadZipFile, ...), and all of it means the same.
    """
    try:
        yield
    except Exception as error:
        if type(error) is ValueError:  # ours; UnicodeDecodeError is a ValueError too
            raise ValueError(f"{path}: {error}") from error
        raise ValueError(
            f"{path}: damaged, or not written by torch.save ({type(error).__name__}: {error})."
        ) from error


def _open(file, inert):
    """The state, its storages, and where the bytes of those lie."""
    size = file.seek(0, 2)
    head = bytes(_read_bytes(file, 0, min(4, size)))
    file.seek(0)
    if head != b"PK\3\4" and head[:1] != b"\x80":
        raise ValueError(f"not a file written by torch.save: it starts with {head!r}.")
    read = _read_zip if head[:1] == b"P" else _read_legacy
    return read(file, size, inert)


def _check(notes, storages, spans, size):
    """Holds the notes of tensors and storages against the bytes that there are."""
    for key, storage in storages.items():
        expected = storage.count * storage.dtype.itemsize
        found = spans[key].length if key in spans else "no"
        if found != expected:
            raise ValueError(f"storage {key!r} has {found} bytes; its tensors expect {expected}.")
    for name, note in notes.items():
        # An expanded tensor repeats its numbers: a few bytes must not stand for gigabytes.
        if math.prod(note.shape) * note.storage.dtype.itemsize > size:
            raise ValueError(f"tensor {name!r} of shape {note.shape} is larger than its file.")


def tensors_of(mapping):
    """Those entries of a dict that are tensors: name -> note."""
    return {name: value for name, value in mapping.items() if type(value) is Note}


def _find_tensors(state):
    if type(state) is not dict:
        raise ValueError(f"it holds a {type(state).__name__}, not a dict of tensors.")
    if found := tensors_of(state):
        return found
    inner = {key: tensors_of(value) for key, value in state.items() if type(value) is dict}
    filled = [key for key, found in inner.items() if found]
    if len(filled) > 1:
        raise ValueError(
            f"it holds several dicts of tensors ({', '.join(map(repr, filled))}), and nothing says "
            "which is the model's. Save that one alone."
        )
    if not filled:
        raise ValueError("it holds no tensors.")
    return inner[filled[0]]


# The zip format: <prefix>/data.pkl describes, <prefix>/data/<key> holds the bytes of a storage.


def _read_zip(file, size, inert):
    with zipfile.ZipFile(file) as archive:
        listed = archive.infolist()
    entries = {info.filename: info for info in listed}
    if len(entries) != len(listed):
        raise ValueError("two entries of the archive have one name.")
    pickles = [name for name in entries if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise ValueError(f"torch.save writes one data.pkl; the archive has {len(pickles)}.")
    prefix = pickles[0].removesuffix("data.pkl")
    order = entries.get(f"{prefix}byteorder")
    if order and (found := _read_entry(file, order, size)) != b"little":
        raise ValueError(f"byte order {found[:20]!r} is not supported. Accepted: b'little'.")
    state, storages = unpickle(BytesIO(_read_entry(file, entries[pickles[0]], size)), inert)
    named = {key: entries.get(f"{prefix}data/{key}") for key in storages}
    spans = {key: _zip_span(file, info, size) for key, info in named.items() if info}
    return state, storages, spans


def _zip_span(file, info, size):
    """Where an entry's bytes lie: stored as they are, inside the file, under the expected name."""
    stored = info.compress_type == zipfile.ZIP_STORED and info.compress_size == info.file_size
    if not stored or info.flag_bits & 1:
        raise ValueError(
            f"entry {info.filename!r} is compressed or encrypted. torch.save does neither: "
            "unpack the file, or save it again."
        )
    header = bytes(_read_bytes(file, info.header_offset, 30))
    name_length, extra_length = struct.unpack("<HH", header[26:])
    name = bytes(_read_bytes(file, info.header_offset + 30, name_length))
    encoding = "utf-8" if info.flag_bits & 0x800 else "cp437"
    if header[:4] != b"PK\3\4" or name != info.orig_filename.encode(encoding):
        raise ValueError(f"entry {info.filename!r} is not where the archive's list says.")
    start = info.header_offset + 30 + name_length + extra_length
    if start + info.file_size > size:
        raise ValueError(f"entry {info.filename!r} reaches beyond the end of the file.")
    # torch.serialization.set_crc32_options(False) writes zeros.
    return _Span(start, info.file_size, info.CRC or None)


def _read_entry(file, info, size):
    """All bytes of a small entry, whose checksum is verified."""
    span = _zip_span(file, info, size)
    if span.length > MAX_PICKLE:
        raise ValueError(f"entry {info.filename!r} has {span.length:,} bytes: too many to be true.")
    data = bytes(_read_bytes(file, span.start, span.length))
    if span.checksum is not None and zlib.crc32(data) != span.checksum:
        raise ValueError(f"entry {info.filename!r} is damaged (wrong checksum).")
    return data


# The format before torch 1.6: five pickles (magic number, protocol, system, object, keys of the
# storages), then of each storage the count and the bytes.


def _read_legacy(file, size, inert):
    for what, expected in (("magic number", _MAGIC), ("protocol", _PROTOCOL)):
        found = unpickle(file)[0]
        if type(found) is not int or found != expected:
            raise ValueError(f"not a file written by torch.save: its {what} is not {expected}.")
    system = unpickle(file)[0]
    if type(system) is not dict or system.get("little_endian") is not True:
        raise ValueError("it was not written on a little-endian machine; no other is supported.")
    state, storages = unpickle(file, inert)
    keys = unpickle(file)[0]
    if type(keys) is not list or any(type(key) is not str for key in keys):
        raise ValueError("its list of storages is damaged.")
    spans = {}
    for key in keys:
        if key not in storages or key in spans:
            raise ValueError(f"storage {key!r} is listed twice, or belongs to no tensor.")
        (count,) = struct.unpack("<q", file.read(8))
        if count != storages[key].count:
            raise ValueError(f"storage {key!r} has {count} elements, not {storages[key].count}.")
        spans[key] = _Span(file.tell(), count * storages[key].dtype.itemsize)
        if file.seek(spans[key].length, 1) > size:
            raise ValueError("the file is cut short.")
    return state, storages, spans


def _read_bytes(file, start, length):
    """Bytes as a writable array. Callers have held `length` against the size of the file."""
    raw = np.empty(length, np.uint8)
    file.seek(start)
    if file.readinto(raw) != length:
        raise ValueError("the file is cut short.")
    return raw


def _checksum(file, span):
    total = 0
    for done in range(0, span.length, _CHUNK):
        raw = _read_bytes(file, span.start + done, min(_CHUNK, span.length - done))
        total = zlib.crc32(raw, total)
    return total
