"""Counting the words of texts: which words, how often, and what is lost when there are too many."""

import collections
import gzip
import json
import pathlib

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.pretraining.vocabulary.blank import blank_tokenizer
from keras_bert_zoo.pretraining.vocabulary.bounded_counts import BoundedCounts
from keras_bert_zoo.pretraining.vocabulary.texts import texts_in
from keras_bert_zoo.pretraining.vocabulary.words import count_words
from keras_bert_zoo.tokenizers import files
from tests.paths import data_path
from tests.tokenizers.hard_strings import HARD_STRINGS

pytestmark = pytest.mark.any_backend


def as_dict(counts):
    return {word: counts[word] for word in counts}


# --------------------------------------------------------------------------------- the table


def test_a_full_table_drops_the_rarest():
    counts = BoundedCounts(4)
    counts.add({"a": 9, "b": 1, "c": 5, "d": 1, "e": 2})
    assert as_dict(counts) == {"a": 9, "c": 5, "e": 2}
    assert (counts.error, counts.total) == (1, 18)


def test_no_count_is_further_off_than_it_says():
    generator = np.random.default_rng(0)
    stream = (generator.zipf(1.3, 50_000) % 3000).astype(str).tolist()
    exact, counts = collections.Counter(stream), BoundedCounts(300)
    for start in range(0, len(stream), 1000):
        counts.add(collections.Counter(stream[start : start + 1000]))
        assert len(counts) <= 300
    assert counts.total == len(stream)
    assert 0 < counts.error < 500
    found = as_dict(counts)
    for word, count in exact.items():
        kept = found.get(word, 0)
        assert count - counts.error <= kept <= count


def test_with_room_for_all_it_is_exact():
    counts = BoundedCounts(1000)
    for _ in range(3):
        counts.add({str(number): number for number in range(1, 900)})
    assert as_dict(counts) == {str(number): 3 * number for number in range(1, 900)}
    assert counts.error == 0


def test_a_table_of_nothing():
    with pytest.raises(ValueError, match="capacity must be 2 words or more. Given: 1"):
        BoundedCounts(1)


# --------------------------------------------------------------------------------- the words


def tokenizers_under_test():
    yield "bert", blank_tokenizer("wordpiece")
    yield "bert cased", blank_tokenizer("wordpiece", lowercase=False)
    yield "bytes", blank_tokenizer("byte_bpe")
    yield "bytes, space first", blank_tokenizer("byte_bpe", add_prefix_space=True)
    yield "pieces", blank_tokenizer("unigram")
    yield "pieces cased", blank_tokenizer("unigram", lowercase=False)
    first = blank_tokenizer("unigram").specification()
    first["pre_tokenizer"] = {
        "type": "Metaspace",
        "replacement": "▁",
        "prepend_scheme": "first",
        "split": True,
    }
    yield "only the text's first word is marked", kbz.Tokenizer.from_specification(first)
    quotes = blank_tokenizer("unigram").specification()
    replace = {"type": "Replace", "pattern": {"String": "a b"}, "content": "c"}
    quotes["normalizer"] = {"type": "Sequence", "normalizers": [replace]}
    yield "a replacement across words", kbz.Tokenizer.from_specification(quotes)


@pytest.mark.parametrize(
    "tokenizer", [pytest.param(t, id=name) for name, t in tokenizers_under_test()]
)
def test_the_words_are_those_of_the_whole_text(tokenizer):
    texts = [text for text in HARD_STRINGS.values() if "\x00" not in text]
    texts += ["", " ", "a b a b", "tabs\tand\n\nlines ", "\u00a0\n y\u2003\u2003z  w"]
    texts += ["a\x1cb \x1d c", "a\x0bb \x0b\n c", "a\x85b"]
    engine = files.load({**tokenizer.specification(), "added_tokens": []}, "test")
    expected = collections.Counter()
    for text in texts:
        normal = engine.normalizer.normalize_str(text) if engine.normalizer else text
        expected.update(word for word, _ in engine.pre_tokenizer.pre_tokenize_str(normal) if word)
    assert as_dict(count_words(texts, tokenizer)) == dict(expected)


@pytest.mark.parametrize("kind", ["wordpiece", "byte_bpe", "unigram"])
def test_half_a_character_is_read_as_the_tokenizer_reads_it(kind):
    tokenizer = blank_tokenizer(kind)
    found, expected = (
        as_dict(count_words([text] * 2, tokenizer)) for text in ("a x\ud800y", "a x\ufffdy")
    )
    assert found == expected


@pytest.mark.real
@pytest.mark.parametrize(
    "parts", [("roberta", "roberta-base.json"), ("xlm-roberta", "tokenizer.json")]
)
def test_the_words_of_published_tokenizers(parts):
    tokenizer = kbz.Tokenizer.from_file(data_path("vocab", *parts))
    engine = files.load({**tokenizer.specification(), "added_tokens": []}, "test")
    texts = data_path("text", "wikitext2", "valid.txt").read_text("utf-8").split("\n")[:400]
    expected = collections.Counter()
    for text in texts:
        normal = engine.normalizer.normalize_str(text) if engine.normalizer else text
        expected.update(word for word, _ in engine.pre_tokenizer.pre_tokenize_str(normal))
    assert as_dict(count_words(texts, tokenizer)) == dict(expected)


# --------------------------------------------------------------------------------- the texts


def test_texts_from_anywhere(tmp_path):
    (tmp_path / "a.txt").write_text("one\r\ntwo three", "utf-8")
    with gzip.open(tmp_path / "b.txt.gz", "wt", encoding="utf-8") as file:
        file.write("vier\n\nfünf\n")
    (tmp_path / "notes.json").write_text(json.dumps({}))
    lines = ["one", "two three", "vier", "", "fünf"]
    assert list(texts_in(tmp_path)) == lines
    assert list(texts_in(str(tmp_path))) == lines
    assert list(texts_in([tmp_path / "b.txt.gz", tmp_path / "a.txt"])) == [*lines[2:], *lines[:2]]
    assert list(texts_in(iter(["a text", "one"]))) == ["a text", "one"]


def test_a_long_line_is_read_in_parts_that_end_at_a_space(tmp_path, monkeypatch):
    monkeypatch.setattr("keras_bert_zoo.pretraining.vocabulary.texts._LONGEST", 10)
    (tmp_path / "a.txt").write_text("some words that are cut\n" + "x" * 25, "utf-8")
    texts = list(texts_in(tmp_path / "a.txt"))
    assert [word for text in texts for word in text.split() if "x" not in word] == (
        "some words that are cut".split()
    )
    assert "".join(texts).count("x") == 25
    assert max(map(len, texts)) <= 20


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("missing.txt", FileNotFoundError, "missing.txt does not exist"),
        ([pathlib.Path("missing.txt")], FileNotFoundError, "does not exist"),
        ([3], TypeError, "A text must be a str, a file a pathlib.Path. Given: 3"),
        ([__file__], ValueError, "names a file; a str in a list is a text"),
        ([None], TypeError, "Given: None"),
    ],
)
def test_sources_that_are_refused(source, error, words):
    with pytest.raises(error, match=words):
        list(texts_in(source))


def test_files_that_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no \*.txt file"):
        list(texts_in(tmp_path))
    (tmp_path / "a.txt").write_bytes(b"fine\n\xff\xfe")
    with pytest.raises(ValueError, match=r"a.txt is not UTF-8 text"):
        list(texts_in(tmp_path))
    (tmp_path / "a.txt").unlink()
    (tmp_path / "b.txt.gz").write_bytes(b"not packed")
    with pytest.raises(ValueError, match=r"b.txt.gz cannot be unpacked"):
        list(texts_in(tmp_path))
