"""Presets written for KerasHub, against what KerasHub computes from them."""

import dataclasses
import json

import h5py
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.checkpoints.formats import weights_in
from keras_bert_zoo.checkpoints.keras_hub_names import BACKBONES
from keras_bert_zoo.checkpoints.keras_hub_writer import FREE, save_keras_hub
from keras_bert_zoo.cli import main
from keras_bert_zoo.families import FAMILIES, family_called
from tests.checkpoints.test_keras_hub import IDS, MASK, SIZES
from tests.tiny import assert_equal, tiny_classifier, tiny_encoder, tiny_tokenizer, to_numpy, values
from tests.tokenizers.tiny_folders import FOLDERS

keras_hub = pytest.importorskip(
    "keras_hub", reason="KerasHub is the reference: pip install keras-hub"
)

NARROW = {"embedding_dim": 8}
CHANGES = {
    "AlbertBackbone": {**NARROW, "num_groups": 2, "num_layers": 4},
    "DebertaV3Backbone": {"num_buckets": 4},
    "ElectraBackbone": NARROW,
}
SEGMENTS = np.where(np.arange(8) > 2, 1, 0) * MASK
INPUTS = {"token_ids": IDS, "segment_ids": SEGMENTS, "padding_mask": MASK}
LOST = pytest.mark.filterwarnings("ignore:.*KerasHub has no place for")
POSITIONS, SEGMENT = "embeddings/positions/table/embeddings", "embeddings/segments/embeddings"


# For which there are files in `tiny_folders`; the others have word pieces.
TOKENIZERS = {
    "AlbertBackbone": "albert",
    "DebertaV3Backbone": "deberta-v2",
    "RobertaBackbone": "roberta",
    "XLMRobertaBackbone": "xlm-roberta",
}
TEXTS, PAIR = ["the capital of spain", "pieces have ids"], ("a", "b c")


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory):
    """Name of a backbone -> its tokenizer, made when it is asked for."""
    made = {}

    def tokenizer(name):
        if name not in TOKENIZERS:
            return tiny_tokenizer()
        if name not in made:
            folder = tmp_path_factory.mktemp("tokenizer") / "files"
            made[name] = kbz.Tokenizer.from_folder(FOLDERS[TOKENIZERS[name]](folder))
        return made[name]

    return tokenizer


def encoder_for(name, **changes):
    """An encoder of ours with the numbers of one of their backbones, and random weights."""
    backbone = BACKBONES[name]
    family = family_called(backbone.family)
    values = {**SIZES, **CHANGES.get(name, {}), **backbone.fixed, **changes}
    return randomized(family.build(family.Config(**values)))


def randomized(model):
    generator = np.random.default_rng(1)
    for weight in model.weights:
        weight.assign(generator.normal(size=weight.shape, scale=0.3) + (weight.name == "gamma"))
    return model


def classifier_for(name, tokenizer=None, **options):
    size = tokenizer.vocabulary_size if tokenizer else SIZES["vocabulary_size"]
    encoder = encoder_for(name, vocabulary_size=size)
    options = {"num_classes": 3, **options}
    preprocessor = tokenizer and kbz.Preprocessor(tokenizer, 24)
    return randomized(kbz.TextClassifier(encoder, preprocessor, **options))


def theirs(model):
    return model({key: INPUTS[key] for key in model.input})


@LOST
@pytest.mark.parametrize("name", BACKBONES)
def test_the_same_vectors(name, tmp_path):
    task = classifier_for(name)
    task.save_to_keras_hub(tmp_path / "out")
    model = getattr(keras_hub.models, name).from_preset(str(tmp_path / "out"))
    outputs = theirs(model)
    if isinstance(outputs, dict):
        if name != "ElectraBackbone":
            pooled = task.encoder.pooler(task.encoder(INPUTS))
            np.testing.assert_allclose(
                to_numpy(outputs["pooled_output"]), to_numpy(pooled), atol=1e-5
            )
        outputs = outputs["sequence_output"]
    mask = MASK.astype(bool)
    expected = to_numpy(task.encoder(INPUTS))
    np.testing.assert_allclose(to_numpy(outputs)[mask], expected[mask], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", [name for name, one in BACKBONES.items() if one.head])
@LOST
def test_the_same_logits_there_and_back(name, tmp_path, tokenizers):
    task = classifier_for(name, tokenizers(name), dropout=0.25)
    task.save_to_keras_hub(tmp_path / "out")
    model = keras_hub.models.TextClassifier.from_preset(str(tmp_path / "out"))
    expected = to_numpy(task(INPUTS))
    np.testing.assert_allclose(to_numpy(theirs(model)), expected, atol=1e-5, rtol=1e-5)
    # From texts, through KerasHub's own tokenizer and packer.
    found = model.predict(TEXTS, verbose=0)
    np.testing.assert_allclose(found, task.predict(TEXTS, verbose=0), atol=1e-5, rtol=1e-5)
    pair = model.preprocessor.call(tuple([word] for word in PAIR))
    ids = task.preprocessor.tokenizer(*PAIR)
    assert to_numpy(pair["token_ids"])[0, : len(ids)].tolist() == ids
    assert to_numpy(pair["padding_mask"]).sum() == len(ids)
    again = kbz.from_preset(tmp_path / "out")
    assert (again.conversion_report.leftover, again.conversion_report.new) == ([], [])
    np.testing.assert_allclose(to_numpy(again(INPUTS)), expected, atol=1e-5, rtol=1e-5)
    assert_equal(weights_in(again, "keras-hub"), weights_in(task, "keras-hub"))
    if BACKBONES[name].head_dropout:
        assert model.dropout == again.get_layer("head").dropout.rate == 0.25
    # What KerasHub writes of it is read as well.
    model.save_to_preset(str(tmp_path / "theirs"))
    once_more = kbz.from_preset(tmp_path / "theirs")
    assert_equal(values(once_more), values(again))


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.any_backend
@LOST
def test_weights_there_and_back(name, tmp_path):
    """Bit for bit, but for rows that nothing depends on and the vector of an only segment."""
    encoder = encoder_for(name)
    if BACKBONES[name].same.get("num_segments"):
        encoder.pooler = None
        for weight in encoder.weights:
            value = to_numpy(weight).copy()
            value[: {POSITIONS: 2, SEGMENT: 1}.get(weight.path, 0)] = 0
            weight.assign(value)
    kbz.TextEmbedder(encoder).save_to_keras_hub(tmp_path / "out")
    again = kbz.Encoder.from_preset(tmp_path / "out")
    kept = {path: value for path, value in values(encoder).items() if path in values(again)}
    assert_equal(values(again), kept)
    gone = set(values(encoder)) - set(kept)
    assert gone <= {"pooler/dense/kernel", "pooler/dense/bias"}
    same = {**vars(encoder.config), "attention_dropout": encoder.config.dropout}
    if gone:
        same["use_pooler"] = False
    assert vars(again.config) == same


@pytest.mark.any_backend
def test_the_vector_of_the_only_segment_joins_the_positions(tmp_path):
    encoder = encoder_for("RobertaBackbone", use_pooler=False)
    with pytest.warns(UserWarning, match="the head of a TextEmbedder"):
        kbz.TextEmbedder(encoder).save_to_keras_hub(tmp_path / "out")
    again = values(kbz.Encoder.from_preset(tmp_path / "out"))
    before = values(encoder)
    joined = before[POSITIONS][2:] + before[SEGMENT]
    np.testing.assert_array_equal(again.pop(POSITIONS)[2:], joined)
    assert not again.pop(SEGMENT).any()
    assert_equal(again, {path: before[path] for path in again})


@pytest.mark.any_backend
def test_a_pooler_that_the_encoder_lacks(tmp_path):
    task = kbz.TextEmbedder(tiny_encoder(activation="gelu_tanh", use_pooler=False))
    for name in ("one", "two"):
        with pytest.warns(UserWarning, match="BertBackbone gets a new one, not trained"):
            save_keras_hub(task, tmp_path / name, head=False)
    one, two = (kbz.Encoder.from_preset(tmp_path / name) for name in ("one", "two"))
    assert_equal(values(two), values(one))
    kernel = to_numpy(one.pooler.weights[0])
    assert 0 < np.abs(kernel).max() <= 2 * task.encoder.config.initializer_range
    assert set(values(one)) - set(values(task.encoder)) == {w.path for w in one.pooler.weights}


@pytest.mark.any_backend
def test_other_tasks_leave_their_head_behind(tmp_path):
    task = kbz.TokenClassifier(tiny_encoder(activation="gelu_tanh"), entity_types=["A"])
    with pytest.warns(UserWarning, match="the head of a TokenClassifier, which is left out"):
        task.save_to_keras_hub(tmp_path / "out")
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert files == ["README.md", "config.json", "metadata.json", "model.weights.h5"]
    assert_equal(values(kbz.Encoder.from_preset(tmp_path / "out")), values(task.encoder))


@pytest.mark.any_backend
@pytest.mark.filterwarnings("error::UserWarning")
def test_what_kerashub_has_no_field_for_comes_back(tmp_path):
    """And nothing is warned of where all is kept."""
    options = {"labels": ["no", "yes", "maybe"], "problem": "multi_label"}
    encoder = tiny_encoder(activation="gelu_tanh")
    task = kbz.TextClassifier(encoder, kbz.Preprocessor(tiny_tokenizer(), 32), **options)
    task.save_to_keras_hub(tmp_path / "out")
    again = kbz.from_preset(tmp_path / "out")
    assert {key: again.get_config()[key] for key in options} == options
    assert again.preprocessor.tokenizer.specification() == tiny_tokenizer().specification()
    assert_equal(values(again), values(task))
    assert again.encoder.config == encoder.config
    card = (tmp_path / "out" / "README.md").read_text()
    assert "library_name: keras-hub" in card
    assert "keras_hub.models.BertTextClassifier.from_preset" in card


@pytest.mark.parametrize(
    ("activation", "problem"),
    [("linear", "single"), ("softmax", "single"), ("sigmoid", "multi_label"), ("relu", None)],
)
@pytest.mark.any_backend
def test_what_their_head_does_to_its_logits(tmp_path, activation, problem):
    task = tiny_classifier(encoder=tiny_encoder(activation="gelu_tanh"))
    task.save_to_keras_hub(tmp_path / "out")
    edit(tmp_path / "out" / "task.json", "config", activation=activation)
    if problem is None:
        with pytest.raises(ValueError, match="has no head for a TextClassifier"):
            kbz.from_preset(tmp_path / "out")
    else:
        assert kbz.from_preset(tmp_path / "out").problem == problem


def edit(path, part, **changes):
    raw = json.loads(path.read_text())
    raw[part] |= changes
    path.write_text(json.dumps(raw))


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("BertBackbone", {"activation": "gelu"}, r"activation='gelu_tanh' \(given: 'gelu'\)"),
        ("RobertaBackbone", {"layer_norm_epsilon": 1e-12}, r"epsilon=1e-05 \(given: 1e-12\)"),
        ("RobertaBackbone", {"num_segments": 2}, r"num_segments=1 \(given: 2\)"),
        ("DebertaV3Backbone", {"convolution_size": 3}, r"convolution_size=0 \(given: 3\)"),
        ("AlbertBackbone", {"embedding_dim": 16}, "an embedding_dim other than hidden_dim"),
        ("AlbertBackbone", {"num_groups": 3}, "num_groups that divide num_layers"),
    ],
)
@pytest.mark.any_backend
def test_numbers_that_their_code_does_not_have(name, changes, message, tmp_path):
    task = kbz.TextEmbedder(encoder_for(name, **changes))
    with pytest.raises(ValueError, match=message):
        task.save_to_keras_hub(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.any_backend
def test_what_else_is_refused(tmp_path):
    family = family_called("mpnet")
    task = kbz.TextEmbedder(family.build(family.Config(**SIZES)))
    with pytest.raises(ValueError, match="KerasHub has no mpnet. It has: albert, bert, deberta_v2"):
        task.save_to_keras_hub(tmp_path / "out")
    task = tiny_classifier(encoder=tiny_encoder(activation="gelu_tanh"))
    task.encoder.quantize("int8")
    with pytest.raises(ValueError, match="quantized"):
        task.save_to_keras_hub(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.any_backend
def test_a_folder_that_holds_something(tmp_path):
    (tmp_path / "letter.txt").write_text("mine")
    task = tiny_classifier(encoder=tiny_encoder(activation="gelu_tanh"))
    with pytest.raises(FileExistsError, match="overwrite=True"):
        task.save_to_keras_hub(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
    task.save_to_keras_hub(tmp_path, overwrite=True)
    assert not (tmp_path / "letter.txt").exists()
    assert_equal(values(kbz.from_preset(tmp_path)), values(task))


@pytest.mark.any_backend
def test_every_number_of_a_family_has_a_place():
    """A new field of a config must be written, held to one value, or known to be of no effect."""
    for backbone in BACKBONES.values():
        fields = {field.name for field in dataclasses.fields(FAMILIES[backbone.family].Config)}
        places = {*backbone.fields.values(), *backbone.fixed, *FREE}
        assert fields <= places, backbone.name
        assert set(backbone.fields.values()) | set(backbone.fixed) <= fields


@pytest.mark.any_backend
def test_low_rank_updates_and_half_precision(tmp_path):
    task = tiny_classifier(encoder=tiny_encoder(activation="gelu_tanh"))
    task.enable_lora(2)
    randomized(task)
    task.save_to_keras_hub(tmp_path / "out")
    inputs = {key: value % 60 for key, value in INPUTS.items()}
    found = to_numpy(kbz.from_preset(tmp_path / "out")(inputs))
    np.testing.assert_allclose(found, to_numpy(task(inputs)), atol=1e-5)
    half = kbz.Encoder.from_preset(tmp_path / "out", dtype="float16")
    save_keras_hub(kbz.TextEmbedder(half), tmp_path / "half", head=False)
    with h5py.File(tmp_path / "half" / "model.weights.h5") as file:
        assert {str(v.dtype) for v in arrays(file)} == {"float16"}
    config = json.loads((tmp_path / "half" / "config.json").read_text())["config"]
    assert config["dtype"]["config"] == {"name": "float16"}


def arrays(group):
    for value in group.values():
        yield from arrays(value) if isinstance(value, h5py.Group) else [value]


@pytest.mark.any_backend
def test_on_the_command_line(tmp_path, capsys):
    task = tiny_classifier(encoder=tiny_encoder(activation="gelu_tanh"))
    task.save_to_preset(tmp_path / "ours")
    to = ["--to", "keras-hub"]
    assert main(["convert", str(tmp_path / "ours"), str(tmp_path / "theirs"), *to]) == 0
    said = capsys.readouterr().out
    assert "TextClassifier written to" in said
    assert f"{len(task.weights)} weights read back, all equal" in said
    back = ["--to", "keras-bert-zoo"]
    assert main(["convert", str(tmp_path / "theirs"), str(tmp_path / "back"), *back]) == 0
    capsys.readouterr()
    again = kbz.from_preset(tmp_path / "back")
    assert_equal(values(again), values(task))
    assert again.labels == task.labels
    kbz.TextEmbedder(task.encoder, task.preprocessor).save_to_preset(tmp_path / "embedder")
    assert main(["convert", str(tmp_path / "embedder"), str(tmp_path / "alone"), *to]) == 0
    said = capsys.readouterr()
    assert "encoder without a head written to" in said.out
    assert "the head of a TextEmbedder, which is left out" in said.err
    tiny_classifier().save_to_preset(tmp_path / "erf")
    assert main(["convert", str(tmp_path / "erf"), str(tmp_path / "no"), *to]) == 1
    assert "activation='gelu_tanh' (given: 'gelu')" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()
