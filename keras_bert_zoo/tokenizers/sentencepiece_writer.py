"""Writes the .model file of SentencePiece, the other way round from `sentencepiece_model`."""

import struct

from .sentencepiece_model import _I32, _LENGTH, _VARINT, NORMAL


def sentencepiece_bytes(model):
    """The file of a `SentencePieceModel`.

    White space is treated as in all models of the families here: one space before the text, and
    one for many.

    >>> model = SentencePieceModel([("<unk>", 0.0), ("▁a", -1.0)], [UNKNOWN, NORMAL])
    >>> parse_sentencepiece(sentencepiece_bytes(model)) == model
    True
    """
    parts = [
        _field(1, _piece(piece, score, kind))
        for (piece, score), kind in zip(model.pieces, model.kinds)
    ]
    trainer = _number(3, model.model_type) + _number(4, len(model.pieces))
    trainer += _number(35, int(model.byte_fallback)) + _number(40, model.unk_id)
    rules = _field(1, b"custom" if model.charsmap else b"identity")
    rules += _field(2, model.charsmap) if model.charsmap else b""
    rules += b"".join(_number(field, 1) for field in (3, 4, 5))
    return b"".join([*parts, _field(2, trainer), _field(3, rules)])


def _piece(piece, score, kind):
    data = _field(1, piece.encode()) + _SCORE + struct.pack("<f", score)
    return data + (b"" if kind == NORMAL else _number(3, kind))


def _field(number, data):
    return _key(number, _LENGTH) + _varint(len(data)) + data


def _number(number, value):
    return _key(number, _VARINT) + _varint(value)


def _key(number, wire):
    return _varint(number << 3 | wire)


def _varint(value):
    """A number of 7 bits a byte, low ones first."""
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value])


_SCORE = _key(2, _I32)
