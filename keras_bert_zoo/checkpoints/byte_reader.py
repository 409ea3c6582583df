"""Numbers and stretches of bytes from a buffer that nobody has checked yet."""

from ..protobuf import read_varint


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
        """An unsigned number below 2 ** 64, as Protocol Buffers write it."""
        value, self.position = read_varint(self.data, self.position)
        return value
