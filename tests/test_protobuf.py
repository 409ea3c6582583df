"""Messages of Protocol Buffers, by hand."""

import pytest

from keras_bert_zoo import protobuf
from keras_bert_zoo.protobuf import Message

pytestmark = pytest.mark.any_backend


def test_every_kind_of_field():
    # The examples of https://protobuf.dev/programming-guides/encoding/, and numbers below zero.
    data = bytes.fromhex("089601 120774657374696e67 32068e02039ea705 0d01020304 210100000000000080")
    message = Message(memoryview(data))
    assert message.text(2) == "testing"
    assert message.numbers(6) == [270, 3, 86942]
    assert (message.number(1), message.number(9), message.bytes(9)) == (0x04030201, 0, b"")
    assert message.number(4) == 1 - (1 << 63)
    assert Message(bytes.fromhex("08ffffffffffffffffff01")).number(1) == -1
    assert Message(bytes.fromhex("08010802")).numbers(1) == [1, 2]


@pytest.mark.parametrize(
    ("data", "match"),
    [
        ("08", "cut short"),
        ("1205aabb", "cut short: 5 bytes expected, 2 left"),
        ("12ffffffffffffffff7f", "cut short"),
        ("08ffffffffffffffffffff01", "more than 10 bytes"),
        ("0b", "of kind 3"),
    ],
)
def test_what_is_no_message(data, match):
    with pytest.raises(ValueError, match=match):
        Message(bytes.fromhex(data))


def test_fields_of_another_kind():
    message = Message(bytes.fromhex("0801 12026869 1a02ffff"))
    with pytest.raises(ValueError, match="field 1 is a number"):
        message.bytes(1)
    with pytest.raises(ValueError, match="field 2 is 2 bytes; expected a number"):
        message.number(2)
    with pytest.raises(ValueError, match="field 3 is not UTF-8"):
        message.text(3)


def test_a_message_has_so_many_fields(monkeypatch):
    monkeypatch.setattr(protobuf, "MAX_FIELDS", 5)
    assert Message(b"\x08\x01" * 5).numbers(1) == [1] * 5
    with pytest.raises(ValueError, match="more than 5 fields"):
        Message(b"\x08\x01" * 6)
    with pytest.raises(ValueError, match="field 1 has more than 5 numbers"):
        Message(b"\x0a\x06" + b"\x01" * 6).numbers(1)
