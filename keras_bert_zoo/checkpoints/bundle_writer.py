"""Writes a TensorFlow checkpoint, version 2 (a TensorBundle), without TensorFlow.

The other way round from `tensor_bundle`, `bundle_index` and `leveldb_table`, which name the
sources of the format. Nothing is compressed, and there is one shard.
"""

from pathlib import Path

import numpy as np

from ..protobuf import bytes_field, fixed_field, number_field, varint
from .bundle_index import DTYPES
from .crc32c import crc32c, masked
from .leveldb_table import MAGIC

_NUMBERS = {dtype: number for number, dtype in DTYPES.items()}


def write_bundle(path, tensors):
    """Writes `path.index` and `path.data-00000-of-00001`.

    Args:
        path: what the names of the files begin with, as `folder/bert_model.ckpt`.
        tensors: name -> array.

    Raises:
        ValueError: an array is of a dtype that a checkpoint cannot hold.

    Example:

    >>> write_bundle("folder/bert_model.ckpt", {"bert/pooler/dense/bias": np.zeros(768, "float32")})
    >>> tf.train.load_checkpoint("folder/bert_model.ckpt").get_variable_to_shape_map()
    {'bert/pooler/dense/bias': [768]}
    """
    path, entries, offset = Path(path), {}, 0
    with open(path.with_name(f"{path.name}.data-00000-of-00001"), "wb") as file:
        for name, array in sorted(tensors.items()):
            shape, array = array.shape, np.ascontiguousarray(array)
            if array.dtype not in _NUMBERS:
                raise ValueError(f"tensor {name!r}: a checkpoint cannot hold {array.dtype}.")
            raw = array.reshape(-1).view(np.uint8)
            file.write(raw)
            entries[name.encode()] = _entry(array.dtype, shape, offset, raw)
            offset += raw.size
    # One shard, little-endian, of version 1 of the format.
    header = number_field(1, 1) + bytes_field(3, number_field(1, 1))
    path.with_name(f"{path.name}.index").write_bytes(_table({b"": header, **entries}))


def _entry(dtype, shape, offset, raw):
    """A BundleEntryProto."""
    sizes = b"".join(bytes_field(2, number_field(1, size)) for size in shape)
    place = number_field(4, offset) + number_field(5, raw.size)
    checksum = masked(crc32c(raw)).to_bytes(4, "little")
    return (
        number_field(1, _NUMBERS[dtype]) + bytes_field(2, sizes) + place + fixed_field(6, checksum)
    )


def _table(entries):
    """A table with one block of entries."""
    data = bytearray()

    def add(pairs):
        block = _block(pairs)
        handle = varint(len(data)) + varint(len(block))
        kind = b"\0"  # not compressed
        data.extend(block + kind + masked(crc32c(block + kind)).to_bytes(4, "little"))
        return handle

    held, meta = add(entries), add({})
    footer = meta + add({max(entries): held})
    return bytes(data) + footer.ljust(40, b"\0") + MAGIC.to_bytes(8, "little")


def _block(pairs):
    """Whole keys, each a place to begin a search at."""
    data, starts = bytearray(), []
    for key, value in pairs.items():
        starts.append(len(data))
        data += varint(0) + varint(len(key)) + varint(len(value)) + key + value
    starts = np.array(starts or [0], "<u4")
    return bytes(data) + starts.tobytes() + len(starts).to_bytes(4, "little")
