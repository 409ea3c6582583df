"""Byte-level BPE in a TensorFlow graph gives what the Rust library gives."""

import json

import pytest
from hypothesis import given, settings

from tests.paths import data_path
from tests.tokenizers.graph_parity import TEXTS, Pair, code_points, hard_texts, specification_of

pytestmark = pytest.mark.any_backend
tf = pytest.importorskip("tensorflow", reason="the graph is TensorFlow's")

from keras_bert_zoo.tokenizers.graph.byte_bpe import ByteBPE  # noqa: E402

REAL = {"real roberta": "roberta/roberta-base.json", "real modernbert": "modernbert/tokenizer.json"}
PAIRS = (
    "roberta, spaced",
    "composed",
    pytest.param("roberta", marks=pytest.mark.slow),
    *(pytest.param(name, marks=pytest.mark.real) for name in REAL),
)
LETTERS = {chr(p): p for p in [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x144)]}


def tiny(merges, **settings):
    """A tokenizer.json of the 256 bytes and what merges of them make."""
    vocabulary = dict(LETTERS)
    for left, right in merges:
        vocabulary.setdefault(left + right, 1000 + len(vocabulary))
    model = {"type": "BPE", "vocab": vocabulary, "merges": merges, **settings}
    pre_tokenizer = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    return {"version": "1.0", "added_tokens": [], "model": model, "pre_tokenizer": pre_tokenizer}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("folder")


@pytest.fixture(scope="module", params=PAIRS)
def pair(request, folder):
    if request.param in REAL:
        specification = json.loads(data_path("vocab", REAL[request.param]).read_text())
        specification["model"]["type"] = "BPE"
    elif request.param == "composed":
        # As ModernBERT's.
        specification = {**specification_of("deberta", folder / "c"), "normalizer": {"type": "NFC"}}
    else:
        specification = specification_of(request.param, folder / request.param)
    return Pair(ByteBPE, {**specification, "truncation": None, "padding": None})


def test_hard_strings(pair):
    pair.check(hard_texts())


@settings(deadline=None, max_examples=12, derandomize=True, database=None)
@given(texts=TEXTS)
def test_any_texts(pair, texts):
    pair.check(texts)


@pytest.mark.slow
def test_every_character(pair):
    pair.check(code_points())


@pytest.mark.parametrize(
    "text",
    [
        "'s's'",
        "it's 's ''s 'sabc",
        "'ll'lx've're'v're",
        "x'",
        "'",
        "'d\n'm t'",
        "we'LL I'M",
        "12's't",
    ],
)
def test_contractions(pair, text):
    pair.check([text, f" {text}", f"{text} ", f"\n{text}\t"])


def test_bytes_that_are_no_text(pair):
    good = ["", "a\ufffdb", "\ufffd", "nul\0nul", "\0"]
    assert pair.ids([b"", b"a\xffb", b"\xff", b"nul\0nul", b"\0"]) == [
        encoding.ids for encoding in pair.rust.encode_batch(good, add_special_tokens=False)
    ]
    assert pair.ids([""]) == [[]]


def test_without_a_graph(pair):
    pair.check_eagerly([text for text in hard_texts() if len(text) < 200])


def test_an_empty_batch(pair):
    assert pair.ids(tf.zeros([0], tf.string)) == []


def test_a_long_word(pair):
    word = "".join("etaoin"[i * i % 11 % 6] for i in range(10_000))
    pair.check([word, "a" * 10_000, "short", "\u0301" * 3000])


MERGES = {
    "learnt": [["a", "a"], ["aa", "a"], ["aa", "aa"], ["b", "c"], ["a", "bc"]],
    "of a token before it is made": [["ab", "c"], ["b", "ab"], ["a", "b"], ["c", "ab"]],
    "twice": [["a", "b"], ["b", "c"], ["a", "b"]],
    "several ways to a token": [["b", "c"], ["ab", "c"], ["a", "b"], ["a", "bc"]],
}


@pytest.mark.parametrize("name", MERGES)
def test_merges(name):
    pair = Pair(ByteBPE, tiny(MERGES[name]))
    texts = ["a" * size for size in range(12)]
    pair.check([*texts, "abc", "abcabcab", "babab", "aabcbc", "cabab abab ababab", "bcabcabbbcc"])


def test_whole_words_are_not_merged_where_the_model_says_so():
    specification = tiny([["a", "b"]], ignore_merges=True)
    specification["model"]["vocab"]["xyz"] = 5000
    pair = Pair(ByteBPE, specification)
    pair.check(["xyz", "xyzz", "abab"])
    assert pair.ids(["xyz"]) == [[5000]]
    assert len(Pair(ByteBPE, {**specification, "model": tiny([])["model"]}).ids(["xyz"])[0]) == 3


def test_texts_that_are_not_split():
    specification = tiny([["a", "b"], ["Ġ", "ab"]])
    specification["pre_tokenizer"].update(use_regex=False, add_prefix_space=True)
    Pair(ByteBPE, specification).check(["ab ab  ab\nab", " ab", "", "ab" * 50])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": {"dropout": 0.1}}, "dropout 0.1"),
        ({"model": {"end_of_word_suffix": "</w>"}}, "end_of_word_suffix '</w>'"),
        ({"model": {"continuing_subword_prefix": "##"}}, "continuing_subword_prefix"),
        ({"model": {"byte_fallback": True}}, "byte_fallback"),
        ({"model": {"vocab": {"a": 0}}}, "lacks 242 of the 243 bytes"),
        ({"pre_tokenizer": {"type": "Whitespace"}}, r"\['Whitespace'\].*ByteLevel"),
        ({"normalizer": {"type": "Nmt"}}, "normalizer Nmt"),
    ],
)
def test_what_is_not_known_is_refused(changes, message):
    specification = tiny([])
    for part, values in changes.items():
        specification[part] = {**(specification.get(part) or {}), **values}
    with pytest.raises(ValueError, match=message):
        ByteBPE(specification, "core")
