"""WordPiece as a TensorFlow graph: ids, offsets and words of the Rust engine, for every text."""

import functools
import json
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings

import keras_bert_zoo as kbz
from keras_bert_zoo.tokenizers.graph import code_points, graph_tokenizer
from keras_bert_zoo.tokenizers.graph.hard_texts import HARD_TEXTS
from tests.paths import ROOT, data_path
from tests.tiny import VOCABULARY, tiny_tokenizer
from tests.tokenizers.graphs import assert_same
from tests.tokenizers.hard_strings import HARD_STRINGS
from tests.tokenizers.parity import TEXT

tf = pytest.importorskip("tensorflow", reason="it runs the graph")
pytest.importorskip("tensorflow_text", reason='it runs the graph of ops="text"')
from keras_bert_zoo.tokenizers.graph.agreement import agreement  # noqa: E402

pytestmark = pytest.mark.any_backend

OPS = ("text", "core")
# Letters with marks, of several scripts, ideographs, jamo, and pieces that the tiny one lacks.
WORDS = [*VOCABULARY, *"é É ß я ## ##é ##\u0301 ##я 中 ##中 国 한 국 ☃ μ ##. [ ] un ##aff".split()]
WORDS += [
    "\u1112",
    "##\u1161",
    "##\u11ab",
    "i\u0307",
    "##\u0307",
    "\u0bc7",
    "##\u0bbe",
    "\U00010428",
]
SETTINGS = {
    "uncased": {},
    "cased": {"lowercase": False},
    "cased without accents": {"lowercase": False, "strip_accents": True},
    "uncased with accents": {"strip_accents": False},
    "ideographs within words": {"tokenize_chinese_chars": False},
    "control characters kept": {"clean_text": False, "lowercase": False},
    "short words only": {"max_characters_per_word": 4},
}
TEXTS = [*HARD_STRINGS.values(), *HARD_TEXTS]


def made(name="uncased", vocabulary=WORDS):
    vocabulary = list(dict.fromkeys(vocabulary)) if isinstance(vocabulary, list) else vocabulary
    return kbz.Tokenizer.from_vocabulary(vocabulary, **SETTINGS[name])


class Traced:
    """A graph that runs as a `tf.function`, as it does in a SavedModel."""

    def __init__(self, graph):
        signature = [tf.TensorSpec([None], tf.string)]
        self._call = tf.function(graph, input_signature=signature)
        self.ids = tf.function(graph.ids, input_signature=signature)

    def __call__(self, strings):
        return self._call(strings)


# Settings change how words are found, which is the same for both kinds of operations.
PAIRS = [*((name, "text") for name in SETTINGS), ("uncased", "core"), ("short words only", "core")]


@pytest.fixture(scope="module", params=PAIRS, ids=str)
def pair(request):
    """The graph and its tokenizer."""
    return made_of(*request.param)


@functools.cache
def made_of(name, ops):
    tokenizer = made(name)
    graph = graph_tokenizer(tokenizer, ops)
    assert graph.exact
    assert graph.agreement == 1.0
    # Tracing takes seconds: the other settings run operation by operation.
    return Traced(graph) if name == "uncased" else graph, tokenizer


def test_hard_texts(pair):
    assert_same(*pair, TEXTS)


def test_one_text_at_a_time(pair):
    for text in ("", "hello", "caf\u00e9", "[MASK]", "a" * 10_000, "\x00"):
        assert_same(*pair, [text])


def test_no_texts(pair):
    graph, _ = pair
    assert graph.ids(tf.constant([], tf.string)).to_list() == []
    assert [field.to_list() for field in graph(tf.constant([], tf.string))] == [[]] * 4


@pytest.mark.parametrize("ops", OPS)
def test_any_text(ops):
    graph, tokenizer = made_of("uncased", ops)

    @settings(max_examples=60, deadline=None)
    @given(TEXT, TEXT)
    def check(text, other):
        assert_same(graph, tokenizer, [text, other, f"{text}[MASK]{other}"])

    check()


@pytest.mark.skipif(not os.path.exists("/proc/self/clear_refs"), reason="reads Linux' peak memory")
def test_a_long_text_among_many_takes_no_memory_for_the_others(pair):
    """Nothing is of as many rows as there are texts, each as long as the longest."""
    graph, tokenizer = pair
    texts = ["a short text"] * 2_000 + ["unaffable words, [MASK] caf\u00e9 " * 10_000]
    graph.ids(tf.constant(texts[:1]))
    before = peak_memory(reset=True)
    assert_same(graph, tokenizer, texts)
    assert peak_memory() - before < 1.5e9


def peak_memory(reset=False):
    """The most bytes of memory that this process had, since the last reset."""
    if reset:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    with open("/proc/self/status") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith("VmHWM"))


def test_every_code_point(pair):
    """Within a word and between words: a sample of those that few have, but in one setting."""
    graph, tokenizer = pair
    is_first = tokenizer is made_of(*PAIRS[0])[1]
    points = [*range(0, 0xD800, 1 if is_first else 97), *range(0xE000, 0x110000, 97)]
    texts = [" ".join(f"a{chr(p)}b {chr(p)}" for p in points[i::300]) for i in range(300)]
    found = graph.ids(tf.constant([text.encode() for text in texts]))
    assert found.to_list() == tokenizer.ids_batch(texts)


def test_the_table_holds_for_text_in_normal_form():
    """What is normalized may be normalized again, which added tokens rely on."""
    for options in ({"lowercase": True}, {"lowercase": False}, {"strip_accents": False}):
        tokenizer = kbz.Tokenizer.from_vocabulary(WORDS[:60], **options)
        normalizer = tokenizer.specification()["normalizer"]
        table = code_points.table(normalizer)
        assert sum(array.nbytes for array in table) < 400_000
        assert code_points.table(normalizer) is table


ADDED = ["newword", "New York", "<ent>", "Zoë", "中文"]
AROUND = [
    "a newword NEWWORD newwórd newwords renewword",
    "New Yorker in NEW YORK\u00a0city new  york",
    "a <ent><ENT> b<ent>",
    "zoe Zoë zoë\u0301 ZOE\u0308 x",
    "学中文 中 文 中\u0301文",
    "newword[MASK]newword[MASK][MASK] newword  [MASK]",
    "\u0301newword\u0301",
]


@pytest.mark.parametrize(("name", "ops"), [("uncased", "text"), ("cased", "core")])
def test_added_tokens(name, ops):
    tokenizer = made(name)
    tokenizer.add_tokens(ADDED)
    tokenizer.add_tokens(["<special>", "<spec", "<special>s"], special=True)
    graph = graph_tokenizer(tokenizer, ops)
    texts = [*AROUND, "a<special>b<special>sc <spec> <SPECIAL> <specia", *TEXTS]
    assert_same(graph, tokenizer, texts)


@pytest.mark.parametrize("flag", ["lstrip", "rstrip"])
def test_added_tokens_that_take_white_space_along(flag):
    def change(token):
        return {**token, flag: True}

    tokenizer = changed(made(), change)
    texts = ["a [MASK] b", "a \n\u3000[MASK]\t\u00a0 b", "[MASK]  [MASK][SEP] [MASK]", " [MASK] "]
    assert_same(graph_tokenizer(tokenizer, "core"), tokenizer, [*texts, *HARD_TEXTS])


def changed(tokenizer, change, **parts):
    """A tokenizer with other added tokens, or other parts of its tokenizer.json."""
    specification = tokenizer.specification()
    specification["added_tokens"] = [change(token) for token in specification["added_tokens"]]
    specification.update(parts)
    from keras_bert_zoo.tokenizers import files

    return kbz.Tokenizer()._adopt(files.load(specification, "changed"))


def test_what_has_no_graph_is_told():
    tokenizer = made()
    with pytest.raises(ValueError, match="single_word"):
        graph_tokenizer(changed(tokenizer, lambda token: {**token, "single_word": True}))
    with pytest.raises(ValueError, match="normalizer is a BertNormalizer; this one's is NFC"):
        graph_tokenizer(changed(tokenizer, dict, normalizer={"type": "NFC"}))
    with pytest.raises(ValueError, match="pre_tokenizer is a BertPreTokenizer; this one's is None"):
        graph_tokenizer(changed(tokenizer, dict, pre_tokenizer=None))
    words = {"type": "WordLevel", "vocab": {"[UNK]": 0}, "unk_token": "[UNK]"}
    with pytest.raises(ValueError, match="whose model is WordLevel"):
        graph_tokenizer(changed(tokenizer, dict, model=words, added_tokens=[], post_processor=None))
    with pytest.raises(ValueError, match="expected one of"):
        graph_tokenizer(tokenizer, "fast")
    with pytest.raises(ValueError, match="shape"):
        graph_tokenizer(tokenizer, "core")("one text")


def test_a_missing_package_is_told(monkeypatch):
    import keras_bert_zoo.tokenizers.graph as package

    for module in ("fast_wordpiece", "graph_tokenizer"):
        monkeypatch.delitem(sys.modules, f"{package.__name__}.{module}", raising=False)
    monkeypatch.setitem(sys.modules, "tensorflow_text", None)
    with pytest.raises(ImportError, match=r"keras-bert-zoo\[tensorflow\].*ops=\"core\""):
        graph_tokenizer(tiny_tokenizer(), "text")
    assert graph_tokenizer(tiny_tokenizer(), "core").agreement == 1.0


@pytest.mark.parametrize("ops", OPS)
def test_not_utf_8(ops):
    texts = [
        b"a\xff\xfeb",
        b"\xed\xa0\x80x",
        b"\xf0\x9f\x98",
        b"caf\xe9 [MASK]",
        b"\xc0\xaf",
        b"ok",
    ]
    graph, tokenizer = made_of("uncased", ops)
    found = graph.ids(tf.constant(texts)).to_list()
    assert found == tokenizer.ids_batch([text.decode(errors="replace") for text in texts])


@pytest.mark.parametrize("ops", OPS)
def test_in_a_data_set(ops):
    texts = list(HARD_STRINGS.values())
    graph, tokenizer = made_of("uncased", ops)
    rows = tf.data.Dataset.from_tensor_slices([text.encode() for text in texts]).batch(50)
    found = [row for batch in rows.map(graph.ids) for row in batch.to_list()]
    assert found == tokenizer.ids_batch(texts)


def test_agreement_is_a_share():
    tokenizer = made()
    graph = graph_tokenizer(tokenizer, "core")
    assert agreement(graph, tokenizer) == 1.0
    assert agreement(graph.ids, made("cased"), ["a", "the", "The", "A"]) == 0.5
    graph.measure(made("cased"), ["a", "A"])
    assert (graph.agreement, graph.exact) == (0.5, False)


LOADER = """
import json, sys
import tensorflow as tf
folder, ops = sys.argv[1:]
if ops == "text":
    import tensorflow_text
texts, expected = json.load(open(folder + "/expected.json"))
model = tf.saved_model.load(folder + "/model")
tokens = model.tokenize(tf.constant([text.encode() for text in texts]))
assert tokens["ids"].to_list() == expected, "other ids"
assert tokens["starts"].row_lengths().numpy().tolist() == [len(ids) for ids in expected]
assert not [name for name in sys.modules if name.startswith(("keras_bert_zoo.", "tokenizers"))]
assert ("tensorflow_text" in sys.modules) == (ops == "text")
"""


@pytest.mark.parametrize("ops", OPS)
def test_in_a_saved_model(ops, tmp_path):
    tokenizer, texts = made(), TEXTS[:130]
    tokenizer.add_tokens(ADDED)
    module = tf.Module()
    module.graph = graph_tokenizer(tokenizer, ops)
    module.tokenize = tf.function(
        lambda texts: module.graph(texts)._asdict(),
        input_signature=[tf.TensorSpec([None], tf.string)],
    )
    tf.saved_model.save(module, str(tmp_path / "model"))
    (tmp_path / "expected.json").write_text(json.dumps([texts, tokenizer.ids_batch(texts)]))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", LOADER, str(tmp_path), ops]
    subprocess.run(command, check=True, env=environment, timeout=300)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "ops"), [("uncased", "text"), ("cased", "core")])
def test_each_and_every_code_point(name, ops):
    graph, tokenizer = made_of(name, ops)
    points = [*range(0xD800), *range(0xE000, 0x110000)]
    for place in range(0, len(points), 100_000):
        texts = [f"a{chr(p)}b {chr(p)}" for p in points[place : place + 100_000]]
        found = graph.ids(tf.constant([text.encode() for text in texts]))
        assert found.to_list() == tokenizer.ids_batch(texts)


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("ops", OPS)
@pytest.mark.parametrize(
    ("vocabulary", "name"),
    [
        ("bert-uncased", "uncased"),
        ("bert-cased", "cased"),
        ("bert-multilingual-cased", "cased"),
        ("bert-chinese", "cased"),
    ],
)
def test_real_vocabularies(vocabulary, name, ops):
    tokenizer = made(name, data_path("vocab", vocabulary, "vocab.txt"))
    graph = Traced(graph_tokenizer(tokenizer, ops))
    assert_same(graph, tokenizer, TEXTS)
    pieces = list(tokenizer.vocabulary())
    joined = [" ".join(pieces[place::700]) for place in range(700)]
    assert_same(graph, tokenizer, joined + ["".join(pieces[place::700]) for place in range(700)])
