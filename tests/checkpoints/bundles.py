"""TensorFlow checkpoints made by hand, sound and hostile: a byte for byte writer of the format."""

import struct

import ml_dtypes
import numpy as np
import pytest

from keras_bert_zoo.checkpoints.leveldb_table import MAGIC
from keras_bert_zoo.checkpoints.tensors import open_tensors

KINDS = {
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "int64": 9,
    "bool": 10, "bfloat16": 14, "uint16": 17, "float16": 19, "uint32": 22, "uint64": 23,
}  # fmt: skip
BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
RNG = np.random.default_rng(0)
ARRAYS = {
    "a/kernel": RNG.normal(size=(3, 5)).astype("float32"),
    "a/bias": RNG.normal(size=5).astype("float16"),
    "b/table": RNG.normal(size=(4, 2, 3)).astype(BFLOAT16),
    "global_step": np.array(7, "int64"),
    "none": np.zeros((0, 4), "float32"),
}
HEADER = b"\x08\x01\x1a\x02\x08\x01"  # one shard, version 1


def slow_crc(data):
    """CRC-32C a bit at a time, as in RFC 3720."""
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


def masked(data):
    value = slow_crc(data)
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def varint(value):
    value %= 1 << 64
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def field(number, value):
    """A field of a message: bytes, or a number."""
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def shape(*sizes):
    return b"".join(field(2, field(1, size)) for size in sizes)


def entry(kind=1, sizes=(2,), shard=0, offset=0, size=8, checksum=0, extra=b""):
    where = field(3, shard) + field(4, offset) + field(5, size)
    message = field(1, kind) + field(2, shape(*sizes)) + where
    return message + varint(6 << 3 | 5) + struct.pack("<I", checksum) + extra


def block(pairs):
    """A block of entries; keys share their starts."""
    out, before = b"", b""
    for key, value in pairs:
        shared = next((i for i, (a, b) in enumerate(zip(before, key)) if a != b), None)
        shared = min(len(before), len(key)) if shared is None else shared
        out += varint(shared) + varint(len(key) - shared) + varint(len(value))
        out, before = out + key[shared:] + value, key
    return out + struct.pack("<II", 0, 1)


def table(blocks, *, handles=None, compress=None, kind=b"\0", checksum=masked):
    """A table of blocks, each a list of pairs or bytes."""
    data, found = b"", []
    kind = b"\1" if compress else kind

    def add(content):
        nonlocal data
        content = compress(content) if compress else content
        handle = varint(len(data)) + varint(len(content))
        data += content + kind + struct.pack("<I", checksum(content + kind))
        return handle

    for number, content in enumerate(blocks):
        pairs = [] if isinstance(content, bytes) else content
        handle = add(block(pairs) if pairs is content else content)
        # A key that is above all of the block's.
        found.append(((pairs[-1][0] if pairs else b"") + b"%05d" % number, handle))
    footer = add(block([])) + add(block(handles or found))
    return data + footer.ljust(40, b"\0") + struct.pack("<Q", MAGIC)


def index(entries, header=HEADER, **options):
    """The index of `{name: message}`."""
    pairs = [(b"", header)] if header is not None else []
    pairs += sorted((name.encode(), message) for name, message in entries.items())
    return table([pairs], **options)


def write_bundle(folder, arrays, stem="bert_model.ckpt"):
    """Writes arrays as one checkpoint; returns the index."""
    data, entries = b"", {}
    for name, array in arrays.items():
        raw = np.ascontiguousarray(array).tobytes()
        kind = KINDS[array.dtype.name]
        entries[name] = entry(kind, array.shape, 0, len(data), len(raw), masked(raw))
        data += raw
    path = folder / f"{stem}.index"
    path.write_bytes(index(entries))
    (folder / f"{stem}.data-00000-of-00001").write_bytes(data)
    return path


def arrays_of(tensors):
    return {name: tensors[name] for name in tensors}


def assert_equal(found, expected):
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype, name
        assert found[name].shape == array.shape, name
        assert found[name].tobytes() == array.tobytes(), name


def read_all(path):
    with open_tensors(path) as tensors:
        return arrays_of(tensors)


def compressor():
    codec = pytest.importorskip("pyarrow").Codec("snappy")
    return lambda data: codec.compress(data, asbytes=True)
