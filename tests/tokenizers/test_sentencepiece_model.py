"""Reading .model files: equal to sentencepiece's own reading, and safe with hostile ones."""

import contextlib
import doctest
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_bert_zoo.tokenizers import Tokenizer, sentencepiece_model
from keras_bert_zoo.tokenizers.sentencepiece_model import parse_sentencepiece, read_sentencepiece
from tests.paths import data_path
from tests.tokenizers.tiny_folders import SENTENCE_PIECES
from tests.tokenizers.tiny_folders import sentencepiece_model as trained

pytestmark = pytest.mark.any_backend


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number, value):
    """A field of a message: bytes, or an int as a varint."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def piece(text=b"a", score=0.0, kind=1):
    return field(1, field(1, text) + b"\x15" + struct.pack("<f", score) + field(3, kind))


def charsmap(units, texts=b"x\0"):
    return struct.pack(f"<{len(units) + 1}I", 4 * len(units), *units) + texts


GOOD = piece(b"<unk>", kind=2) + piece(b"\xe2\x96\x81a", -1.5)


def assert_as_sentencepiece(model, data):
    sentencepiece = pytest.importorskip("sentencepiece", reason="sentencepiece is the reference")
    processor = sentencepiece.SentencePieceProcessor(model_proto=data)
    count = processor.get_piece_size()
    assert [piece for piece, _ in model.pieces] == list(map(processor.id_to_piece, range(count)))
    assert [score for _, score in model.pieces] == list(map(processor.get_score, range(count)))
    assert model.unk_id == processor.unk_id()
    assert [kind == 3 for kind in model.kinds] == list(map(processor.is_control, range(count)))
    assert [kind == 6 for kind in model.kinds] == list(map(processor.is_byte, range(count)))


@pytest.mark.parametrize("family", SENTENCE_PIECES)
def test_trained_models(family):
    options = {name: value for name, value in SENTENCE_PIECES[family].items() if name != "file"}
    data = trained(**options)
    model = parse_sentencepiece(data)
    assert_as_sentencepiece(model, data)
    assert model.byte_fallback == bool(options.get("byte_fallback"))
    assert bool(model.charsmap) == (options.get("normalization_rule_name") != "identity")


@pytest.mark.real
def test_a_real_model():
    path = data_path("vocab", "deberta-v3", "spm.model")
    model = read_sentencepiece(path)
    assert (len(model.pieces), model.unk_id, model.model_type) == (128000, 3, 1)
    assert_as_sentencepiece(model, path.read_bytes())


def test_by_hand():
    model = parse_sentencepiece(GOOD + field(2, field(40, 1) + field(99, b"?")) + field(77, 5))
    assert model.pieces == [("<unk>", 0.0), ("▁a", -1.5)]
    assert (model.kinds, model.unk_id, model.charsmap) == ([2, 1], 1, b"")


BAD = {
    "nothing": (b"", "has 0 bytes"),
    "text": (b"not a model at all", "field|wire|number"),
    "no pieces": (field(2, field(3, 1)), "no pieces"),
    "cut off": (GOOD[:-3], "cut short"),
    "an absurd length": (b"\x0a" + varint(2**62), "cut short"),
    "a number without end": (b"\xff" * 20, "more than 10 bytes"),
    "a number cut off": (GOOD + b"\x18\xff", "cut short"),
    "field zero": (b"\x02\x00", "no field number 0"),
    "a group": (b"\x0b", "of kind 3"),
    "an empty piece": (piece(b""), "piece 0 has 0 bytes"),
    "an absurd piece": (piece(b"a" * 5000), "5,000 bytes"),
    "no UTF-8": (piece(b"\xff"), "not UTF-8"),
    "no number": (piece(score=float("nan")), "score nan"),
    "endless": (piece(score=float("inf")), "score inf"),
    "an odd kind": (piece(kind=9), "kind 9"),
    "no unknown piece": (GOOD + field(2, field(40, 7)), "unknown piece is 7 of 2"),
    "a negative one": (GOOD + field(2, field(40, 2**64 - 1)), "unknown piece is -1"),
    "an odd model": (GOOD + field(2, field(3, 8)), "model type is 8"),
    "BPE": (GOOD + field(2, field(3, 2)), "is a BPE model"),
    "a charsmap too short": (GOOD + field(3, field(2, b"abc")), "charsmap"),
    "a trie too long": (GOOD + field(3, field(2, b"\xff" * 12)), "a trie of 4,294,967,295"),
    "a unit outside": (GOOD + field(3, field(2, charsmap([1 << 20] + [0] * 255))), "outside"),
    "a text outside": (GOOD + field(3, field(2, charsmap([1 << 31 | 9] * 256))), "is text 9"),
    "a text without end": (GOOD + field(3, field(2, charsmap([0] * 256, b"x"))), "no end"),
}


@pytest.mark.parametrize("case", BAD)
def test_hostile_models(case, tmp_path):
    data, message = BAD[case]
    (tmp_path / "spm.model").write_bytes(data)
    with pytest.raises(ValueError, match=rf"spm\.model.*({message})"):
        Tokenizer.from_folder(tmp_path)


def test_a_file_of_absurd_size(tmp_path, monkeypatch):
    monkeypatch.setattr(sentencepiece_model, "MAX_BYTES", 10)
    (tmp_path / "spm.model").write_bytes(GOOD)
    with pytest.raises(ValueError, match=r"spm\.model has \d+ bytes"):
        Tokenizer.from_folder(tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(sentencepiece_model, "MAX_PIECES", 1)
    with pytest.raises(ValueError, match="more than 1 pieces"):
        Tokenizer.from_folder(tmp_path)


@settings(deadline=None, max_examples=300, derandomize=True, database=None)
@given(st.binary(max_size=60), st.integers(0, len(GOOD)))
def test_any_bytes(data, place):
    for mixed in (data, GOOD[:place] + data + GOOD[place:]):
        with contextlib.suppress(ValueError):  # and nothing else is raised
            parse_sentencepiece(mixed)


def test_examples_in_docstrings():
    assert doctest.testmod(sentencepiece_model).failed == 0
