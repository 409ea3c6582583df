"""Every family's tokenizer gives what transformers' AutoTokenizer gives for the same folder."""

import json

import pytest
from hypothesis import given, settings

from keras_bert_zoo.tokenizers import Tokenizer
from keras_bert_zoo.tokenizers.added_tokens import ROLES
from keras_bert_zoo.tokenizers.kinds import AS_THEY_ARE, KINDS
from tests.paths import data_path
from tests.tokenizers.hard_strings import HARD_STRINGS
from tests.tokenizers.parity import SHORT, TEXT, ask, assert_same
from tests.tokenizers.tiny_folders import FOLDERS, write

pytestmark = [
    pytest.mark.any_backend,
    pytest.mark.filterwarnings("ignore:The vocabulary lacks:UserWarning"),
]

transformers = pytest.importorskip("transformers", reason="transformers is the reference")

REAL = {  # name -> where the files are, and what they are to be called; config.json
    "real roberta, json": ("roberta", {"tokenizer.json": "roberta-base.json"}, "roberta"),
    "real roberta": (
        "roberta",
        {"vocab.json": "vocab.json", "merges.txt": "merges.txt"},
        "roberta",
    ),
    "real xlm-roberta": ("xlm-roberta", {"tokenizer.json": "tokenizer.json"}, "xlm-roberta"),
    "real deberta-v3": ("deberta-v3", {"spm.model": "spm.model"}, "deberta-v2"),
    "real modernbert": ("modernbert", {"tokenizer.json": "tokenizer.json"}, "modernbert"),
}
MODERNBERT = {  # what its tokenizer_config.json says
    "tokenizer_class": "PreTrainedTokenizerFast",
    **{f"{role}_token": f"[{role.upper()}]" for role in ROLES},
}


def real_folder(name, folder):
    place, files, model_type = REAL[name]
    for wanted, source in files.items():
        (folder / wanted).symlink_to(data_path("vocab", place, source))
    config = MODERNBERT if model_type == "modernbert" else {}
    return write(
        folder, {"config.json": {"model_type": model_type}, "tokenizer_config.json": config}
    )


def named(*real):
    return [*FOLDERS, *(pytest.param(name, marks=pytest.mark.real) for name in real)]


LARGE = {"real xlm-roberta", "real deberta-v3"}  # take long to write and to read four times


@pytest.fixture(scope="module", params=named(*REAL))
def folder(request, tmp_path_factory):
    empty = tmp_path_factory.mktemp("folder")
    if request.param in REAL:
        return real_folder(request.param, empty)
    return FOLDERS[request.param](empty)


@pytest.fixture(scope="module")
def pair(folder):
    """Ours and the reference."""
    return Tokenizer.from_folder(folder), transformers.AutoTokenizer.from_pretrained(folder)


def test_the_engine_is_the_same(pair):
    ours, reference = pair
    engine = json.loads(ours._loaded.engine.to_str())
    expected = json.loads(reference._tokenizer.to_str())
    for part, value in expected.items():
        if part not in ("padding", "truncation"):
            assert engine[part] == value, part


def test_hard_strings(pair):
    ours, reference = pair
    for name, text in HARD_STRINGS.items():
        assert_same(ours.encode(text), ask(reference, text, return_token_type_ids=True), name)
        bare = ask(reference, text, add_special_tokens=False, return_token_type_ids=True)
        assert_same(ours.encode(text, add_special_tokens=False), bare, name)
        assert ours.ids_batch([text]) == [bare["input_ids"]], name


def test_pairs(pair):
    ours, reference = pair
    texts = list(SHORT.values())
    others = texts[::-1]
    for special in (True, False):
        options = {"return_token_type_ids": True, "add_special_tokens": special}
        expected = ask(reference, texts, others, **options)
        for index, encoding in enumerate(ours.encode_batch(texts, others, special)):
            assert encoding.ids == expected["input_ids"][index]
            assert encoding.offsets == expected["offset_mapping"][index]
            assert encoding.segment_ids == expected["token_type_ids"][index]
            assert encoding.word_ids == expected.word_ids(index)
            assert encoding.sequence_ids == expected.sequence_ids(index)


def test_decode(pair):
    ours, reference = pair
    for name, text in SHORT.items():
        ids = ours(text)
        for skip in (True, False):
            expected = reference.decode(ids, skip_special_tokens=skip)
            assert ours.decode(ids, skip_special_tokens=skip) == expected, name


def test_special_tokens(pair):
    ours, reference = pair
    assert ours.vocabulary() == reference.get_vocab()
    for role in ROLES:
        assert getattr(ours, f"{role}_token") == getattr(reference, f"{role}_token")
        assert getattr(ours, f"{role}_id") == getattr(reference, f"{role}_token_id")
    special = reference._tokenizer.get_added_tokens_decoder()
    assert set(ours.special_ids) == {index for index, token in special.items() if token.special}
    assert ours.template.padding_side == reference.padding_side


@settings(deadline=None, max_examples=60, derandomize=True, database=None)
@given(text=TEXT, other=TEXT)
def test_any_text(pair, text, other):
    ours, reference = pair
    expected = ask(reference, [text], [other], return_token_type_ids=True)
    encoding = ours.encode(text, other)
    assert encoding.ids == expected["input_ids"][0]
    assert encoding.offsets == expected["offset_mapping"][0]
    assert encoding.word_ids == expected.word_ids(0)
    assert ours.decode(encoding.ids) == reference.decode(encoding.ids, skip_special_tokens=True)


def test_what_is_saved_reads_the_same(pair, tmp_path):
    ours, _ = pair
    ours.save(tmp_path)
    texts = list(SHORT.values())
    again = Tokenizer.from_folder(tmp_path)
    saved = transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert again(texts) == ours(texts) == saved(texts)["input_ids"]
    assert again.special_ids == ours.special_ids
    assert again.template == ours.template
    assert again.get_config()["special_tokens"] == ours.get_config()["special_tokens"]
    assert saved.padding_side == ours.template.padding_side


@pytest.mark.parametrize(
    "folder", named(*sorted(REAL.keys() - LARGE)), indirect=True, scope="module"
)
def test_what_transformers_saves_reads_the_same(folder, pair, tmp_path):
    _, reference = pair
    reference.save_pretrained(tmp_path)
    texts = list(SHORT.values())
    again = transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert Tokenizer.from_folder(tmp_path)(texts) == again(texts)["input_ids"]
    # With the model's config.json beside it.
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    again = transformers.AutoTokenizer.from_pretrained(tmp_path)
    other = Tokenizer.from_folder(tmp_path)
    assert other(texts, texts) == again(texts, texts)["input_ids"]
    assert other.vocabulary() == again.get_vocab()


def test_table_of_kinds():
    from transformers.models.auto import tokenization_auto as auto

    for kind in KINDS.values():
        classes = [auto.tokenizer_class_from_name(name) for name in kind.classes.split()]
        for name, found in zip(kind.classes.split(), classes):
            assert issubclass(found, classes[0]), name
        for name in kind.models.split():
            found = auto.tokenizer_class_from_name(auto.TOKENIZER_MAPPING_NAMES[name])
            assert issubclass(found, classes[0]), name
    for name in AS_THEY_ARE:
        assert auto.TOKENIZER_MAPPING_NAMES[name] == "TokenizersBackend"
