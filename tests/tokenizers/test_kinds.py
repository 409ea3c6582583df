"""What from_folder makes of what is in a folder, and what it says if it can make nothing of it."""

import doctest

import pytest

from keras_bert_zoo.tokenizers import Tokenizer, template
from keras_bert_zoo.tokenizers.kinds import KINDS, guess
from tests.tokenizers.tiny_folders import (
    B_SPECIAL,
    MPNET,
    S_SPECIAL,
    byte_bpe_folder,
    sentencepiece_folder,
    write,
)

pytestmark = pytest.mark.any_backend


@pytest.mark.parametrize("family", ["albert", "xlnet", "deberta-v2"])
def test_a_model_alone(family, tmp_path):
    sentencepiece_folder(tmp_path, family)
    named = Tokenizer.from_folder(tmp_path)
    (tmp_path / "config.json").unlink()
    assert guess(tmp_path) == family
    assert Tokenizer.from_folder(tmp_path).template == named.template


@pytest.mark.parametrize(("family", "special"), [("roberta", S_SPECIAL), ("deberta", B_SPECIAL)])
def test_a_byte_bpe_alone(family, special, tmp_path):
    byte_bpe_folder(tmp_path, family, special)
    (tmp_path / "config.json").unlink()
    assert guess(tmp_path) == family
    assert Tokenizer.from_folder(tmp_path).cls_token == special[0 if family == "roberta" else 1]


def test_what_is_not_certain_is_an_error(tmp_path):
    sentencepiece_folder(tmp_path, "xlm-roberta")
    (tmp_path / "config.json").unlink()  # CamemBERT's file has the same name, and other ids
    with pytest.raises(FileNotFoundError, match=r"found \['sentencepiece\.bpe\.model'") as error:
        Tokenizer.from_folder(tmp_path)
    for kind in KINDS.values():
        assert all(name in str(error.value) for name in (*kind.files, kind.classes.split()[0]))


@pytest.mark.parametrize("family", KINDS)
def test_missing_files_are_named(family, tmp_path):
    name = KINDS[family].classes.split()[0]
    write(tmp_path, {"tokenizer_config.json": {"tokenizer_class": name}})
    with pytest.raises(FileNotFoundError, match=KINDS[family].files[0]):
        Tokenizer.from_folder(tmp_path)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"merges.txt": "a b\nc"}, r"merges\.txt: merge 1 is \['c'\]"),
        ({"merges.txt": "a zz"}, "usable"),
        ({"vocab.json": {"a": -1}}, r"vocab\.json: .* found -1 for 'a'"),
        ({"vocab.json": {"a": "b"}}, r"vocab\.json"),
        ({"vocab.json": "{"}, r"vocab\.json is not JSON"),
        ({"tokenizer_config.json": {"add_prefix_space": "no"}}, "add_prefix_space is 'no'"),
    ],
)
def test_unusable_byte_bpe(files, message, tmp_path):
    byte_bpe_folder(tmp_path, "roberta", S_SPECIAL)
    write(tmp_path, files)
    with pytest.raises(ValueError, match=message):
        Tokenizer.from_folder(tmp_path)


def test_mpnet_needs_its_class(tmp_path):
    write(tmp_path, {**MPNET, "tokenizer_config.json": {"tokenizer_class": "MPNetTokenizer"}})
    tokenizer = Tokenizer.from_folder(tmp_path)
    assert tokenizer.encode("hello", "a").tokens == ["<s>", "hello", "</s>", "</s>", "a", "</s>"]
    assert (tokenizer.unk_token, tokenizer.mask_token) == ("[UNK]", "<mask>")


def test_examples_in_docstrings():
    assert doctest.testmod(template).failed == 0
