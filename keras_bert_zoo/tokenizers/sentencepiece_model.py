"""Reads the .model file of SentencePiece: a protobuf message, whose wire format is a simple one.

The fields: https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
"""

import dataclasses
import math
import pathlib
import struct

from ..protobuf import BYTES, FIXED_32, NUMBER, fields

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)
MODEL_TYPES = {1: "Unigram", 2: "BPE", 3: "word", 4: "character"}
# The largest in use, of multilingual models, have 256,000 pieces in 5 MB.
MAX_BYTES, MAX_PIECES, MAX_PIECE_BYTES = 256 << 20, 4_000_000, 4096


@dataclasses.dataclass(frozen=True)
class SentencePieceModel:
    """What a tokenizer needs of a .model file.

    Args:
        pieces: list of (piece, score), in the order of their ids.
        kinds: list of the kind of each: NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED or BYTE.
        charsmap: the precompiled rules of normalization, bytes; b"" if there are none.
        unk_id: id of the unknown piece.
        byte_fallback: whether unknown characters become pieces of bytes.
        model_type: one of MODEL_TYPES.
    """

    pieces: list
    kinds: list
    charsmap: bytes = b""
    unk_id: int = 0
    byte_fallback: bool = False
    model_type: int = 1


def read_sentencepiece(path):
    """The `SentencePieceModel` in a file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no such model, or an absurd one; with the file and the reason.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist; expected a SentencePiece model.")
    size = path.stat().st_size
    if not 0 < size <= MAX_BYTES:
        raise ValueError(
            f"{path} has {size:,} bytes; a SentencePiece model has from 1 to {MAX_BYTES:,}."
        )
    try:
        return parse_sentencepiece(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} is not a usable SentencePiece model: {error}.") from error


def parse_sentencepiece(data):
    """The `SentencePieceModel` in bytes; ValueError says what is wrong with them."""
    pieces, kinds, settings = [], [], {"charsmap": b""}
    for number, wire, value in fields(data):
        if number == 1 and wire == BYTES:
            if len(pieces) >= MAX_PIECES:
                raise ValueError(f"more than {MAX_PIECES:,} pieces")
            piece, score, kind = _piece(value, len(pieces))
            pieces.append((piece, score))
            kinds.append(kind)
        elif number == 2 and wire == BYTES:
            settings.update(_trainer(value))
        elif number == 3 and wire == BYTES:
            for field, sort, content in fields(value):
                if (field, sort) == (2, BYTES):
                    settings["charsmap"] = bytes(content)
    if not pieces:
        raise ValueError("it has no pieces")
    if settings.setdefault("model_type", 1) not in MODEL_TYPES:
        raise ValueError(f"its model type is {settings['model_type']}")
    if not 0 <= settings.setdefault("unk_id", 0) < len(pieces):
        raise ValueError(f"its unknown piece is {settings['unk_id']} of {len(pieces)}")
    check_charsmap(settings["charsmap"])
    return SentencePieceModel(pieces, kinds, **settings)


def _int32(value):
    """A varint as the signed number it stands for."""
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value


def _piece(data, index):
    text, score, kind = b"", 0.0, NORMAL
    for number, wire, value in fields(data):
        if (number, wire) == (1, BYTES):
            text = value
        elif (number, wire) == (2, FIXED_32):
            (score,) = struct.unpack("<f", value)
        elif (number, wire) == (3, NUMBER):
            kind = value
    if not 0 < len(text) <= MAX_PIECE_BYTES:
        raise ValueError(f"piece {index} has {len(text):,} bytes")
    if not math.isfinite(score) or not NORMAL <= kind <= BYTE:
        raise ValueError(f"piece {index} has the score {score} and is of kind {kind}")
    try:
        return text.decode("utf-8"), score, kind
    except UnicodeDecodeError as error:
        raise ValueError(f"piece {index} is not UTF-8") from error


def _trainer(data):
    """What the settings of training say that was said; unknown fields are passed over."""
    found = {}
    for number, wire, value in fields(data):
        if wire == NUMBER:
            if number == 3:
                found["model_type"] = _int32(value)
            elif number == 35:
                found["byte_fallback"] = bool(value)
            elif number == 40:
                found["unk_id"] = _int32(value)
    return found


def check_charsmap(charsmap):
    """Raises ValueError unless these bytes have the form of a precompiled charsmap.

    That is the size of a trie, in bytes; the trie, of 32-bit units; and texts that end in NUL.
    The Rust library looks neither at the size nor at where a unit points.
    """
    if not charsmap:
        return
    size = int.from_bytes(charsmap[:4], "little")
    if len(charsmap) < 8 or size % 4 or not 4 <= size <= len(charsmap) - 4:
        raise ValueError(f"its charsmap of {len(charsmap):,} bytes has a trie of {size:,}")
    texts = charsmap[4 + size :]
    try:
        texts.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError("the texts of its charsmap are not UTF-8") from error
    if texts and texts[-1]:
        raise ValueError("the last text of its charsmap has no end")
    units = struct.unpack(f"<{size // 4}I", charsmap[4 : 4 + size])
    for place, unit in enumerate(units):
        if unit >> 31:  # a value: where a text begins
            value = unit & 0x7FFFFFFF
            if value >= len(texts) or texts[value] & 0xC0 == 0x80:
                raise ValueError(f"unit {place} of its charsmap is text {value}: there is none")
            continue
        # The step to the children, whose places differ from it in the lowest 8 bits.
        block = place ^ ((unit >> 10) << ((unit & 0x200) >> 6))
        if unit and (block | 0xFF) >= len(units):
            raise ValueError(f"unit {place} of its charsmap points outside")
