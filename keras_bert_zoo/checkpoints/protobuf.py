"""Messages of Protocol Buffers, read by the numbers of their fields, without a schema.

The wire format: https://protobuf.dev/programming-guides/encoding/
"""

from .byte_reader import ByteReader

# Of one message. A field of two bytes costs a hundred of memory.
MAX_FIELDS = 1 << 18


class Message:
    """The fields of one message; a number given twice counts as its last, as everywhere.

    Args:
        data: bytes, or a memoryview, of which nothing is copied.

    Raises:
        ValueError: not a message, or (the methods) a field of another kind than asked for.

    Example:

    >>> Message(bytes([0x08, 0x96, 0x01, 0x12, 0x02, 0x68, 0x69])).text(2)
    'hi'
    """

    def __init__(self, data):
        self.values, reader, count = {}, ByteReader(data), 0
        while reader.left:
            number, kind = divmod(reader.varint(), 8)
            if kind == 0:
                value = reader.varint()
            elif kind == 2:
                value = reader.take(reader.varint())
            elif kind in (1, 5):
                value = reader.fixed(8 if kind == 1 else 4)
            else:
                raise ValueError(f"field {number} is of kind {kind}; expected 0, 1, 2 or 5")
            self.values.setdefault(number, []).append(value)
            count += 1
            if count > MAX_FIELDS:
                raise ValueError(f"a message of more than {MAX_FIELDS:,} fields")

    def parts(self, number):
        """All values of a field of bytes."""
        values = self.values.get(number, [])
        if any(type(value) is int for value in values):
            raise ValueError(f"field {number} is a number; expected bytes")
        return values

    def bytes(self, number):
        """The value of a field of bytes."""
        return next(reversed(self.parts(number)), b"")

    def texts(self, number):
        """All values of a field of texts."""
        try:
            return [str(part, "utf-8") for part in self.parts(number)]
        except UnicodeDecodeError as error:
            raise ValueError(f"field {number} is not UTF-8") from error

    def text(self, number):
        """The value of a field that is a text."""
        return next(reversed(self.texts(number)), "")

    def number(self, number):
        """The value of a field that is a signed number."""
        value = self.values.get(number, [0])[-1]
        if type(value) is not int:
            raise ValueError(f"field {number} is {len(value)} bytes; expected a number")
        return _signed(value)

    def numbers(self, number):
        """All values of a field of signed numbers, one by one or packed."""
        found = []
        for value in self.values.get(number, []):
            if type(value) is int:
                found.append(_signed(value))
                continue
            reader = ByteReader(value)
            while reader.left and len(found) <= MAX_FIELDS:
                found.append(_signed(reader.varint()))
        if len(found) > MAX_FIELDS:
            raise ValueError(f"field {number} has more than {MAX_FIELDS:,} numbers")
        return found


def _signed(value):
    return value - (1 << 64) if value >> 63 else value
