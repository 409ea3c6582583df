"""Reads the tensors of a file written by `torch.save`, without torch and without running the file.

A pickle is a program. Here it may build dicts, lists, tuples, strings and numbers, and call the
few functions of `_GLOBALS`, which take notes and touch nothing. Anything else is refused, and the
notes are checked against the bytes in the file before a tensor is allocated.

Both formats: https://github.com/pytorch/pytorch/blob/main/torch/serialization.py
"""

import math
import pickle
import struct
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from types import FunctionType

import ml_dtypes
import numpy as np

_PLAIN = "float64 float32 float16 int64 int32 int16 int8 uint64 uint32 uint16 uint8 bool"
_DTYPES = {name: np.dtype(name).newbyteorder("<") for name in _PLAIN.split()}
_DTYPES["bfloat16"] = np.dtype(ml_dtypes.bfloat16)
_STORAGES = {
    "torch.DoubleStorage": "float64",
    "torch.FloatStorage": "float32",
    "torch.HalfStorage": "float16",
    "torch.BFloat16Storage": "bfloat16",
    "torch.LongStorage": "int64",
    "torch.IntStorage": "int32",
    "torch.ShortStorage": "int16",
    "torch.CharStorage": "int8",
    "torch.ByteStorage": "uint8",
    "torch.BoolStorage": "bool",
    # Bytes whose dtype each tensor states: torch's way for dtypes younger than the classes above.
    "torch.UntypedStorage": "uint8",
    "torch.storage.UntypedStorage": "uint8",
}
_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
# One byte of pickle can cost a hundred of memory. The notes of 100,000 tensors fit in this many.
_MAX_PICKLE = 1 << 25
_MAX_DIMENSIONS = 32
_MAX_NUMBER = 1 << 48
_CHUNK = 1 << 20


@dataclass(frozen=True)
class _StorageType:
    dtype: np.dtype


@dataclass(frozen=True)
class _Storage:
    """`count` elements, which the file calls `key`."""

    key: str
    dtype: np.dtype
    count: int


@dataclass(frozen=True)
class _Note:
    """A tensor as the pickle describes it; offset and strides count elements."""

    storage: _Storage
    offset: int
    shape: tuple
    strides: tuple

    @property
    def reach(self):
        """Elements from the first to the last one that the tensor looks at."""
        steps = ((size - 1) * stride for size, stride in zip(self.shape, self.strides))
        return 0 if 0 in self.shape else 1 + sum(steps)


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

    def __init__(self, path):
        self.path = Path(path)
        self._checked = set()
        self._file = open(self.path, "rb")  # noqa: SIM115 (closed by `close`)
        try:
            with _named(self.path):
                self._notes, self._spans = _open(self._file)
        except BaseException:
            self._file.close()
            raise
        self.specs = {name: (n.shape, n.storage.dtype) for name, n in self._notes.items()}

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


def _open(file):
    """The notes of the tensors and the spans of their storages, checked against each other."""
    size = file.seek(0, 2)
    head = bytes(_read_bytes(file, 0, min(4, size)))
    file.seek(0)
    if head != b"PK\3\4" and head[:1] != b"\x80":
        raise ValueError(f"not a file written by torch.save: it starts with {head!r}.")
    read = _read_zip if head[:1] == b"P" else _read_legacy
    state, storages, spans = read(file, size)
    for key, storage in storages.items():
        expected = storage.count * storage.dtype.itemsize
        found = spans[key].length if key in spans else "no"
        if found != expected:
            raise ValueError(f"storage {key!r} has {found} bytes; its tensors expect {expected}.")
    notes = _find_tensors(state)
    for name, note in notes.items():
        # An expanded tensor repeats its numbers: a few bytes must not stand for gigabytes.
        if math.prod(note.shape) * note.storage.dtype.itemsize > size:
            raise ValueError(f"tensor {name!r} of shape {note.shape} is larger than its file.")
    return notes, spans


def _find_tensors(state):
    """Name -> note, of the outer dict or of the only dict of tensors in it."""

    def tensors_of(mapping):
        return {name: value for name, value in mapping.items() if type(value) is _Note}

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


def _read_zip(file, size):
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
    state, storages = _unpickle(BytesIO(_read_entry(file, entries[pickles[0]], size)))
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
    if span.length > _MAX_PICKLE:
        raise ValueError(f"entry {info.filename!r} has {span.length:,} bytes: too many to be true.")
    data = bytes(_read_bytes(file, span.start, span.length))
    if span.checksum is not None and zlib.crc32(data) != span.checksum:
        raise ValueError(f"entry {info.filename!r} is damaged (wrong checksum).")
    return data


# The format before torch 1.6: five pickles (magic number, protocol, system, object, keys of the
# storages), then of each storage the count and the bytes.


def _read_legacy(file, size):
    for what, expected in (("magic number", _MAGIC), ("protocol", _PROTOCOL)):
        found = _unpickle(file)[0]
        if type(found) is not int or found != expected:
            raise ValueError(f"not a file written by torch.save: its {what} is not {expected}.")
    system = _unpickle(file)[0]
    if type(system) is not dict or system.get("little_endian") is not True:
        raise ValueError("it was not written on a little-endian machine; no other is supported.")
    state, storages = _unpickle(file)
    keys = _unpickle(file)[0]
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


# What a pickle may call. Nothing here allocates; arguments are looked at before they are used.


def _whole(value):
    if type(value) is not int or not 0 <= value < _MAX_NUMBER:
        raise ValueError("a size, stride or offset is no whole number from 0 to 2**48.")
    return value


def _rebuild_tensor(storage, offset, shape, strides):
    if type(storage) is not _Storage or type(shape) is not tuple or type(strides) is not tuple:
        raise ValueError("a tensor is not described by a storage, an offset, a shape and strides.")
    if len(shape) != len(strides) or len(shape) > _MAX_DIMENSIONS:
        raise ValueError(f"a tensor has {len(shape)} dimensions and {len(strides)} strides.")
    note = _Note(storage, _whole(offset), tuple(map(_whole, shape)), tuple(map(_whole, strides)))
    if note.reach and offset + note.reach > storage.count:
        raise ValueError(
            f"a tensor of shape {shape}, strides {strides} and offset {offset} reaches beyond the "
            f"{storage.count} elements of its storage."
        )
    return note


def _rebuild_tensor_v2(storage, offset, shape, strides, _grad, _hooks, metadata=None):
    if metadata:
        raise ValueError("a tensor with a pending conjugation or negation is not supported.")
    return _rebuild_tensor(storage, offset, shape, strides)


def _rebuild_tensor_v3(storage, offset, shape, strides, _grad, _hooks, dtype, metadata=None):
    if type(storage) is not _Storage or not isinstance(dtype, np.dtype):
        raise ValueError("a tensor is not described by a storage and a dtype.")
    count = storage.count * storage.dtype.itemsize // dtype.itemsize
    storage = replace(storage, dtype=dtype, count=count)
    return _rebuild_tensor_v2(storage, offset, shape, strides, _grad, _hooks, metadata)


def _rebuild_parameter(data, _grad, _hooks):
    return data


def _ordered_dict(pairs=None):
    """Python 2 hands over a list of pairs; it is emptied, so that none is copied twice."""
    if pairs is None:
        return {}
    if type(pairs) is not list:
        raise ValueError("an OrderedDict is not made from a list of pairs.")
    given, pairs[:] = list(pairs), []
    return {name: value for name, value in given if type(name) is str}


def _size(sizes=()):
    if type(sizes) not in (list, tuple) or len(sizes) > _MAX_DIMENSIONS:
        raise ValueError("a torch.Size is not made from a few sizes.")
    return tuple(sizes)


_GLOBALS = {
    "collections.OrderedDict": _ordered_dict,
    "torch.Size": _size,
    "torch._utils._rebuild_tensor": _rebuild_tensor,
    "torch._utils._rebuild_tensor_v2": _rebuild_tensor_v2,
    "torch._utils._rebuild_tensor_v3": _rebuild_tensor_v3,
    "torch._utils._rebuild_parameter": _rebuild_parameter,
    **{name: _StorageType(_DTYPES[dtype]) for name, dtype in _STORAGES.items()},
    **{f"torch.{name}": dtype for name, dtype in _DTYPES.items()},
}


class _Source:
    """A binary file that never hands over less than asked, nor more than a pickle needs."""

    def __init__(self, file):
        self._file, self._left = file, _MAX_PICKLE

    def read(self, length):
        data = self._file.read(length) if length <= self._left else b""
        return self._spend(data, len(data) == length)

    def readline(self):
        line = self._file.readline(1024)
        return self._spend(line, line.endswith(b"\n"))

    def _spend(self, data, complete):
        self._left -= len(data)
        if not complete:
            raise ValueError("the file is cut short, or damaged.")
        return data


class _Instructions(dict):
    """What a byte of a pickle does; the names are those of the pickle module."""

    PLAIN = """
        PROTO FRAME STOP MARK POP NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 LONG4 BINFLOAT
        BINSTRING SHORT_BINSTRING BINUNICODE SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES
        EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_LIST EMPTY_DICT GLOBAL STACK_GLOBAL BINPERSID
        BINGET LONG_BINGET BINPUT LONG_BINPUT MEMOIZE
    """

    def __init__(self, **ours):
        plain = [getattr(pickle, name)[0] for name in self.PLAIN.split()]
        super().__init__({code: pickle._Unpickler.dispatch[code] for code in plain})
        self.update((getattr(pickle, name)[0], method) for name, method in ours.items())

    def __missing__(self, code):
        raise ValueError(f"its pickle uses the instruction {bytes([code])!r}, as torch never does.")


class _Unpickler(pickle._Unpickler):
    """The standard library's machine, with fewer instructions and little to call.

    The one written in Python: in the one written in C, 17 bytes can claim gigabytes (an index into
    the memo), and a key of a million nested tuples overflows the stack of the process.
    """

    def __init__(self, file):
        super().__init__(_Source(file), encoding="utf-8")  # as torch reads Python 2's strings
        self.storages = {}

    def find_class(self, module, name):
        wanted = f"{module}.{name}"
        if wanted not in _GLOBALS:
            raise ValueError(
                f"its pickle asks for {wanted[:100]!r}, which may run code: refused. Accepted: "
                f"dicts of plain tensors ({', '.join(_DTYPES)}). If you trust the author, open the "
                "file with torch and save its tensors as safetensors."
            )
        return _GLOBALS[wanted]

    def persistent_load(self, pid):
        if type(pid) is not tuple or len(pid) not in (5, 6):
            raise ValueError("a storage is not described by five or six values.")
        word, kind, key, _device, count, *view = pid
        if word != "storage" or type(kind) is not _StorageType or type(key) is not str:
            raise ValueError("a storage is not described by a type and a key.")
        if view and view[0] is not None:
            raise ValueError(
                "a part of a storage, as old versions of torch wrote, is not supported."
            )
        storage = _Storage(key, kind.dtype, _whole(count))
        if self.storages.setdefault(key, storage) != storage:
            raise ValueError(f"storage {key!r} is described in two ways.")
        return storage

    def load_reduce(self):
        arguments = self.stack.pop()
        if type(arguments) is not tuple or len(arguments) > 8:
            raise ValueError("its pickle calls with something that is no short list of arguments.")
        if type(self.stack[-1]) is not FunctionType:  # none but those of _GLOBALS get here
            raise ValueError("its pickle calls what is no function.")
        self.stack[-1] = self.stack[-1](*arguments)

    def _extend(self, items):
        if type(self.stack[-1]) is not list:
            raise ValueError("its pickle appends to what is no list.")
        self.stack[-1].extend(items)

    def _set(self, items):
        """Only strings name tensors. Other keys are dropped: hashing one can take forever."""
        if type(self.stack[-1]) is not dict:
            raise ValueError("its pickle sets an item of what is no dict.")
        pairs = zip(items[::2], items[1::2])
        self.stack[-1].update((key, value) for key, value in pairs if type(key) is str)

    dispatch = _Instructions(
        REDUCE=load_reduce,
        BUILD=lambda self: self.stack.pop(),  # attributes, as a state dict's _metadata, are dropped
        APPEND=lambda self: self._extend([self.stack.pop()]),
        APPENDS=lambda self: self._extend(self.pop_mark()),
        SETITEM=lambda self: self._set([self.stack.pop(-2), self.stack.pop()]),
        SETITEMS=lambda self: self._set(self.pop_mark()),
    )


def _unpickle(file):
    """The next object of a file, and the storages that it mentions."""
    unpickler = _Unpickler(file)
    return unpickler.load(), unpickler.storages
