"""Reads the arrays of an HDF5 file as Keras writes it, and trusts no number in it.

Of the format this is the part that h5py writes unless told otherwise: groups with symbol tables,
and arrays of floating-point numbers in one piece, neither packed nor outside of the file. All else
is refused by name. Why not with h5py: docs/decisions/0010.

Source: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, version 3.0 of the
format, sections II.A (superblock 0 and 1), III.A.1 (trees), III.B (symbol tables), III.D (heaps)
and IV.A (object headers 1).
"""

import math
import os
import struct

import numpy as np

SIGNATURE = b"\x89HDF\r\n\x1a\n"
NOTHING = 2**64 - 1  # an address that is not set
DEEPEST = 32  # groups within groups
LONGEST = 1024  # bytes of a name
# (size, bits, place and size of the exponent, place and size of the fraction, bias) -> dtype
FLOATS = {
    (2, 16, 10, 5, 0, 10, 15): np.dtype("<f2"),
    (4, 32, 23, 8, 0, 23, 127): np.dtype("<f4"),
    (8, 64, 52, 11, 0, 52, 1023): np.dtype("<f8"),
}
SPACE, TYPE, EXTERNAL, LAYOUT, FILTERS, MORE, TABLE = 0x01, 0x03, 0x07, 0x08, 0x0B, 0x10, 0x11


class Hdf5File:
    """The arrays of one file: `path`, `specs` (place -> shape, dtype), `read`, `close`.

    Args:
        path: the file.
        skip: groups and arrays of these names are passed over.

    Raises:
        ValueError: no such file, a damaged one, or one with a part that is not read.

    Example:

    >>> file = Hdf5File("model.weights.h5")
    >>> file.read("layers/dense/vars/0").shape
    (128, 128)
    """

    def __init__(self, path, skip=()):
        self.path, self._skip = path, skip
        self.specs, self._starts = {}, {}
        self._seen, self._held, self._looked_at = set(), 0, 0
        self._file = open(path, "rb")  # noqa: SIM115
        try:
            self._size = os.fstat(self._file.fileno()).st_size
            self._group(self._root(), "", 0)
        except struct.error as error:
            self.close()
            raise self._bad(f"it is cut off: {error}") from error
        except ValueError:
            self.close()
            raise

    def read(self, place):
        """The array at a place."""
        shape, dtype = self.specs[place]
        count = math.prod(shape)
        self._file.seek(self._starts[place])
        data = bytearray(count * dtype.itemsize)
        if self._file.readinto(data) < len(data):
            raise self._bad(f"it ends within {place!r}")
        return np.frombuffer(data, dtype).reshape(shape)

    def close(self):
        self._file.close()

    def _bad(self, what):
        return ValueError(f"{self.path}: not a sound file of weights: {what}.")

    def _bytes(self, address, size):
        if not 0 <= address <= address + size <= self._size:
            raise self._bad(f"it points to {size} bytes at {address}, and has {self._size}")
        self._looked_at += size
        if self._looked_at > 4 * self._size + 2**16:
            raise self._bad("its parts overlap")
        self._file.seek(address)
        return self._file.read(size)

    def _unpack(self, form, address):
        return struct.unpack(form, self._bytes(address, struct.calcsize(form)))

    def _once(self, address):
        """No part is read twice: the work is bounded by the size of the file."""
        if address in self._seen:
            raise self._bad(f"the part at {address} is in two places")
        self._seen.add(address)

    def _root(self):
        """Address of the first group's header."""
        if self._size < 96 or self._bytes(0, 8) != SIGNATURE:
            raise self._bad("it is not HDF5, or cut off")
        version, offsets, lengths = self._bytes(8, 1)[0], *self._bytes(13, 2)
        if version > 1 or (offsets, lengths) != (8, 8):
            raise self._bad(
                f"superblock {version} is not read; h5py writes 0 unless told otherwise"
            )
        base, _, end, _ = self._unpack("<4Q", 24 + 4 * version)
        if base != 0 or end != self._size:
            raise self._bad(f"it should have {end} bytes, and has {self._size}")
        return self._unpack("<Q", 64 + 4 * version)[0]

    def _messages(self, address):
        """`(kind, address of the content, size)` of what an object's header holds."""
        self._once(address)
        version, _, count, _, size = self._unpack("<BBHII", address)
        if version != 1:
            raise self._bad(f"the object at {address} is of a kind that is not read")
        parts, found = [(address + 16, size)], []
        while parts and len(found) < count:
            start, size = parts.pop(0)
            end = start + size
            self._bytes(start, size)
            while start + 8 <= end and len(found) < count:
                kind, length, flags = self._unpack("<HHB", start)
                if start + 8 + length > end:
                    raise self._bad(f"the header at {address} is longer than it says")
                if flags & 2 and kind in (SPACE, TYPE, LAYOUT):
                    raise self._bad(f"the object at {address} shares its parts with another")
                found.append((kind, start + 8, length))
                if kind == MORE:
                    more = self._unpack("<QQ", start + 8)
                    self._once(more[0])
                    parts.append(more)
                start += 8 + length
        return found

    def _group(self, address, place, depth):
        if depth > DEEPEST:
            raise self._bad(f"groups are nested too deeply at {place!r}")
        messages = {kind: (start, size) for kind, start, size in self._messages(address)}
        if TABLE in messages:
            tree, heap = self._unpack("<QQ", messages[TABLE][0])
            self._once(heap)
            signature, _, names_size, _, names = self._unpack("<4s4sQQQ", heap)
            if signature != b"HEAP":
                raise self._bad(f"no names at {heap}")
            names = self._bytes(names, names_size)
            for name, child in self._children(tree, names):
                if name not in self._skip:
                    self._group(child, f"{place}/{name}" if place else name, depth + 1)
        elif LAYOUT in messages:
            self._array(messages, place)
        else:
            raise self._bad(f"{place!r} is neither an array nor a group that is read")

    def _children(self, address, names, level=None):
        self._once(address)
        signature, kind, high, count = self._unpack("<4sBBH", address)
        if signature != b"TREE" or kind != 0 or (level is not None and high != level):
            raise self._bad(f"no tree of names at {address}")
        for number in range(count):
            (child,) = self._unpack("<Q", address + 32 + 16 * number)
            if high:
                yield from self._children(child, names, high - 1)
            else:
                yield from self._symbols(child, names)

    def _symbols(self, address, names):
        self._once(address)
        signature, _, count = self._unpack("<4sHH", address)
        if signature != b"SNOD":
            raise self._bad(f"no names at {address}")
        for number in range(count):
            offset, header, cached = self._unpack("<QQI", address + 8 + 40 * number)
            name, end, _ = names[offset : offset + LONGEST].partition(b"\0")
            try:
                name = name.decode()
            except UnicodeDecodeError:
                name = ""
            if not (name and end) or "/" in name or name == ".":
                raise self._bad(f"a part at {header} has no name")
            if cached == 2 or header == NOTHING:
                raise self._bad(f"{name!r} is a link to another place")
            yield name, header

    def _array(self, messages, place):
        if EXTERNAL in messages or FILTERS in messages:
            raise self._bad(f"{place!r} is packed, or outside of the file")
        if SPACE not in messages or TYPE not in messages:
            raise self._bad(f"{place!r} has no shape or no type")
        dtype, shape = self._type(messages[TYPE][0], place), self._shape(messages[SPACE][0], place)
        version, layout = self._unpack("<BB", messages[LAYOUT][0])
        if version != 3 or layout != 1:
            raise self._bad(f"{place!r} is not in one piece")
        start, size = self._unpack("<QQ", messages[LAYOUT][0] + 2)
        if size != math.prod(shape) * dtype.itemsize or (size and start == NOTHING):
            raise self._bad(f"{place!r} of shape {shape} is not held in full")
        if size:
            self._once(start)
            self._held += size
            if max(start + size, self._held) > self._size:
                raise self._bad(f"it does not hold all of {place!r}")
        self.specs[place], self._starts[place] = (shape, dtype), 0 if not size else start

    def _type(self, address, place):
        kind, order, _, _, size = self._unpack("<BBBBI", address)
        numbers = ()
        if kind & 15 == 1 and not order & 1:
            first, bits, *places, bias = self._unpack("<HHBBBBI", address + 8)
            numbers = (size, bits, *places, bias) if first == 0 else ()
        if numbers not in FLOATS:
            raise self._bad(f"{place!r} has a dtype that is not float16, float32 or float64")
        return FLOATS[numbers]

    def _shape(self, address, place):
        version, rank, _, kind = self._unpack("<4B", address)
        if version not in (1, 2) or rank > 8 or (version == 2 and kind == 2):
            raise self._bad(f"{place!r} has a shape that is not read")
        return self._unpack(f"<{rank}Q", address + (8 if version == 1 else 4))
