"""What the index of a TensorFlow checkpoint says: of which kind each tensor is, and where it lies.

The messages: https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/tensor_bundle.proto
"""

import dataclasses
import math

import ml_dtypes
import numpy as np

from ..protobuf import Message
from .leveldb_table import read_table

# Numbers of tensorflow/core/framework/types.proto.
STRING = 7
DTYPES = {
    1: np.dtype("float32"),
    2: np.dtype("float64"),
    3: np.dtype("int32"),
    4: np.dtype("uint8"),
    5: np.dtype("int16"),
    6: np.dtype("int8"),
    9: np.dtype("int64"),
    10: np.dtype("bool"),
    14: np.dtype(ml_dtypes.bfloat16),
    17: np.dtype("uint16"),
    19: np.dtype("float16"),
    22: np.dtype("uint32"),
    23: np.dtype("uint64"),
}
# The release of the format that readers must know; TensorFlow has been at this one since 2016.
_VERSION = 1
_MAX_DIMENSIONS = 32
_MAX_SHARDS = 100_000  # a file's name has five digits for it


@dataclasses.dataclass(frozen=True)
class Entry:
    """One tensor.

    Args:
        dtype: numpy dtype; None for strings.
        shape: tuple of sizes.
        shard: number of the file that holds its bytes.
        offset: of its first byte there.
        size: how many bytes.
        checksum: masked CRC-32C of them.
        sliced: whether it was written in parts, under names of their own.
    """

    dtype: np.dtype | None
    shape: tuple
    shard: int
    offset: int
    size: int
    checksum: int
    sliced: bool


def read_index(data):
    """`(number of shards, {name: Entry})` from the bytes of an `.index` file.

    Raises:
        ValueError: damaged, or it describes what cannot be.
    """
    table = read_table(data)
    if b"" not in table:
        raise ValueError("it has no header: not the index of a TensorFlow checkpoint")
    shards = _header(table.pop(b""))
    entries = {}
    for key, value in table.items():
        if key.startswith(b"\0"):  # a part of a tensor; the whole one has an entry too
            continue
        name = _name(key)
        try:
            entries[name] = _entry(value, shards)
        except ValueError as error:
            raise ValueError(f"tensor {name!r}: {error}") from error
    _no_overlaps(entries)
    return shards, entries


def _name(key):
    try:
        return key.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"the name {key[:80]!r} is not UTF-8") from error


def _header(message):
    fields = Message(message)
    shards, order = fields.number(1), fields.number(2)
    needs = Message(fields.bytes(3)).number(2)
    if not 0 < shards <= _MAX_SHARDS:
        raise ValueError(f"it says that there are {shards} shards; expected 1 to {_MAX_SHARDS}")
    if order:
        raise ValueError(f"its byte order is {order}; expected 0 (little-endian)")
    if needs > _VERSION:
        raise ValueError(f"it needs a reader of version {needs}; this is one of {_VERSION}")
    return shards


def _entry(message, shards):
    fields = Message(message)
    kind, shape = fields.number(1), _shape(fields.bytes(2))
    if kind not in DTYPES and kind != STRING:
        known = ", ".join(str(dtype) for dtype in DTYPES.values())
        raise ValueError(f"its dtype has the number {kind}. Accepted: {known}, and strings")
    entry = Entry(
        DTYPES.get(kind),
        shape,
        shard=fields.number(3),
        offset=fields.number(4),
        size=fields.number(5),
        checksum=fields.number(6),
        sliced=7 in fields.values,
    )
    if not 0 <= entry.shard < shards:
        raise ValueError(f"it is in shard {entry.shard} of {shards}")
    if entry.offset < 0 or entry.size < 0:
        raise ValueError(f"it has {entry.size} bytes from {entry.offset}: below zero")
    if entry.dtype is None or entry.sliced:
        return entry
    expected = math.prod(shape) * entry.dtype.itemsize
    if entry.size != expected:
        raise ValueError(
            f"it has {entry.size} bytes; expected {expected} for {entry.dtype} of shape {shape}"
        )
    return entry


def _shape(message):
    fields = Message(message)
    if fields.number(3):
        raise ValueError("its shape is unknown")
    dimensions = [Message(part).number(1) for part in fields.parts(2)]
    if len(dimensions) > _MAX_DIMENSIONS:
        raise ValueError(f"it has {len(dimensions)} dimensions; expected {_MAX_DIMENSIONS} or less")
    # Not even an empty array may have a size beside its 0 that numpy cannot multiply.
    if min(dimensions, default=0) < 0 or math.prod(max(d, 1) for d in dimensions) >> 59:
        raise ValueError(f"its shape is {tuple(dimensions)}")
    return tuple(dimensions)


def _no_overlaps(entries):
    before, end = None, (0, 0)
    placed = [item for item in entries.items() if item[1].size]
    for name, entry in sorted(placed, key=lambda item: (item[1].shard, item[1].offset)):
        if (entry.shard, entry.offset) < end:
            raise ValueError(f"tensors {before!r} and {name!r} share bytes of shard {entry.shard}")
        before, end = name, (entry.shard, entry.offset + entry.size)
