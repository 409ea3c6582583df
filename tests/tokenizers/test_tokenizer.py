"""The tokenizer's own promises, on a vocabulary of a few words."""

import copy
import doctest
import json
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from keras_bert_zoo.tokenizers import Encoding, Tokenizer, tokenizer, wordpiece

TOKENS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "un",
    "##known",
    "cat",
    "a",
    "##b",
    "é",
    ".",
]
UNK, CLS, SEP, MASK = 1, 2, 3, 4
TEXTS = ["unknown cat", "", "CAT [MASK].", "É 😀 ab"]


@pytest.fixture
def small():
    return Tokenizer.from_vocabulary(TOKENS)


def specification(**changes):
    return {**json.loads(wordpiece.wordpiece(TOKENS).to_str()), **changes}


def write(path, value):
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def assert_same(one, other):
    assert one(TEXTS) == other(TEXTS)
    assert one.vocabulary() == other.vocabulary()
    assert one.special_ids == other.special_ids
    assert [one.pad_id, one.mask_id] == [other.pad_id, other.mask_id]


# ---------------------------------------------------------------- encoding


def test_encode(small):
    encoding = small.encode("Unknown [MASK]", "cat")
    assert encoding == Encoding(
        ids=[CLS, 5, 6, MASK, SEP, 7, SEP],
        tokens=["[CLS]", "un", "##known", "[MASK]", "[SEP]", "cat", "[SEP]"],
        offsets=[(0, 0), (0, 2), (2, 7), (8, 14), (0, 0), (0, 3), (0, 0)],
        word_ids=[None, 0, 0, 1, None, 0, None],
        segment_ids=[0, 0, 0, 0, 0, 1, 1],
        sequence_ids=[None, 0, 0, 0, None, 1, None],
        special_tokens_mask=[1, 0, 0, 0, 1, 0, 1],
    )
    assert len(encoding) == 7
    with pytest.raises(AttributeError):
        encoding.ids = []


def test_call(small):
    assert small("a") == [CLS, 8, SEP]
    assert small(["a", ""]) == [[CLS, 8, SEP], [CLS, SEP]]
    assert small("a", "cat") == [CLS, 8, SEP, 7, SEP]
    assert small(["a"], ["cat"]) == [[CLS, 8, SEP, 7, SEP]]


def test_without_special_tokens(small):
    assert small.encode("a", add_special_tokens=False).ids == [8]
    assert small.encode_batch(["a"], ["cat"], add_special_tokens=False)[0].ids == [8, 7]
    assert small.ids_batch(["a", "", "[CLS]"]) == [[8], [], [CLS]]
    assert small.tokenize("ab Dog") == ["a", "##b", "[UNK]"]


def test_empty_text_of_a_pair_is_a_text(small):
    assert small.encode("", "").ids == [CLS, SEP, SEP]


def test_nothing_to_encode(small):
    assert small([]) == small.ids_batch([]) == small.encode_batch([]) == []
    assert small.encode_batch([], []) == small.encode_words_batch([]) == []
    assert small.encode_words([]).ids == [CLS, SEP]


def test_offsets_count_characters(small):
    assert small.encode("😀 é e\u0301 cat", add_special_tokens=False).offsets == [
        (0, 1),
        (2, 3),
        (4, 5),
        (7, 10),
    ]


def test_words(small):
    words = ["Unknown", "", "\x00", "cat.", "a"]
    encoding = small.encode_words(words)
    assert encoding.word_ids == [None, 0, 0, 3, 3, 4, None]
    assert encoding.offsets[1:-1] == [(0, 2), (2, 7), (0, 3), (3, 4), (0, 1)]
    pair = small.encode_words(["a"], ["cat", "a"])
    assert pair.word_ids == [None, 0, None, 0, 1, None]
    assert small.encode_words_batch([words, ["a"]])[0] == encoding


@pytest.mark.parametrize("text", ["a\ud800b", "\udfff", "cat \ud83d\ude00 cat", "\ud800" * 3])
def test_lone_surrogates_are_replacement_characters(small, text):
    clean = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    assert len(clean) == len(text)
    assert small.encode(text) == small.encode(clean)
    assert small.encode("a", text) == small.encode("a", clean)
    assert small.ids_batch(["a", text]) == small.ids_batch(["a", clean])
    assert small.encode_words(["a", text]) == small.encode_words(["a", clean])
    assert small.encode("\ud800 cat").offsets[1] == (2, 5)


@pytest.mark.parametrize("sort", [list, tuple, iter, np.array, lambda texts: np.array(texts, "O")])
def test_texts_come_in_any_iterable(small, sort):
    assert small.ids_batch(sort(["a", "cat"])) == [[8], [7]]


@pytest.mark.parametrize("bad", [None, float("nan"), b"cat", ["cat"], 7, np.float64("nan")])
def test_what_is_no_text_is_named(small, bad):
    for call in (small.ids_batch, small.encode_batch, small, small.encode_words):
        with pytest.raises(TypeError, match=rf"\[1\].*{type(bad).__name__}.*expected a str"):
            call(["cat", bad])
    with pytest.raises(TypeError, match=r"pairs\[1\]"):
        small.encode_batch(["a", "a"], ["cat", bad])
    with pytest.raises(TypeError, match=r"\[0\]"):
        small.encode(bad)


def test_what_is_no_list_is_named(small):
    for call in (small.ids_batch, small.encode_batch, small.encode_words, small.add_tokens):
        for bad in ("cat", b"cat", None, 7):
            with pytest.raises(TypeError, match="expected a list of str"):
                call(bad)
    with pytest.raises(ValueError, match="2 texts but 1 pairs"):
        small.encode_batch(["a", "a"], ["cat"])


# ---------------------------------------------------------------- decoding


def test_decode(small):
    ids = [CLS, 5, 6, 7, SEP, 0, 0]
    for sort in (list, tuple, np.array, keras.ops.convert_to_tensor):
        assert small.decode(sort(ids)) == "unknown cat"
    assert small.decode(ids, skip_special_tokens=False) == "[CLS] unknown cat [SEP] [PAD] [PAD]"
    assert small.decode([]) == ""
    assert small.decode([7, 10**6]) == "cat"
    assert small.decode_batch([[7], []]) == ["cat", ""]
    assert small.decode_batch(np.array([[7, 0], [8, 9]])) == ["cat", "ab"]


@pytest.mark.parametrize("bad", [[-100], [[7]], [1.5], 7, ["cat"]])
def test_what_cannot_be_decoded(small, bad):
    with pytest.raises(ValueError, match="integers of 0 or more"):
        small.decode(bad)


# ---------------------------------------------------------------- vocabulary


def test_facts(small):
    assert small.vocabulary_size == len(TOKENS)
    assert small.vocabulary() == {token: index for index, token in enumerate(TOKENS)}
    assert small.special_ids == (0, 1, 2, 3, 4)
    assert [small.pad_id, small.unk_id, small.cls_id, small.sep_id, small.mask_id] == [
        0,
        1,
        2,
        3,
        4,
    ]
    assert [small.pad_token, small.mask_token] == ["[PAD]", "[MASK]"]
    assert (small.token_to_id("cat"), small.token_to_id("dog")) == (7, None)
    assert small.id_to_token(7) == small.id_to_token(np.int64(7)) == "cat"
    assert small.id_to_token(99) is small.id_to_token(-1) is None


def test_add_tokens(small):
    assert small.add_tokens(["<x>", "cat", "<y>"]) == 2
    assert small.vocabulary_size == len(TOKENS) + 2
    assert small.add_tokens(["<x>"]) == 0
    assert small.add_tokens(["<S>"], special=True) == 1
    assert small.ids_batch(["a<S><x>a <s>"])[0][:3] == [8, 14, 12]
    assert small.decode([8, 14]) == "a"
    assert small.special_ids == (0, 1, 2, 3, 4, 14)
    assert small.encode("cat <x>").offsets == [(0, 0), (0, 3), (4, 7), (0, 0)]


def test_a_token_written_twice():
    twice = Tokenizer.from_vocabulary([*TOKENS, "cat", "dog"])
    assert twice.token_to_id("cat") == len(TOKENS)
    assert twice.vocabulary_size == len(TOKENS) + 2  # rows of an embedding, not tokens
    with pytest.raises(ValueError, match="written twice"):
        twice.add_tokens(["<x>"])
    assert twice.add_tokens(["dog"]) == 0


def test_special_tokens_the_vocabulary_lacks():
    with pytest.warns(UserWarning, match=r"lacks the special tokens \['\[PAD\]', '\[MASK\]'\]"):
        short = Tokenizer.from_vocabulary(["[UNK]", "[CLS]", "[SEP]", "a"])
    assert (short.pad_id, short.mask_id, short.vocabulary_size) == (4, 5, 6)
    with pytest.raises(ValueError, match=r"lacks the unknown token '\[UNK\]'"):
        Tokenizer.from_vocabulary(["[CLS]", "[SEP]", "a"])


def test_other_special_tokens(tmp_path):
    tokens = ["<s>", "</s>", "<unk>", "a"]
    special = {"cls": "<s>", "sep": "</s>", "unk": "<unk>", "pad": None, "mask": None}
    other = Tokenizer.from_vocabulary(tokens, special_tokens=special)
    assert other("a b") == [0, 3, 2, 1]
    assert other.pad_id is other.mask_token is None
    other.save(tmp_path)
    assert_same(other, Tokenizer.from_folder(tmp_path))
    found = Tokenizer.from_file(tmp_path / "tokenizer.json")
    assert (found.cls_token, found.sep_token, found.pad_token) == ("<s>", "</s>", None)
    with pytest.raises(ValueError, match="'<pad>' is not in the vocabulary"):
        Tokenizer.from_file(tmp_path / "tokenizer.json", special_tokens={"pad": "<pad>"})
    with pytest.raises(ValueError, match="needs a cls token"):
        Tokenizer.from_vocabulary(tokens, special_tokens={"unk": "<unk>", "cls": None})
    with pytest.raises(ValueError, match=r"\['bos'\]; expected roles"):
        Tokenizer(special_tokens={"bos": "<s>"})


def test_options():
    def ids(text, **options):
        return Tokenizer.from_vocabulary([*TOKENS, "É", "e"], **options).ids_batch([text])[0]

    assert ids("É") == [13]
    assert ids("É", strip_accents=False) == [10]
    assert ids("É", lowercase=False) == [12]
    assert Tokenizer.from_vocabulary([*TOKENS, "É"], False, True).tokenize("É") == ["[UNK]"]
    assert ids("É", lowercase=False, strip_accents=True) == [UNK]
    assert ids("abb", max_characters_per_word=2) == [UNK]
    assert ids("a\x00b") == [8, 9]
    assert ids("a\x00b", clean_text=False) == [UNK]


# ---------------------------------------------------------------- files


def test_vocabulary_files(tmp_path, small):
    path = tmp_path / "vocab.txt"
    for end in ("\n", "\r\n", " \n", "\u3000\n"):
        path.write_bytes((end.join(TOKENS) + end).encode())
        assert_same(Tokenizer.from_vocabulary(path), small)
        assert_same(Tokenizer.from_vocabulary(str(path)), small)
        assert_same(Tokenizer.from_folder(tmp_path), small)
    write(path, "\n".join([*TOKENS, "\u2028", "##x\u2028", "y\x1c", "", ""]))
    odd = Tokenizer.from_vocabulary(path)
    assert [odd.token_to_id(token) for token in ("", "##x", "y\x1c")] == [15, 13, 14]
    assert odd.vocabulary_size == len(TOKENS) + 4


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"\xff\xfe[\x00", "not UTF-8"),
        (b"\xef\xbb\xbf[PAD]\n[UNK]\n", "byte order mark"),
        (b"a\nb\n", "lacks the unknown token"),
    ],
)
def test_unusable_vocabulary_files(content, message, tmp_path):
    (tmp_path / "vocab.txt").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        Tokenizer.from_vocabulary(tmp_path / "vocab.txt")


def test_missing_files(tmp_path):
    missing = tmp_path / "nowhere"
    with pytest.raises(FileNotFoundError, match=r"nowhere.*expected a vocab\.txt"):
        Tokenizer.from_vocabulary(missing)
    with pytest.raises(FileNotFoundError, match=r"nowhere.*expected a tokenizer\.json"):
        Tokenizer.from_file(missing)
    with pytest.raises(FileNotFoundError, match=r"nowhere has no tokenizer\.json.*no folder"):
        Tokenizer.from_folder(missing)
    write(tmp_path / "odd.model", "")
    with pytest.raises(FileNotFoundError, match=r"found \['odd\.model'\].*spiece\.model \(XLNet"):
        Tokenizer.from_folder(tmp_path)
    for method in (Tokenizer.from_vocabulary, Tokenizer.from_file):
        with pytest.raises(ValueError, match="is a folder"):
            method(tmp_path)
    with pytest.raises(TypeError, match=r"vocabulary\[1\] is 7"):
        Tokenizer.from_vocabulary(["a", 7])


def test_vocabulary_of_another_kind_of_tokenizer(tmp_path):
    write(tmp_path / "vocab.txt", "\n".join(TOKENS))
    write(tmp_path / "tokenizer_config.json", {"tokenizer_class": "BertJapaneseTokenizer"})
    with pytest.raises(FileNotFoundError, match="BertJapaneseTokenizer"):
        Tokenizer.from_folder(tmp_path)


UNUSABLE = {
    "not JSON": "{",
    "not an object": "[1]",
    "nested too deep": "[" * 100_000,
    "a number too long": "[" + "1" * 10_000 + "]",
    "no model": "{}",
    "no such model": specification(model={"type": "Telepathy"}),
    "negative id": specification(model={**specification()["model"], "vocab": {"[UNK]": -1}}),
    "panic on reading": specification(
        normalizer={"type": "Precompiled", "precompiled_charsmap": "AAAA"}
    ),
    "panic on a text": specification(
        post_processor={
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}],
            "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}],
            "special_tokens": {},
        }
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_unusable_specifications(case, tmp_path):
    path = write(tmp_path / "tokenizer.json", UNUSABLE[case])
    for method, argument in ((Tokenizer.from_file, path), (Tokenizer.from_folder, tmp_path)):
        with pytest.raises(ValueError, match=r"tokenizer\.json"):
            method(argument)


def padding(**changes):
    usual = {"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None}
    return {**usual, "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]", **changes}


@pytest.mark.parametrize(
    "section",
    [
        {"padding": padding(strategy={"Fixed": 2**62})},
        {"padding": padding(pad_to_multiple_of=2**62)},
        {"padding": padding(pad_to_multiple_of=0)},
        {"padding": padding(strategy={"Fixed": -1})},
        {"padding": "nonsense"},
        {"truncation": {"direction": "Right", "max_length": 1, "strategy": "x", "stride": 9}},
    ],
)
def test_padding_and_truncation_in_a_file_are_left_out(section, tmp_path, small):
    write(tmp_path / "tokenizer.json", specification(**section))
    assert_same(Tokenizer.from_file(tmp_path / "tokenizer.json"), small)
    write(tmp_path / "tokenizer_config.json", {"tokenizer_class": "BertTokenizer"})
    assert_same(Tokenizer.from_folder(tmp_path), small)
    empty = Tokenizer()
    empty.load_assets(str(tmp_path))
    assert_same(empty, small)


@pytest.mark.parametrize(
    "config",
    ["{", "[]", {"do_lower_case": "yes"}, {"tokenize_chinese_chars": None},
     {"added_tokens_decoder": ["a"]}, {"added_tokens_decoder": {"1": {"id": 1}}}],
)  # fmt: skip
def test_unusable_configs(config, tmp_path):
    write(tmp_path / "vocab.txt", "\n".join(TOKENS))
    write(tmp_path / "tokenizer_config.json", config)
    with pytest.raises(ValueError, match=r"tokenizer_config\.json"):
        Tokenizer.from_folder(tmp_path)


def test_save(tmp_path, small):
    small.add_tokens(["<x>"])
    small.save(tmp_path / "new" / "folder")
    files = sorted(path.name for path in (tmp_path / "new" / "folder").iterdir())
    assert files == ["tokenizer.json", "tokenizer_config.json"]
    assert_same(Tokenizer.from_folder(tmp_path / "new" / "folder"), small)
    assert_same(Tokenizer.from_file(tmp_path / "new" / "folder" / "tokenizer.json"), small)


def test_a_failed_save_leaves_the_old_files(tmp_path, small, monkeypatch):
    small.save(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    small.add_tokens(["<x>"])
    monkeypatch.setattr(tokenizer.os, "replace", lambda *paths: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        small.save(tmp_path)
    assert before == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


# ---------------------------------------------------------------- a layer


class Model(keras.Model):
    """A functional model that keeps its tokenizer."""

    def __init__(self, tokenizer=None, name=None):
        token_ids = keras.Input((None,), dtype="int32", name="token_ids")
        hidden = keras.layers.Embedding(len(TOKENS) + 1, 4, name="embedding")(token_ids)
        outputs = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling1D()(hidden))
        super().__init__(token_ids, outputs, name=name)
        self.tokenizer = tokenizer or Tokenizer()

    def get_config(self):
        return {"tokenizer": keras.saving.serialize_keras_object(self.tokenizer)}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(keras.saving.deserialize_keras_object(config["tokenizer"]))


def load(path):
    return keras.models.load_model(path, custom_objects={"Model": Model})


def test_config_is_small(small):
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(small)))
    assert "cat" not in json.dumps(config)
    empty = keras.saving.deserialize_keras_object(config)
    assert (empty.name, empty.is_loaded) == (small.name, False)
    assert empty.built
    assert not empty.weights


def test_model_takes_its_tokenizer_along(tmp_path, small):
    small.add_tokens(["<x>"])
    model = Model(small)
    x = np.array(model.tokenizer(["cat a", "unknown"]))
    model.compile("sgd", "mse")
    model.fit(x, np.zeros((2, 2)), verbose=0)
    model.save(tmp_path / "model.keras")
    again = load(tmp_path / "model.keras")
    assert_same(again.tokenizer, small)
    np.testing.assert_array_equal(model.predict(x, verbose=0), again.predict(x, verbose=0))
    again.save(tmp_path / "again.keras")
    assert_same(load(tmp_path / "again.keras").tokenizer, small)
    model.save_weights(tmp_path / "model.weights.h5")
    again.load_weights(tmp_path / "model.weights.h5")
    assert again.tokenizer("cat") == [CLS, 7, SEP]


def test_model_works_around_its_tokenizer(small, capsys):
    model = Model(small)
    assert small in model._flatten_layers()
    assert len(model.weights) == 3
    model.summary()
    model.trainable = False
    x = np.zeros((2, 3), "int32")
    if keras.backend.backend() == "jax":
        values = [
            [variable.value for variable in variables]
            for variables in (model.trainable_variables, model.non_trainable_variables)
        ]
        outputs, _ = model.stateless_call(*values, x)
        assert outputs.shape == (2, 2)
    model.quantize("int8")
    assert model.predict(x, verbose=0).shape == (2, 2)


def test_model_with_an_empty_tokenizer(tmp_path):
    Model().save(tmp_path / "model.keras")
    assert not load(tmp_path / "model.keras").tokenizer.is_loaded


def test_other_special_tokens_stay_in_the_model(tmp_path):
    other = Tokenizer.from_vocabulary([*TOKENS, "<m>"], special_tokens={"mask": "<m>", "pad": None})
    Model(other).save(tmp_path / "model.keras")
    loaded = load(tmp_path / "model.keras").tokenizer
    assert (loaded.mask_id, loaded.pad_id) == (len(TOKENS), None)
    other.save_assets(tmp_path)
    bare = Tokenizer()  # made without a config: the assets suffice
    bare.load_assets(tmp_path)
    assert (bare.mask_id, bare.pad_id) == (len(TOKENS), None)


def test_assets_that_are_broken(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"tokenizer\.json does not exist"):
        Tokenizer().load_assets(tmp_path)
    write(tmp_path / "tokenizer.json", "{")
    with pytest.raises(ValueError, match="is not JSON"):
        Tokenizer().load_assets(tmp_path)


def test_an_empty_tokenizer_says_so(tmp_path):
    empty = Tokenizer(name="mine")
    for use in (
        lambda: empty("a"),
        lambda: empty.ids_batch([]),
        lambda: empty.decode([1]),
        lambda: empty.pad_id,
        lambda: empty.vocabulary_size,
        lambda: empty.add_tokens(["a"]),
        lambda: empty.save(tmp_path),
    ):
        with pytest.raises(ValueError, match="The tokenizer 'mine' is empty: make one with"):
            use()
    assert not copy.deepcopy(empty).is_loaded


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_copies(small, duplicate):
    small.add_tokens(["<x>"])
    other = duplicate(small)
    assert_same(other, small)
    assert other.name == small.name
    other.add_tokens(["<y>"])
    assert other.vocabulary_size == small.vocabulary_size + 1


def test_threads(small):
    texts = ["unknown cat ab é \ud800"] * 50
    expected = small.ids_batch(texts)

    def work(index):
        if index % 8 == 0:
            small.add_tokens([f"<{index}>"])
        return small.ids_batch(texts)

    with ThreadPoolExecutor(8) as pool:
        assert all(ids == expected for ids in pool.map(work, range(200)))


def test_importing_is_cheap():
    heavy = ("tokenizers", "transformers", "sentencepiece")
    code = f"import sys, keras_bert_zoo.tokenizers; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ImportError, match="pip install tokenizers"):
        Tokenizer.from_vocabulary(TOKENS)


@pytest.mark.parametrize("module", [tokenizer, wordpiece])
def test_examples_in_docstrings(module):
    assert doctest.testmod(module).failed == 0
