"""Tokenizers in presets of KerasHub: the same ones come back, and the others are refused."""

import json

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.checkpoints.keras_hub_names import BACKBONES, their_object
from keras_bert_zoo.checkpoints.keras_hub_tokenizer import meaning, read_tokenizer, write_tokenizer
from keras_bert_zoo.tokenizers.sentencepiece_model import parse_sentencepiece
from keras_bert_zoo.tokenizers.sentencepiece_writer import sentencepiece_bytes
from tests.paths import data_path
from tests.tiny import VOCABULARY, tiny_tokenizer
from tests.tokenizers.hard_strings import HARD_STRINGS
from tests.tokenizers.tiny_folders import (
    FOLDERS,
    SENTENCE_PIECES,
    sentencepiece_model,
)

pytestmark = pytest.mark.any_backend
# Theirs has no word for the white space before a mask that is written in a text.
TEXTS = [text for text in HARD_STRINGS.values() if len(text) < 1000 and "<mask>" not in text]
PLAIN = ["the capital of spain, and that of france", "pieces have ids; ids have vectors", "a"]


def there_and_back(tokenizer, folder, name):
    folder.mkdir()
    write_tokenizer(tokenizer, folder, BACKBONES[name])
    return read_tokenizer(folder, BACKBONES[name])


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("AlbertBackbone", "albert"),
        ("AlbertBackbone", "albert, mask of the user"),
        ("DebertaV3Backbone", "deberta-v2"),
        ("RobertaBackbone", "roberta"),
        ("RobertaBackbone", "roberta, spaced"),
        ("XLMRobertaBackbone", "xlm-roberta"),
        ("XLMRobertaBackbone", "xlm-roberta, no charsmap"),
    ],
)
def test_the_same_ids_there_and_back(name, source, tmp_path):
    tokenizer = kbz.Tokenizer.from_folder(FOLDERS[source](tmp_path / "source"))
    again = there_and_back(tokenizer, tmp_path / "out", name)
    assert again(TEXTS, TEXTS[::-1]) == tokenizer(TEXTS, TEXTS[::-1])
    tokenizer.save(tmp_path / "saved")  # as a tokenizer.json, from which all is read anew
    saved = kbz.Tokenizer.from_folder(tmp_path / "saved")
    assert meaning(there_and_back(saved, tmp_path / "saved_out", name)) == meaning(tokenizer)


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("strip_accents", [True, False, None])
def test_case_and_accents(lowercase, strip_accents, tmp_path):
    tokenizer = kbz.Tokenizer.from_vocabulary([*VOCABULARY, "é", "A"], lowercase, strip_accents)
    if lowercase and strip_accents is False:
        with pytest.raises(ValueError, match="BertTokenizer cannot do .* its normalizer has"):
            there_and_back(tokenizer, tmp_path / "out", "BertBackbone")
        return
    again = there_and_back(tokenizer, tmp_path / "out", "BertBackbone")
    assert again("é A a É") == tokenizer("é A a É")
    raw = json.loads((tmp_path / "out" / "tokenizer.json").read_text())["config"]
    assert (raw["lowercase"], raw["strip_accents"]) == (lowercase, lowercase or bool(strip_accents))


def changed(**changes):
    def make():
        return kbz.Tokenizer.from_vocabulary(VOCABULARY, **changes)

    return make


def with_token(special):
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens(["[ENT]"], special=special)
    return tokenizer


@pytest.mark.parametrize(
    ("make", "name", "message"),
    [
        (changed(tokenize_chinese_chars=False), "BertBackbone", "its normalizer has"),
        (changed(max_characters_per_word=7), "ElectraBackbone", "its model has"),
        (changed(special_tokens={"unk": "a"}), "DistilBertBackbone", "its model has"),
        (lambda: with_token(True), "BertBackbone", r"its added tokens has .*\[ENT\]"),
        (lambda: with_token(False), "BertBackbone", "its added tokens has"),
        (changed(), "RobertaBackbone", "RobertaTokenizer .* its model has BPE, and .* WordPiece"),
        (changed(), "AlbertBackbone", "its model has Unigram"),
    ],
)
def test_what_they_cannot_express(make, name, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        there_and_back(make(), tmp_path / "out", name)


def test_other_rules_for_pieces_are_refused(tmp_path):
    for source, name, message in (
        ("albert, cased", "AlbertBackbone", "its normalizer has"),
        ("deberta-v2, lower, punctuation", "DebertaV3Backbone", "its normalizer has"),
        ("camembert", "XLMRobertaBackbone", "first and last pieces"),
    ):
        folder = tmp_path / name / source
        tokenizer = kbz.Tokenizer.from_folder(FOLDERS[source](folder / "source"))
        with pytest.raises(ValueError, match=message):
            there_and_back(tokenizer, folder / "out", name)


def test_a_preset_with_such_a_tokenizer_is_not_written(tmp_path):
    from tests.tiny import tiny_classifier, tiny_encoder

    encoder = tiny_encoder(activation="gelu_tanh", vocabulary_size=len(VOCABULARY) + 1)
    task = tiny_classifier(encoder=encoder, preprocessor=kbz.Preprocessor(with_token(True), 16))
    with pytest.raises(ValueError, match="set task.preprocessor = None"):
        task.save_to_keras_hub(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
    task.preprocessor = None
    task.save_to_keras_hub(tmp_path / "out")
    assert not (tmp_path / "out" / "tokenizer.json").exists()


@pytest.mark.parametrize("family", SENTENCE_PIECES)
def test_a_file_of_pieces_is_what_it_was_read_from(family):
    options = {key: value for key, value in SENTENCE_PIECES[family].items() if key != "file"}
    model = parse_sentencepiece(sentencepiece_model(**options))
    data = sentencepiece_bytes(model)
    assert parse_sentencepiece(data) == model
    sentencepiece = pytest.importorskip("sentencepiece")
    theirs, ours = (
        sentencepiece.SentencePieceProcessor(model_proto=one)
        for one in (sentencepiece_model(**options), data)
    )
    assert ours.encode(TEXTS) == theirs.encode(TEXTS)
    assert ours.decode(ours.encode(TEXTS)) == theirs.decode(theirs.encode(TEXTS))


REAL = {
    "BertBackbone": ("bert-uncased", "vocab.txt"),
    "ElectraBackbone": ("bert-cased", "vocab.txt"),
    "RobertaBackbone": ("roberta", "vocab.json"),
}


@pytest.mark.parametrize("name", REAL)
def test_published_vocabularies_read_by_kerashub(name, tmp_path):
    keras_hub = pytest.importorskip("keras_hub", reason="the reference: pip install keras-hub")
    source = data_path("vocab", *REAL[name]).parent
    folder = tmp_path / "source"
    folder.mkdir()
    for path in source.iterdir():
        if path.name in ("vocab.txt", "vocab.json", "merges.txt"):
            (folder / path.name).symlink_to(path)
    lower = {"do_lower_case": "uncased" in source.name}
    config = {"tokenizer_class": BACKBONES[name].tokenizer, **lower}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    tokenizer = kbz.Tokenizer.from_folder(folder)
    again = there_and_back(tokenizer, tmp_path / "out", name)
    assert again(TEXTS) == tokenizer(TEXTS)
    config = their_object(BACKBONES[name], "Backbone", {}, "float32")
    (tmp_path / "out" / "config.json").write_text(json.dumps(config))
    reference = getattr(keras_hub.models, BACKBONES[name].kin("Tokenizer"))
    reference = reference.from_preset(str(tmp_path / "out"))
    assert reference.vocabulary_size() == tokenizer.vocabulary_size
    found = [np.asarray(reference(text)).tolist() for text in PLAIN]
    assert found == tokenizer.ids_batch(PLAIN)
