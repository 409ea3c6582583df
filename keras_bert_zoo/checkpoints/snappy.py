"""Unpacks one block of Snappy: https://github.com/google/snappy/blob/main/format_description.txt."""

from .byte_reader import ByteReader

# The densest element is a copy of 64 bytes, in 3.
_DENSEST = 64 / 3


def unpack(data, limit):
    """The bytes that a block stands for.

    Args:
        data: the compressed block.
        limit: most bytes that are unpacked.

    Raises:
        ValueError: damaged, or it claims a size that it cannot have or that is above the limit.
    """
    reader = ByteReader(data)
    size = reader.varint()
    if size > min(limit, _DENSEST * len(data)):
        raise ValueError(
            f"{len(data)} compressed bytes claim to be {size} bytes; expected at most "
            f"{min(limit, int(_DENSEST * len(data)))}"
        )
    out = bytearray()
    while reader.left:
        tag = reader.fixed(1)
        kind, upper = tag & 3, tag >> 2
        if kind == 0:
            length = 1 + (upper if upper < 60 else reader.fixed(upper - 59))
            out += reader.take(length)
        elif kind == 1:
            _copy(out, 4 + (upper & 7), upper >> 3 << 8 | reader.fixed(1))
        else:
            _copy(out, 1 + upper, reader.fixed(2 if kind == 2 else 4))
        if len(out) > size:
            raise ValueError(f"a compressed block holds more than the {size} bytes it claims")
    if len(out) != size:
        raise ValueError(f"a compressed block holds {len(out)} bytes; it claims {size}")
    return bytes(out)


def _copy(out, length, back):
    """Repeats what was written `back` bytes ago; it may run on into what it writes."""
    if not 0 < back <= len(out):
        raise ValueError(f"a copy from {back} bytes back, of {len(out)} unpacked so far")
    piece = bytes(out[-back:][:length])
    out += (piece * (length // len(piece) + 1))[:length]
