"""Reads a sorted table of keys and values: a LevelDB table, as TensorFlow's index files are.

The format: https://github.com/google/leveldb/blob/main/doc/table_format.md

A table is blocks, each followed by 5 bytes (how it is compressed, and a checksum), then a footer
that says where the index block is; that block's values say where the blocks of entries are.
"""

from .byte_reader import ByteReader
from .crc32c import crc32c, masked
from .snappy import unpack

MAGIC = 0xDB4775248B80FB57
MAX_BYTES = 1 << 25  # of a file, of a block, and of all entries: a thousand times BERT's
MAX_KEY = 4096
_FOOTER, _TRAILER = 48, 5
# What an entry costs in memory besides its bytes, and a block in time: so that a file of millions
# of empty ones is refused soon.
_ENTRY, _BLOCK = 64, 1024
_RAW, _SNAPPY = 0, 1


def read_table(data):
    """Key -> value, both bytes, in the order of the keys.

    Args:
        data: the bytes of the file.

    Raises:
        ValueError: not such a table, or damaged.
    """
    if len(data) > MAX_BYTES:
        raise ValueError(f"an index of {len(data)} bytes; expected at most {MAX_BYTES}")
    found, cost, end = {}, 0, 0
    for _, handle in _entries(_index_block(data), "the index block"):
        start, length = _handle(ByteReader(handle))
        # One block after the other: so none is read twice, and the work is that of one file.
        if start < end:
            raise ValueError(f"a block at {start}, but the one before it reaches to {end}")
        end = start + length + _TRAILER
        where = f"the block at {start}"
        last = next(reversed(found), None)
        cost = _within_limit(cost + _BLOCK)
        for key, value in _entries(_block(data, start, length), where, last):
            cost = _within_limit(cost + len(key) + len(value) + _ENTRY)
            found[key] = value
    return found


def _within_limit(cost):
    if cost > MAX_BYTES:
        raise ValueError(f"more blocks or entries than the {MAX_BYTES} bytes that are accepted")
    return cost


def _index_block(data):
    if len(data) < _FOOTER:
        raise ValueError(f"{len(data)} bytes; a table has at least {_FOOTER}")
    footer = ByteReader(data[-_FOOTER:])
    magic = int.from_bytes(footer.data[-8:], "little")
    if magic != MAGIC:
        raise ValueError(f"it ends with {magic:#018x}; a table ends with {MAGIC:#018x}")
    _block(data, *_handle(footer))  # of no use, but its checksum is held
    handle = _handle(footer)
    if any(footer.take(footer.left - 8)):
        raise ValueError("its footer is not filled up with zeros")
    return _block(data, *handle)


def _handle(reader):
    return reader.varint(), reader.varint()


def _block(data, start, length):
    """The bytes of the block at `start`, checked and unpacked."""
    end = start + length
    if end + _TRAILER > len(data) - _FOOTER:
        raise ValueError(f"a block at {start} of {length} bytes; the file has {len(data)}")
    kind, stored = data[end], int.from_bytes(data[end + 1 : end + _TRAILER], "little")
    found = masked(crc32c(data[start : end + 1]))
    if found != stored:
        raise ValueError(
            f"the block at {start} is damaged: its checksum is {found:#010x}; expected "
            f"{stored:#010x}"
        )
    if kind not in (_RAW, _SNAPPY):
        raise ValueError(
            f"the block at {start} is compressed in way {kind}. Accepted: {_RAW} (not at all), "
            f"{_SNAPPY} (Snappy)"
        )
    block = data[start:end]
    return unpack(block, MAX_BYTES) if kind == _SNAPPY else block


def _entries(block, where, last=None):
    """The keys and values of a block; each key is above the one before, `last` at first."""
    restarts = int.from_bytes(block[-4:], "little")
    if len(block) < 4 * restarts + 4:
        raise ValueError(f"{where} has {len(block)} bytes; expected {restarts} restarts in it")
    reader = ByteReader(block[: len(block) - 4 * restarts - 4])
    key = b""
    while reader.left:
        shared, fresh, length = reader.varint(), reader.varint(), reader.varint()
        if shared > len(key) or shared + fresh > MAX_KEY:
            raise ValueError(
                f"{where} has a key of {shared} + {fresh} bytes after one of {len(key)}; expected "
                f"at most {MAX_KEY}, the first of them from the key before"
            )
        key = key[:shared] + reader.take(fresh)
        if last is not None and key <= last:
            raise ValueError(f"{where} has the key {key!r} after {last!r}: twice, or out of order")
        last = key
        yield key, reader.take(length)
