"""What is looked up is what the engine would have given."""

import json
import random

import numpy as np
import pytest

from keras_bert_zoo.pretraining.corpus import remembered
from keras_bert_zoo.pretraining.corpus.tokens import tokenizer_of, tokens_of
from keras_bert_zoo.tokenizers import Tokenizer
from tests.paths import data_path
from tests.tiny import tiny_tokenizer
from tests.tokenizers.hard_strings import HARD_STRINGS

pytestmark = pytest.mark.any_backend
HARD = list(HARD_STRINGS.values())
KNOWN = [chr(c) for c in range(0x3000) if remembered.words("x", [])(chr(c)) == []]


def texts(seed=0):
    """Hard strings, joined by spaces and not, and mixtures of their characters."""
    rng = random.Random(seed)
    characters = KNOWN + [c for text in HARD for c in text] + [" "] * 300
    found = HARD + [" ".join(rng.choices(HARD, k=2)) for _ in range(300)]
    found += ["".join(rng.choices(KNOWN + [" "] * 90, k=25)) for _ in range(1000)]
    return found + ["".join(rng.choices(characters, k=25)) for _ in range(1000)]


def assert_same(engine, tokenize, texts):
    expected = tokens_of(engine, texts)
    for _ in range(2):  # new, and known
        found = tokenize(texts)
        for name in ("lengths", "ids", "starts_word"):
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), name)


def check(tokenizer, known=True):
    engine = tokenizer._ready.engine
    tokenize = remembered.remembered(engine, json.loads(engine.to_str()))
    assert (tokenize is not None) == known
    if known:
        assert_same(engine, tokenize, texts())


@pytest.mark.parametrize("lowercase", [False, True])
def test_wordpiece(lowercase):
    path = data_path("vocab", "bert-uncased" if lowercase else "bert-cased", "vocab.txt")
    check(Tokenizer.from_vocabulary(path, lowercase=lowercase))


@pytest.mark.parametrize("name", ["roberta", "modernbert"])
def test_byte_level_bpe(name):
    check(Tokenizer.from_folder(data_path("vocab", name)))


def test_added_tokens():
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens(["good food", "x-ray"])
    check(tokenizer, known=False)
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens(["x-ray", "lovely!"])
    engine = tokenizer._ready.engine
    tokenize = remembered.remembered(engine, json.loads(engine.to_str()))
    assert_same(engine, tokenize, ["a x-ray.", "(X-Ray)", "Lovely! lovely!!", "[MASK]ed [mask]"])


def test_others_are_left_to_the_engine(tmp_path):
    tokenizer = Tokenizer.from_folder(data_path("vocab", "xlm-roberta"))
    check(tokenizer, known=False)
    tokenizer.save(tmp_path)
    assert_same(tokenizer._ready.engine, tokenizer_of(tmp_path), HARD)


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(remembered, "MOST_PARTS", 20)
    tokenizer = tiny_tokenizer()
    engine = tokenizer._ready.engine
    tokenize = remembered.remembered(engine, json.loads(engine.to_str()))
    for seed in range(5):
        found = [" ".join(random.Random(seed).choices("abcdefghij", k=3)) for _ in range(9)]
        assert_same(engine, tokenize, [*found, *(f"{seed}{n}" for n in range(30))])


def test_words_begin_where_the_engine_says():
    engine = tiny_tokenizer()._ready.engine
    found = tokens_of(engine, ["hated it", "", "we"])
    assert found.lengths.tolist() == [2, 0, 1]
    found = tokens_of(engine, ["goodly!"])
    assert found.starts_word.tolist() == [True, False, True]
