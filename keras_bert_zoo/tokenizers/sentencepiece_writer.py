"""Writes the .model file of SentencePiece, the other way round from `sentencepiece_model`."""

import base64
import struct

from ..protobuf import bytes_field, fixed_field, number_field
from .sentencepiece_model import CONTROL, NORMAL, UNKNOWN, USER_DEFINED, SentencePieceModel


def sentencepiece_bytes(model):
    """The file of a `SentencePieceModel`.

    White space is treated as in all models of the families here: one space before the text, and
    one for many.

    >>> model = SentencePieceModel([("<unk>", 0.0), ("▁a", -1.0)], [UNKNOWN, NORMAL])
    >>> parse_sentencepiece(sentencepiece_bytes(model)) == model
    True
    """
    parts = [
        bytes_field(1, _piece(piece, score, kind))
        for (piece, score), kind in zip(model.pieces, model.kinds)
    ]
    trainer = number_field(3, model.model_type) + number_field(4, len(model.pieces))
    trainer += number_field(35, int(model.byte_fallback)) + number_field(40, model.unk_id)
    rules = bytes_field(1, b"custom" if model.charsmap else b"identity")
    rules += bytes_field(2, model.charsmap) if model.charsmap else b""
    rules += b"".join(number_field(field, 1) for field in (3, 4, 5))
    return b"".join([*parts, bytes_field(2, trainer), bytes_field(3, rules)])


def _piece(piece, score, kind):
    data = bytes_field(1, piece.encode()) + fixed_field(2, struct.pack("<f", score))
    return data + (b"" if kind == NORMAL else number_field(3, kind))


def model_of(specification):
    """The `SentencePieceModel` of a tokenizer.json with a Unigram model.

    Raises:
        ValueError: it has no unknown piece, which SentencePiece always has.
    """
    model, normalizer = specification["model"], specification["normalizer"]
    if model["unk_id"] is None:
        raise ValueError("A model of SentencePiece has an unknown piece; this tokenizer has none.")
    pieces = [tuple(piece) for piece in model["vocab"]]
    added = {token["content"]: token["special"] for token in specification["added_tokens"]}
    kinds = [
        {True: CONTROL, False: USER_DEFINED}.get(added.get(piece), NORMAL) for piece, _ in pieces
    ]
    kinds[model["unk_id"]] = UNKNOWN
    steps = (normalizer or {}).get("normalizers") or [normalizer]
    charsmaps = [
        step["precompiled_charsmap"] for step in steps if step and "precompiled_charsmap" in step
    ]
    charsmap = base64.b64decode(charsmaps[0] or "") if charsmaps else b""
    return SentencePieceModel(pieces, kinds, charsmap, model["unk_id"])
