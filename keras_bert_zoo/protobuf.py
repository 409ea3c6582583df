"""Messages of Protocol Buffers, read and written by the numbers of their fields, without a schema.

The wire format: https://protobuf.dev/programming-guides/encoding/
"""

# Kinds of fields; 3 and 4, groups, are not in use.
NUMBER, FIXED_64, BYTES, FIXED_32 = 0, 1, 2, 5
_SIZES = {FIXED_64: 8, FIXED_32: 4}
# Of one message. A field of two bytes costs a hundred of memory.
MAX_FIELDS = 1 << 18
# 64 bits, 7 in a byte.
_LONGEST_VARINT = 10


def fields(data):
    """Yields `(number, kind, value)` of each field of a message.

    The value is an int of kind `NUMBER`, and bytes of all others.

    Args:
        data: bytes, or a memoryview, of which nothing is copied.

    Raises:
        ValueError: the message ends too early, or has no such form.

    >>> list(fields(bytes([0x08, 0x96, 0x01, 0x12, 0x02, 0x68, 0x69])))
    [(1, 0, 150), (2, 2, b'hi')]
    """
    place, end = 0, len(data)
    while place < end:
        key, place = read_varint(data, place)
        number, kind = key >> 3, key & 7
        if not 0 < number < 1 << 29:
            raise ValueError(f"there is no field number {number} (at byte {place})")
        if kind == NUMBER:
            value, place = read_varint(data, place)
            yield number, kind, value
            continue
        if kind == BYTES:
            size, place = read_varint(data, place)
        elif kind in _SIZES:
            size = _SIZES[kind]
        else:
            raise ValueError(f"field {number} is of kind {kind}; expected 0, 1, 2 or 5")
        if size > end - place:
            raise ValueError(
                f"field {number} is cut short: {size:,} bytes expected, {end - place:,} left"
            )
        yield number, kind, data[place : place + size]
        place += size


def read_varint(data, place):
    """`(an unsigned number below 2 ** 64, 7 bits in a byte, the lowest first; where it ends)`.

    Raises:
        ValueError: it does not end, or is larger.
    """
    if place < len(data) and data[place] < 0x80:  # most are one byte: a third faster
        return data[place], place + 1
    value = 0
    for position, byte in enumerate(data[place : place + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << 7 * position
        if byte < 0x80:
            break
    else:
        if len(data) - place >= _LONGEST_VARINT:
            raise ValueError(f"a number of more than {_LONGEST_VARINT} bytes")
        raise ValueError("cut short: a number does not end")
    if value >> 64:
        raise ValueError(f"the number {value}, which has more than 64 bits")
    return value, place + position + 1


def varint(value):
    """The bytes of an unsigned number."""
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value])


def number_field(number, value):
    """The bytes of a field of an unsigned number."""
    return varint(number << 3 | NUMBER) + varint(value)


def bytes_field(number, data):
    """The bytes of a field of bytes, or of a message."""
    return varint(number << 3 | BYTES) + varint(len(data)) + data


def fixed_field(number, data):
    """The bytes of a field of four bytes."""
    return varint(number << 3 | FIXED_32) + data


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
        self.values = {}
        for count, (number, kind, value) in enumerate(fields(data)):
            if count >= MAX_FIELDS:
                raise ValueError(f"a message of more than {MAX_FIELDS:,} fields")
            if kind in _SIZES:
                value = int.from_bytes(value, "little")
            self.values.setdefault(number, []).append(value)

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
            place = 0
            while place < len(value) and len(found) <= MAX_FIELDS:
                packed, place = read_varint(value, place)
                found.append(_signed(packed))
        if len(found) > MAX_FIELDS:
            raise ValueError(f"field {number} has more than {MAX_FIELDS:,} numbers")
        return found


def _signed(value):
    return value - (1 << 64) if value >> 63 else value
