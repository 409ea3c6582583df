"""Numbers and stretches of bytes from a buffer that nobody has checked yet."""

# 64 bits, 7 in a byte.
_LONGEST_VARINT = 10


class ByteReader:
    """Reads a buffer from its start; never beyond its end.

    Args:
        data: bytes.

    Attributes:
        position: of the next byte.

    Raises:
        ValueError: (every method) fewer bytes are left than are asked for.
    """

    def __init__(self, data):
        self.data, self.position = data, 0

    @property
    def left(self):
        """How many bytes are left."""
        return len(self.data) - self.position

    def take(self, count):
        """The next `count` bytes."""
        if count > self.left:
            raise ValueError(f"cut short: {count} bytes expected, {self.left} left")
        start, self.position = self.position, self.position + count
        return self.data[start : self.position]

    def fixed(self, size):
        """An unsigned little-endian number of `size` bytes."""
        return int.from_bytes(self.take(size), "little")

    def varint(self):
        """An unsigned number below 2 ** 64, 7 bits in a byte, the lowest first.

        https://protobuf.dev/programming-guides/encoding/#varints
        """
        value = 0
        for place in range(_LONGEST_VARINT):
            byte = self.fixed(1)
            value |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                break
        else:
            raise ValueError(f"a number of more than {_LONGEST_VARINT} bytes")
        if value >> 64:
            raise ValueError(f"the number {value}, which has more than 64 bits")
        return value
