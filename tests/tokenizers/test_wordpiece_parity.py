"""The same ids, tokens, offsets and words as the tokenizers of transformers, on hard strings."""

import itertools
import json
import unicodedata
import warnings

import pytest
from hypothesis import given, settings

from keras_bert_zoo.tokenizers import Tokenizer
from keras_bert_zoo.tokenizers import wordpiece as module
from keras_bert_zoo.tokenizers.added_tokens import FLAGS
from tests.paths import data_path
from tests.tokenizers.hard_strings import HARD_STRINGS
from tests.tokenizers.parity import SHORT, TEXT, ask, assert_same

pytestmark = pytest.mark.any_backend

transformers = pytest.importorskip("transformers", reason="transformers is the reference")

VOCABULARIES = {  # name -> does the checkpoint lower-case
    "bert-uncased": True,
    "bert-cased": False,
    "bert-multilingual-cased": False,
    "bert-chinese": False,
}
CASINGS = list(itertools.product((True, False), (None, True, False)))
WORDS = """
    [PAD] [UNK] [CLS] [SEP] [MASK] hello he ##llo a b Hello café cafe 中 国 中国 <pad> <s> </s>
    <new> ##ing . [ ] < >
"""
TOKENS = WORDS.split()


REAL = [pytest.param(name, marks=pytest.mark.real) for name in VOCABULARIES]


@pytest.fixture(scope="module", params=REAL)
def pair(request):
    """Ours and the reference, for one vocabulary with its own casing."""
    path = data_path("vocab", request.param, "vocab.txt")
    lowercase = VOCABULARIES[request.param]
    reference = transformers.BertTokenizerFast.from_pretrained(
        str(path.parent), do_lower_case=lowercase
    )
    return Tokenizer.from_vocabulary(path, lowercase=lowercase), reference


def test_hard_strings(pair):
    ours, reference = pair
    for name, text in HARD_STRINGS.items():
        assert_same(ours.encode(text), ask(reference, text), name)
        assert ours.ids_batch([text]) == [reference(text, add_special_tokens=False)["input_ids"]]
        assert ours.tokenize(text) == reference.tokenize(text), name


def test_all_ways_to_encode_agree(pair):
    ours, _ = pair
    texts = list(HARD_STRINGS.values())
    encodings = ours.encode_batch(texts)
    assert encodings == [ours.encode(text) for text in texts]
    assert [encoding.ids for encoding in encodings] == ours(texts)
    bare = ours.encode_batch(texts, add_special_tokens=False)
    assert [encoding.ids for encoding in bare] == ours.ids_batch(texts)


def plain(text):
    text = unicodedata.normalize("NFD", text.lower())
    return "".join(character for character in text if not unicodedata.combining(character))


def test_offsets_are_characters_of_the_caller(pair):
    ours, _ = pair
    for text in ("naïve 😀 Zürich 中国 x", "e\u0301a 👍🏽 b"):
        encoding = ours.encode(text, add_special_tokens=False)
        for token, (start, end) in zip(encoding.tokens, encoding.offsets):
            if token != ours.unk_token:
                assert plain(text[start:end]) == plain(token.removeprefix("##"))


def test_pairs(pair):
    ours, reference = pair
    texts = list(SHORT.values())
    others = texts[::-1]
    expected = ask(reference, texts, others)
    for index, encoding in enumerate(ours.encode_batch(texts, others)):
        assert encoding.ids == expected["input_ids"][index]
        assert encoding.offsets == expected["offset_mapping"][index]
        assert encoding.segment_ids == expected["token_type_ids"][index]
        assert encoding.word_ids == expected.word_ids(index)
        assert encoding.sequence_ids == expected.sequence_ids(index)


def test_words(pair):
    ours, reference = pair
    for name, text in SHORT.items():
        words = text.split(" ")
        assert_same(ours.encode_words(words), ask(reference, words, is_split_into_words=True), name)


def test_decode(pair):
    ours, reference = pair
    for name, text in HARD_STRINGS.items():
        ids = ours(text)
        for skip in (True, False):
            expected = reference.decode(ids, skip_special_tokens=skip)
            assert ours.decode(ids, skip_special_tokens=skip) == expected, name
    every = list(range(ours.vocabulary_size))
    assert ours.decode(every) == reference.decode(every, skip_special_tokens=True)


def test_vocabulary(pair):
    ours, reference = pair
    assert ours.vocabulary_size == max(reference.get_vocab().values()) + 1
    for role in module.BERT_TOKENS:
        assert getattr(ours, f"{role}_token") == getattr(reference, f"{role}_token")
        assert getattr(ours, f"{role}_id") == getattr(reference, f"{role}_token_id")
    assert sorted(ours.special_ids) == sorted(reference.all_special_ids)
    assert ours.vocabulary() == reference.get_vocab()


@pytest.mark.parametrize(("lowercase", "strip_accents"), CASINGS)
@pytest.mark.parametrize("name", REAL)
def test_casings(name, lowercase, strip_accents):
    path = data_path("vocab", name, "vocab.txt")
    reference = transformers.BertTokenizerFast.from_pretrained(
        str(path.parent), do_lower_case=lowercase, strip_accents=strip_accents
    )
    ours = Tokenizer.from_vocabulary(path, lowercase=lowercase, strip_accents=strip_accents)
    texts = list(SHORT.values())
    assert ours(texts) == reference(texts)["input_ids"]


@pytest.mark.real
def test_without_chinese_words():
    path = data_path("vocab", "bert-chinese", "vocab.txt")
    reference = transformers.BertTokenizerFast.from_pretrained(
        str(path.parent), tokenize_chinese_chars=False
    )
    ours = Tokenizer.from_vocabulary(path, tokenize_chinese_chars=False)
    texts = list(SHORT.values())
    assert ours(texts) == reference(texts)["input_ids"]
    assert ours.tokenize("我爱") == ["我", "##爱"]


@settings(deadline=None, max_examples=300, derandomize=True, database=None)
@given(text=TEXT, other=TEXT)
def test_any_text(pair, text, other):
    ours, reference = pair
    assert_same(ours.encode(text), ask(reference, text), text)
    # In a batch: a single empty second text is no second text to transformers.
    expected = ask(reference, [text], [other])
    encoding = ours.encode(text, other)
    assert encoding.ids == expected["input_ids"][0]
    assert encoding.offsets == expected["offset_mapping"][0]
    assert encoding.word_ids == expected.word_ids(0)
    assert ours.decode(encoding.ids) == reference.decode(encoding.ids, skip_special_tokens=True)


def specification(lowercase, **changes):
    """A tokenizer.json over TOKENS, as a dict."""
    engine = module.wordpiece(TOKENS, lowercase=lowercase)
    return {**json.loads(engine.to_str()), **changes}


def token(content, **flags):
    flags = {name: flags.get(name, False) for name in FLAGS}
    return {"content": content, **flags}


VOCABULARY = "\n".join(TOKENS) + "\n"
BERT = {"model_type": "bert"}
ENTITY = {"id": len(TOKENS), **token("<ent>", normalized=True)}
FOLDERS = {  # what is in the folder -> its files
    "vocab": {"vocab.txt": VOCABULARY, "config.json": BERT},
    "vocab, no line end": {"vocab.txt": VOCABULARY[:-1], "config.json": BERT},
    "vocab of Windows": {"vocab.txt": VOCABULARY.replace("\n", "\r\n"), "config.json": BERT},
    "vocab with spaces": {"vocab.txt": VOCABULARY.replace("\n", " \n"), "config.json": BERT},
    "vocab with odd lines": {
        "vocab.txt": VOCABULARY + "\n\u3000\nx\u2028\na b\rc\x1c\n\x85y\x00\n\n",
        "config.json": BERT,
    },
    "vocab, a token twice": {"vocab.txt": VOCABULARY + "hello\n", "config.json": BERT},
    "vocab lacking [MASK], [PAD]": {
        "vocab.txt": VOCABULARY.replace("[MASK]", "x").replace("[PAD]", "y"),
        "config.json": BERT,
    },
    "vocab, cased": {
        "vocab.txt": VOCABULARY,
        "config.json": BERT,
        "tokenizer_config.json": {"do_lower_case": False, "strip_accents": True},
    },
    "vocab, no Chinese words": {
        "vocab.txt": VOCABULARY,
        "config.json": BERT,
        "tokenizer_config.json": {"tokenize_chinese_chars": False, "strip_accents": False},
    },
    "vocab, other special tokens": {
        "vocab.txt": VOCABULARY,
        "config.json": BERT,
        "tokenizer_config.json": {
            "cls_token": "<s>",
            "sep_token": "</s>",
            "pad_token": {"__type": "AddedToken", **token("<pad>", normalized=True)},
        },
    },
    "vocab, no mask token": {
        "vocab.txt": VOCABULARY,
        "config.json": BERT,
        "tokenizer_config.json": {"mask_token": None},
    },
    "vocab, special tokens map over config": {
        "vocab.txt": VOCABULARY,
        "config.json": BERT,
        "tokenizer_config.json": {"cls_token": "[CLS]"},
        "special_tokens_map.json": {
            "cls_token": "<s>",
            "mask_token": token("[MASK]", lstrip=True),
            "additional_special_tokens": ["<new>"],
        },
    },
    "vocab, added tokens": {
        "vocab.txt": VOCABULARY,
        "config.json": BERT,
        "added_tokens.json": {"<ent>": 26, "<foo>": 35, "<bar>": 27},
    },
    "vocab, added tokens decoder over the rest": {
        "vocab.txt": VOCABULARY,
        "config.json": BERT,
        "added_tokens.json": {"<bar>": 26},
        "tokenizer_config.json": {
            "added_tokens_decoder": {
                "26": token("<ent>", special=True),
                "10": token("Hello"),
            },
            "additional_special_tokens": ["<ent>", "<foo>"],
        },
    },
    "json alone": {"tokenizer.json": specification(False)},
    "json of a BERT": {"tokenizer.json": specification(True), "config.json": BERT},
    "json cased, config silent": {"tokenizer.json": specification(False), "config.json": BERT},
    "json cased, class named": {
        "tokenizer.json": specification(False),
        "tokenizer_config.json": {"tokenizer_class": "BertTokenizerFast"},
    },
    "json cased, config lower": {
        "tokenizer.json": specification(False),
        "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "do_lower_case": True},
    },
    "json lower, config cased": {
        "tokenizer.json": specification(True),
        "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "do_lower_case": False},
    },
    "json lower, config cased, Electra": {
        "tokenizer.json": specification(True),
        "tokenizer_config.json": {"tokenizer_class": "ElectraTokenizer", "do_lower_case": False},
        "config.json": {"model_type": "electra"},
    },
    "json cased, config lower, any fast class": {
        "tokenizer.json": specification(False),
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "do_lower_case": True,
            "mask_token": "<new>",
        },
    },
    "json over vocab": {
        "vocab.txt": "\n".join(TOKENS[::-1]),
        "tokenizer.json": specification(False),
        "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "do_lower_case": False},
    },
    "json with an added token": {
        "tokenizer.json": specification(
            True, added_tokens=[*specification(True)["added_tokens"], ENTITY]
        ),
        "tokenizer_config.json": {"tokenizer_class": "BertTokenizer"},
    },
    "json with an added token, config with another": {
        "tokenizer.json": specification(
            True, added_tokens=[*specification(True)["added_tokens"], ENTITY]
        ),
        "tokenizer_config.json": {
            "tokenizer_class": "BertTokenizer",
            "added_tokens_decoder": {"26": token("<foo>", special=True)},
            "extra_special_tokens": {"foo_token": "<foo>"},
        },
    },
}
SENTENCES = [
    "Hello hello HELLO café CAFÉ caf\u00e9 heing.",
    "中国 中 国 Hello中国",
    "a <ent> b <foo>a<bar> <new> <NEW> <ENT>",
    "[CLS] [MASK] a [MASK]b [PAD] <s> </s> <pad>",
]


def write(folder, files):
    for name, value in files.items():
        text = value if isinstance(value, str) else json.dumps(value)
        (folder / name).write_bytes(text.encode())


def assert_same_ids(ours, reference):
    assert ours.vocabulary() == reference.get_vocab()
    for text in SENTENCES:
        assert_same(ours.encode(text), ask(reference, text, return_token_type_ids=True), text)
        ids = ours(text)
        assert ours.decode(ids, False) == reference.decode(ids)


@pytest.mark.filterwarnings("ignore:.*tokenizer.json normalizes:UserWarning")
@pytest.mark.filterwarnings("ignore:The vocabulary lacks:UserWarning")
@pytest.mark.parametrize("case", FOLDERS)
def test_from_folder(case, tmp_path):
    write(tmp_path, FOLDERS[case])
    ours = Tokenizer.from_folder(tmp_path)
    reference = transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert_same_ids(ours, reference)
    for role in module.BERT_TOKENS:
        # Without a class and a config, transformers knows no special tokens; ours looks for BERT's.
        if case != "json alone" and "any fast class" not in case:
            assert getattr(ours, f"{role}_id") == getattr(reference, f"{role}_token_id")


@pytest.mark.filterwarnings("ignore:.*tokenizer.json normalizes:UserWarning")
@pytest.mark.filterwarnings("ignore:The vocabulary lacks:UserWarning")
@pytest.mark.parametrize(
    "case", [case for case in FOLDERS if "twice" not in case and "odd" not in case]
)
def test_transformers_reads_what_is_saved(case, tmp_path):
    write(tmp_path, FOLDERS[case])
    ours = Tokenizer.from_folder(tmp_path)
    ours.add_tokens(["<bar>", "newword"])
    ours.add_tokens(["<special>"], special=True)
    ours.save(tmp_path)  # over the old files, some of which stay
    reference = transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert_same_ids(ours, reference)
    again = Tokenizer.from_folder(tmp_path)
    assert again(SENTENCES) == ours(SENTENCES)
    assert again.special_ids == ours.special_ids
    assert again.get_config()["special_tokens"] == ours.get_config()["special_tokens"]


@pytest.mark.parametrize(
    "options", [{"clean_text": False}, {"max_characters_per_word": 4}, {"lowercase": False}]
)
@pytest.mark.parametrize("config", [None, BERT])
def test_what_bert_cannot_say_is_saved_as_it_is(options, config, tmp_path):
    ours = Tokenizer.from_vocabulary(TOKENS, **options)
    ours.save(tmp_path)
    if config:
        write(tmp_path, {"config.json": config})
    written = json.loads((tmp_path / "tokenizer_config.json").read_text())
    is_bert = "lowercase" in options
    assert (written["tokenizer_class"] == "BertTokenizer") == is_bert
    reference = transformers.AutoTokenizer.from_pretrained(tmp_path)
    texts = [*SENTENCES, "a\x00b hello"]
    assert ours(texts) == reference(texts)["input_ids"] == Tokenizer.from_folder(tmp_path)(texts)


def test_a_disagreement_is_told(tmp_path):
    write(tmp_path, FOLDERS["json lower, config cased"])
    with pytest.warns(UserWarning, match="Make the two files agree"):
        Tokenizer.from_folder(tmp_path)
    write(tmp_path, FOLDERS["json of a BERT"])
    (tmp_path / "tokenizer_config.json").unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Tokenizer.from_folder(tmp_path)


def test_tables_of_bert_tokenizers():
    from transformers.models.auto import tokenization_auto as auto

    for name in module.BERT_TOKENIZERS.split():
        assert issubclass(auto.tokenizer_class_from_name(name), transformers.BertTokenizer), name
    for name in module.BERT_MODELS.split():
        found = auto.tokenizer_class_from_name(auto.TOKENIZER_MAPPING_NAMES[name])
        assert issubclass(found, transformers.BertTokenizer), name


@pytest.mark.real
@pytest.mark.parametrize("name", ["modernbert", "xlm-roberta"])
def test_tokenizers_of_other_families(name, tmp_path):
    path = data_path("vocab", name, "tokenizer.json")
    reference = transformers.PreTrainedTokenizerFast(tokenizer_file=str(path))
    ours = Tokenizer.from_file(path)
    assert None not in ours.get_config()["special_tokens"].values()
    for text_name, text in SHORT.items():
        expected = ask(reference, text, return_token_type_ids=True)
        assert_same(ours.encode(text), expected, text_name)
        assert ours.decode(expected["input_ids"], False) == reference.decode(expected["input_ids"])
    ours.save(tmp_path)
    saved = transformers.AutoTokenizer.from_pretrained(tmp_path)
    texts = list(SHORT.values())
    assert saved(texts)["input_ids"] == ours(texts)
    assert saved.mask_token_id == ours.mask_id
