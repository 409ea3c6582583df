"""A pickle reader that only takes notes of tensors: nothing that a file names is called.

It may build dicts, lists, tuples, strings and numbers, and call the few functions of `_GLOBALS`,
which touch nothing. Objects of classes that the caller knows by name become a `Holder` of what the
file says of them; the classes are not looked up. Anything else is refused.
"""

import pickle
from dataclasses import dataclass, replace
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
# One byte of pickle can cost a hundred of memory. The notes of 100,000 tensors fit in this many.
MAX_PICKLE = 1 << 25
_MAX_DIMENSIONS = 32
_MAX_NUMBER = 1 << 48


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
class Note:
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
class _Name:
    """A class or function that stays a name."""

    name: str


class Holder:
    """What a pickle says of an object whose class stays a name.

    Attributes:
        name: of the class, `module.name`.
        arguments: tuple of what it was made with.
        attributes: dict of what was set on it.
    """

    __slots__ = ("arguments", "attributes", "name")

    def __init__(self, name, arguments):
        self.name, self.arguments, self.attributes = name, arguments, {}


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
    note = Note(storage, _whole(offset), tuple(map(_whole, shape)), tuple(map(_whole, strides)))
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
        self._file, self._left = file, MAX_PICKLE

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

    def __init__(self, file, inert):
        super().__init__(_Source(file), encoding="utf-8")  # as torch reads Python 2's strings
        self.storages, self._inert = {}, inert

    def find_class(self, module, name):
        wanted = f"{module}.{name}"
        if self._inert and wanted not in _GLOBALS and self._inert.fullmatch(wanted):
            return _Name(wanted)
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
        if type(self.stack[-1]) is _Name:
            self.stack[-1] = Holder(self.stack[-1].name, arguments)
            return
        if type(self.stack[-1]) is not FunctionType:  # none but those of _GLOBALS get here
            raise ValueError("its pickle calls what is no function.")
        self.stack[-1] = self.stack[-1](*arguments)

    def load_newobj(self):
        arguments = self.stack.pop()
        if type(self.stack[-1]) is not _Name or type(arguments) is not tuple:
            raise ValueError("its pickle makes an object of what is no known class.")
        self.stack[-1] = Holder(self.stack[-1].name, arguments)

    def load_build(self):
        """Attributes of a `Holder` are kept; others, as a state dict's _metadata, are dropped."""
        state = self.stack.pop()
        if type(self.stack[-1]) is Holder and type(state) is dict:
            self.stack[-1].attributes = state

    def _extend(self, items):
        if type(self.stack[-1]) is not list:
            raise ValueError("its pickle appends to what is no list.")
        self.stack[-1].extend(items)

    def _set(self, items):
        """Only strings name tensors. Other keys are dropped: hashing one can take forever."""
        if type(self.stack[-1]) is Holder:
            return
        if type(self.stack[-1]) is not dict:
            raise ValueError("its pickle sets an item of what is no dict.")
        pairs = zip(items[::2], items[1::2])
        self.stack[-1].update((key, value) for key, value in pairs if type(key) is str)

    dispatch = _Instructions(
        REDUCE=load_reduce,
        NEWOBJ=load_newobj,
        BUILD=load_build,
        APPEND=lambda self: self._extend([self.stack.pop()]),
        APPENDS=lambda self: self._extend(self.pop_mark()),
        SETITEM=lambda self: self._set([self.stack.pop(-2), self.stack.pop()]),
        SETITEMS=lambda self: self._set(self.pop_mark()),
    )


def unpickle(file, inert=None):
    """The next object of a file, and the storages that it mentions.

    Args:
        file: a binary file.
        inert: compiled pattern of the whole names (`module.name`) of classes and functions that
            stay names; what is made of them is a `Holder`.
    """
    unpickler = _Unpickler(file, inert)
    return unpickler.load(), unpickler.storages
