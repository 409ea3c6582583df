"""Presets of KerasHub, read without it, against KerasHub's own output where it is installed."""

import json

import h5py
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.checkpoints.keras_hub import BACKBONES, is_keras_hub
from keras_bert_zoo.cli import main
from tests.tiny import to_numpy

keras_hub = pytest.importorskip(
    "keras_hub", reason="KerasHub is the reference: pip install keras-hub"
)

IDS = np.array([[2, 9, 12, 33, 7, 3, 0, 0], [2, 5, 3, 0, 0, 0, 0, 0]], "int32")
MASK = (IDS != 0).astype("int32")
SIZES = {
    "vocabulary_size": 61,
    "num_layers": 2,
    "num_heads": 2,
    "hidden_dim": 16,
    "intermediate_dim": 32,
    "max_sequence_length": 24,
}
NARROW = {**SIZES, "embedding_dim": 8}
ELECTRA = {"vocab_size" if k == "vocabulary_size" else k: v for k, v in NARROW.items()}
CASES = {
    "AlbertBackbone": NARROW,
    "BertBackbone": SIZES,
    "DebertaV3Backbone": {**SIZES, "bucket_size": 4},
    "DistilBertBackbone": SIZES,
    "ElectraBackbone": ELECTRA,
    "RobertaBackbone": SIZES,
    "XLMRobertaBackbone": SIZES,
}


def test_every_backbone_has_a_case():
    assert set(CASES) == set(BACKBONES)


def build(name, folder, **changes):
    """A backbone with random weights of some size, saved."""
    model = getattr(keras_hub.models, name)(**{**CASES[name], **changes})
    generator = np.random.default_rng(1)
    for weight in model.weights:
        weight.assign(generator.normal(size=weight.shape, scale=0.3) + (weight.name == "gamma"))
    model.save_to_preset(str(folder))
    return model


def theirs(model, segments):
    inputs = {"token_ids": IDS, "padding_mask": MASK}
    if "segment_ids" in model.input:
        inputs["segment_ids"] = segments
    outputs = model(inputs)
    return to_numpy(outputs["sequence_output"] if isinstance(outputs, dict) else outputs)


@pytest.mark.parametrize("name", CASES)
def test_the_same_vectors(name, tmp_path):
    model = build(name, tmp_path)
    assert is_keras_hub(tmp_path)
    encoder = kbz.Encoder.from_preset(tmp_path)
    report = encoder.conversion_report
    assert (report.missing, report.leftover) == ([], [])
    segments = np.where(np.arange(8) > 2, 1, 0) * MASK
    found = encoder({"token_ids": IDS, "segment_ids": segments, "padding_mask": MASK})
    mask = MASK.astype(bool)
    expected = theirs(model, segments)
    np.testing.assert_allclose(to_numpy(found)[mask], expected[mask], atol=1e-5, rtol=1e-5)


def test_tables_as_wide_as_the_blocks(tmp_path):
    """Then there is one dense layer, the pooler, and none after the tables."""
    model = build("ElectraBackbone", tmp_path, embedding_dim=16)
    encoder = kbz.Encoder.from_preset(tmp_path)
    assert len(encoder.conversion_report.unused) == 2
    segments = IDS * 0
    found = encoder({"token_ids": IDS, "segment_ids": segments, "padding_mask": MASK})
    mask = MASK.astype(bool)
    np.testing.assert_allclose(to_numpy(found)[mask], theirs(model, segments)[mask], atol=1e-5)


def test_a_classifier_with_its_tokenizer(tmp_path):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "great", "film", "##s", "é"]
    tokenizer = keras_hub.models.BertTokenizer(words, lowercase=True)
    preprocessor = keras_hub.models.BertTextClassifierPreprocessor(tokenizer, 16)
    backbone = keras_hub.models.BertBackbone(**{**SIZES, "vocabulary_size": len(words)})
    model = keras_hub.models.BertTextClassifier(backbone, 3, preprocessor, dropout=0.3)
    model.save_to_preset(str(tmp_path))
    task = kbz.TextClassifier.from_preset(tmp_path)
    texts = ["A great film", "great films"]
    expected = model.predict(texts, verbose=0)
    np.testing.assert_allclose(task.predict(texts, verbose=0), expected, atol=1e-5, rtol=1e-5)
    assert task.get_layer("head").dropout.rate == 0.3
    ids = task.preprocessor.tokenizer(["A GREAT films"])[0]
    assert [words[i] for i in ids] == ["[CLS]", "a", "great", "film", "##s", "[SEP]"]
    new = kbz.TextClassifier.from_preset(tmp_path, labels=["bad", "good"])
    assert new.predict(["A great film", ""], verbose=0).shape == (2, 2)
    (tmp_path / "task.json").unlink()
    with pytest.raises(ValueError, match="say what the new one is of"):
        kbz.TextClassifier.from_preset(tmp_path)


@pytest.mark.any_backend
def test_on_the_command_line(tmp_path, capsys):
    tokenizer = keras_hub.models.BertTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"])
    build("BertBackbone", tmp_path / "theirs", vocabulary_size=6)
    tokenizer.save_to_preset(str(tmp_path / "theirs"))
    assert main(["inspect", str(tmp_path / "theirs")]) == 0
    assert "KerasHub" in capsys.readouterr().out
    to = ["--to", "hugging-face"]
    assert main(["convert", str(tmp_path / "theirs"), str(tmp_path / "out"), *to]) == 0
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert (config["model_type"], config["hidden_act"]) == ("bert", "gelu_new")


def edit(folder, **changes):
    path = folder / "config.json"
    raw = json.loads(path.read_text())
    for key, value in changes.items():
        (raw if key in raw else raw["config"])[key] = value
    path.write_text(json.dumps(raw))


@pytest.mark.any_backend
def test_what_is_refused(tmp_path):
    build("BertBackbone", tmp_path)
    edit(tmp_path, num_layers=1)
    with pytest.raises(kbz.ConversionError, match="left over"):
        kbz.Encoder.from_preset(tmp_path)
    edit(tmp_path, num_layers=3)
    with pytest.raises(kbz.ConversionError, match="says 3 layers"):
        kbz.Encoder.from_preset(tmp_path)
    edit(tmp_path, num_layers=2, hidden_dim=10**9)
    with pytest.raises(kbz.ConversionError, match="do not belong together"):
        kbz.Encoder.from_preset(tmp_path)
    edit(tmp_path, class_name="GemmaBackbone")
    with pytest.raises(kbz.ConversionError, match="a GemmaBackbone of KerasHub is not read"):
        kbz.Encoder.from_preset(tmp_path)


@pytest.mark.any_backend
def test_a_tensor_that_is_not_known_is_left_over(tmp_path):
    build("BertBackbone", tmp_path)
    with h5py.File(tmp_path / "model.weights.h5", "a") as file:
        file["layers/adapter/vars/0"] = np.ones(3, "float32")
    with pytest.raises(kbz.ConversionError, match="left over") as error:
        kbz.Encoder.from_preset(tmp_path)
    assert error.value.report.leftover == ["layers/adapter/vars/0"]


@pytest.mark.any_backend
def test_other_repetitions_of_albert_are_refused(tmp_path):
    build("AlbertBackbone", tmp_path, num_inner_repetitions=2)
    with pytest.raises(kbz.ConversionError, match="num_inner_repetitions=2 is not supported"):
        kbz.Encoder.from_preset(tmp_path)
