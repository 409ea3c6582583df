"""Unigram in a TensorFlow graph gives what the Rust library gives."""

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_bert_zoo.tokenizers import Tokenizer
from tests.paths import data_path
from tests.tokenizers.graph_parity import TEXTS, Pair, code_points, hard_texts, specification_of
from tests.tokenizers.tiny_folders import write

pytestmark = pytest.mark.any_backend
tf = pytest.importorskip("tensorflow", reason="the graph is TensorFlow's")

from keras_bert_zoo.tokenizers.graph.byte_bpe import ByteBPE  # noqa: E402
from keras_bert_zoo.tokenizers.graph.charsmap import entries  # noqa: E402
from keras_bert_zoo.tokenizers.graph.graphemes import one_entry  # noqa: E402
from keras_bert_zoo.tokenizers.graph.unigram import Unigram  # noqa: E402

REAL = ("real xlm-roberta", "real deberta-v3")
SLOW = ("deberta-v2, lower, punctuation", "xlm-roberta", "camembert", "xlnet")
PAIRS = (
    "albert",
    *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW),
    *(pytest.param(name, marks=[pytest.mark.real, pytest.mark.slow]) for name in REAL),
)
# What Rust takes for clusters, and how it replaces them, is the hardest part.
CLUSTERS = st.lists(
    st.text(
        st.sampled_from(
            "aeo \r\n\u0301\u0302\u0308\u0327\u0323\u200d\ufe0f©®\u0600\u070f\u0915\u094d\u0958"
            "\u1100\u1161\u11a8\uac00\u2122ﬁ½ﷺ\uff76\uff9e\u3099\u00ad\x01\x7f\u3164\u1160\u200b🇫😀'`▁"
        ),
        max_size=9,
    ),
    min_size=1,
    max_size=60,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("folder")


def specification(name, folder):
    if name == "real xlm-roberta":
        return json.loads(data_path("vocab", "xlm-roberta", "tokenizer.json").read_text())
    if name == "real deberta-v3":
        (folder / "spm.model").symlink_to(data_path("vocab", "deberta-v3", "spm.model"))
        write(folder, {"config.json": {"model_type": "deberta-v2"}})
        return Tokenizer.from_folder(folder).specification()
    return specification_of(name, folder / name)


@pytest.fixture(scope="module", params=PAIRS)
def pair(request, folder):
    found = specification(request.param, folder)
    return Pair(Unigram, {**found, "truncation": None, "padding": None})


def test_hard_strings(pair):
    pair.check(hard_texts())


def test_a_text_of_which_nothing_is_left(pair):
    for text in ("\x01", "\x7f\x08", "\u200b", "\ufeff"):
        pair.check([text])  # a batch of its own


@settings(deadline=None, max_examples=12, derandomize=True, database=None)
@given(texts=TEXTS)
def test_any_texts(pair, texts):
    pair.check(texts)


@settings(deadline=None, max_examples=12, derandomize=True, database=None)
@given(texts=CLUSTERS)
def test_clusters(pair, texts):
    pair.check(texts)


@pytest.mark.slow
def test_every_character(pair):
    pair.check(code_points())


def test_bytes_that_are_no_text(pair):
    good = ["", "a\ufffdb", "nul\0nul", "\0", " "]
    assert pair.ids([b"", b"a\xffb", b"nul\0nul", b"\0", b" "]) == [
        encoding.ids for encoding in pair.rust.encode_batch(good, add_special_tokens=False)
    ]


def test_without_a_graph(pair):
    pair.check_eagerly([text for text in hard_texts() if len(text) < 200])


def test_an_empty_batch(pair):
    assert pair.ids(tf.zeros([0], tf.string)) == []
    assert pair.ids(["", ""]) == [[], []]


@pytest.mark.slow
def test_a_long_word(pair):
    pair.check(["".join("etaoin☃"[i * i % 11 % 7] for i in range(3000)), "short"])


def tiny(pieces, unk_id=0, **parts):
    model = {"type": "Unigram", "vocab": pieces, "unk_id": unk_id}
    pre_tokenizer = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never"}
    return {
        "version": "1.0",
        "added_tokens": [],
        "model": model,
        "pre_tokenizer": pre_tokenizer,
        **parts,
    }


def test_equal_scores():
    pieces = [["<unk>", 0.0], ["a", -1.0], ["aa", -2.0], ["aaa", -3.0], ["b", -0.1], ["ab", -1.1]]
    pair = Pair(Unigram, tiny(pieces))
    pair.check(["a" * size for size in range(12)] + ["aabab", "abaab☃☃b☃", "☃" * 9])


def test_scores_that_single_precision_cannot_tell_apart():
    pieces = [["?", 0.0], ["a", -1.0], ["b", -1.0], ["ab", -2.0 - 1e-12], ["ba", -2.0 + 1e-12]]
    Pair(Unigram, tiny(pieces)).check(["ab", "ba", "abab", "baba", "aabb"])


def test_an_unknown_piece_that_is_written_out():
    pieces = [["<unk>", 0.0], ["a", -1.0], ["☃", -3.0]]
    Pair(Unigram, tiny(pieces)).check(["<unk>", "x<unk>y", "a<unk><unk>a", "☃x☃", "<unk"])


@pytest.mark.parametrize(
    "scheme", ["first", *(pytest.param(s, marks=pytest.mark.slow) for s in ("always", "never"))]
)
def test_marks(scheme):
    pieces = [["<unk>", 0.0], ["▁", -1.0], ["a", -1.0], ["▁a", -1.5], ["b", -2.0]]
    pre_tokenizer = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme}
    if scheme == "first":
        parts = tiny(pieces, pre_tokenizer={**pre_tokenizer, "split": False})
        Pair(Unigram, parts).check(MARKED)
    pair = Pair(Unigram, tiny(pieces, pre_tokenizer=pre_tokenizer))
    pair.check(MARKED)
    rows = pair.engine.ids(tf.constant(["a", "a"]), tf.constant([True, False])).to_list()
    assert rows == {"always": [[3], [3]], "first": [[3], [2]], "never": [[2], [2]]}[scheme]


MARKED = ["a b", " a", "▁a", "a▁▁b", "  ", "▁", "a  ", ""]


def replace(pattern, content, kind="String"):
    return {"type": "Replace", "pattern": {kind: pattern}, "content": content}


@pytest.mark.parametrize(
    "normalizer",
    [
        replace("''", '"'),
        replace("aba", "b"),
        replace("ab", ""),
        pytest.param(replace("a", " "), marks=pytest.mark.slow),
        replace(" {2,}", "▁", "Regex"),
        pytest.param(replace(r"\s+", " ", "Regex"), marks=pytest.mark.slow),
        {"type": "Strip", "strip_left": True, "strip_right": True},
        pytest.param({"type": "NFKC"}, marks=pytest.mark.slow),
        pytest.param({"type": "NFD"}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_normalizers(normalizer):
    pieces = [["<unk>", 0.0], *([character, -1.0] for character in "ab\"'▁")]
    if normalizer.get("pattern") == {"String": "aba"}:
        with pytest.raises(ValueError, match="'aba'"):
            Unigram(tiny(pieces, normalizer=normalizer), "core")
        return
    texts = [
        "",
        "''",
        "'''a''''",
        " ab  ab ",
        "\t\n a b  b\u3000",
        "ababab",
        "é\u0323\u0301ﬁa\u0308",
    ]
    Pair(Unigram, tiny(pieces, normalizer=normalizer)).check([*texts, *hard_texts()[:60]])


def test_entries_of_a_charsmap():
    assert entries(one_entry("né".encode(), "ну".encode())) == {"né": "ну"}
    assert entries(b"") == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": {"byte_fallback": True}}, "pieces of bytes"),
        ({"model": {"unk_id": None}}, "no unknown piece"),
        ({"model": {"vocab": [["a", 50.0]]}}, "scores so high"),
        ({"pre_tokenizer": {"type": "Digits", "individual_digits": True}}, "pre-tokenizer.*Digits"),
        ({"normalizer": {"type": "Nmt"}}, "normalizer Nmt"),
        ({"normalizer": replace("[ab]", "", "Regex")}, r"regular expression '\[ab\]'"),
    ],
)
def test_what_is_not_known_is_refused(changes, message):
    found = tiny([["a", 0.0]])
    for part, values in changes.items():
        found[part] = {**(found.get(part) or {}), **values}
    with pytest.raises(ValueError, match=message):
        Unigram(found, "core")


LOADED = """
import json, sys
import tensorflow as tf
folder, texts = sys.argv[1], json.load(open(sys.argv[2]))
loaded = tf.saved_model.load(folder)
print(json.dumps([f(texts).to_list() for f in (loaded.bpe, loaded.unigram)]))
assert not {"keras_bert_zoo", "tensorflow_text", "tokenizers"} & set(sys.modules)
"""


def ids_alone(engine):
    signature = [tf.TensorSpec([None], tf.string)]
    return tf.function(lambda texts: engine.ids(texts, tf.ones_like(texts, tf.bool)), signature)


def test_saved_models_in_a_process_with_tensorflow_alone(folder):
    pairs = [
        Pair(ByteBPE, specification_of("roberta", folder / "saved bpe")),
        Pair(Unigram, specification_of("albert", folder / "saved unigram")),
    ]
    module = tf.Module()
    module.engines = [pair.engine for pair in pairs]
    for name, engine in zip(("bpe", "unigram"), module.engines):
        setattr(module, name, ids_alone(engine))
    tf.saved_model.save(module, str(folder / "saved"))
    texts = [text for text in hard_texts() if len(text) < 1000]
    (folder / "texts.json").write_text(json.dumps(texts))
    command = [sys.executable, "-c", LOADED, str(folder / "saved"), str(folder / "texts.json")]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [pair.ids(texts) for pair in pairs]
