"""Google's folders of ELECTRA: two models in one checkpoint, and no config."""

import json
import re

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.checkpoints.google_electra import GoogleElectraFolder, is_google_electra
from keras_bert_zoo.checkpoints.report import ConversionError
from tests.checkpoints.bundles import write_bundle
from tests.parity.references import INPUTS, assert_same, reference, run
from tests.tiny import VOCABULARY, to_numpy

MASK = INPUTS["padding_mask"]
PLACES = np.tile(np.arange(9, dtype="int32"), (4, 1))
# Heads of 64, as all of theirs have; the generator has half the width, and a block less.
SIZES = {"vocab_size": len(VOCABULARY), "embedding_size": 8, "initializer_range": 0.1}
LARGE = {**SIZES, "hidden_size": 128}
SMALL = {**SIZES, "hidden_size": 64, "num_attention_heads": 1, "num_hidden_layers": 1}


def google_name(name):
    """Their name of one of Hugging Face's tensors: written apart from the code under test."""
    name = re.sub(r"layer\.(\d+)", r"layer_\1", name)
    name = name.replace("dense_prediction", "dense_1")
    name = name.replace("generator_lm_head.bias", "generator_predictions.output_bias")
    if "LayerNorm" in name:
        name = name.replace(".weight", ".gamma").replace(".bias", ".beta")
    name = re.sub(r"(_embeddings)\.weight", r"\1", name)
    return name.replace(".weight", ".kernel").replace(".", "/")


def google_arrays(model, scope="electra"):
    arrays = {}
    for name, tensor in model.state_dict().items():
        theirs, array = google_name(name), tensor.numpy()
        theirs = re.sub("^electra/(?!embeddings/)", f"{scope}/", theirs)
        if name != "generator_lm_head.weight" and "position_ids" not in name:
            arrays[theirs] = array.T if theirs.endswith("kernel") else array
    return arrays


def write_google(folder, arrays, config=None, **more):
    folder.mkdir(exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    if config:
        (folder / "config.json").write_text(json.dumps(config))
    write_bundle(folder, {**arrays, **more}, "electra_small")


@pytest.fixture(scope="module")
def electra(tmp_path_factory):
    """`(folder, discriminator, generator, arrays)`; the two models share their tables."""
    folder = tmp_path_factory.mktemp("electra") / "electra_small"
    model = reference("ElectraForPreTraining", folder.parent / "d", "ElectraConfig", **LARGE)
    small = reference("ElectraForMaskedLM", folder.parent / "g", "ElectraConfig", **SMALL)
    small.electra.embeddings = model.electra.embeddings
    small.generator_lm_head.weight = model.electra.embeddings.word_embeddings.weight
    arrays = {**google_arrays(small, "generator"), **google_arrays(model)}
    slots = {"generator/encoder/layer_0/output/dense/bias/adam_m": np.zeros(64, "float32")}
    write_google(folder, arrays, global_step=np.array(3, "int64"), **slots)
    return folder, model, small, arrays


def test_the_discriminator(electra):
    folder, model, _, _ = electra
    encoder = kbz.Encoder.from_preset(folder)
    assert_same(to_numpy(encoder(INPUTS)), run(model.electra).last_hidden_state, MASK)
    report = encoder.conversion_report
    assert (report.missing, report.leftover, report.new) == ([], [], [])
    assert report.assumed["model"] == "the discriminator"
    assert report.assumed["num_attention_heads"] == "2 (of 64 each)"
    assert "the exact one" in report.assumed["hidden_act"]
    assert "vocab.txt has no capital letters" in report.assumed["do_lower_case"]
    assert {
        "discriminator_predictions.dense_prediction.weight",
        "generator_predictions/output_bias",
        "generator/encoder/layer_0/output/dense/kernel",
        "global_step",
    } <= set(report.unused)
    task = kbz.TextClassifier.from_preset(folder, labels=["bad", "good"])
    assert task.preprocessor.tokenizer.tokenize("A GREAT film") == ["a", "great", "film"]


def test_the_generator_fills_masks(electra):
    folder, _, small, _ = electra
    task = kbz.MaskedLM.from_preset(folder)
    logits = to_numpy(task({**INPUTS, "mask_positions": PLACES}))
    assert_same(logits, run(small).logits, MASK)
    assert task.tied
    report = task.conversion_report
    assert (report.missing, report.leftover, report.new) == ([], [], [])
    assert report.assumed["model"] == "the generator"
    assert "electra/encoder/layer_1/output/dense/kernel" in report.unused
    new = kbz.MaskedLM.from_preset(folder, head="new")
    assert new.encoder.config.hidden_dim == 128


def test_a_generator_with_tables_of_its_own(electra, tmp_path):
    _, model, _, _ = electra
    small = reference("ElectraForMaskedLM", tmp_path / "hf", "ElectraConfig", **SMALL)
    arrays = google_arrays(small, "generator")
    arrays = {re.sub("^electra/", "generator/", name): array for name, array in arrays.items()}
    write_google(tmp_path / "a", {**arrays, **google_arrays(model)})
    task = kbz.MaskedLM.from_preset(tmp_path / "a")
    assert_same(to_numpy(task({**INPUTS, "mask_positions": PLACES})), run(small).logits, MASK)
    encoder = kbz.Encoder.from_preset(tmp_path / "a")
    assert_same(to_numpy(encoder(INPUTS)), run(model.electra).last_hidden_state, MASK)


@pytest.mark.any_backend
def test_one_model_that_was_both(electra, tmp_path):
    small = electra[2]
    write_google(tmp_path, google_arrays(small))
    task = kbz.MaskedLM.from_preset(tmp_path)
    assert_same(to_numpy(task({**INPUTS, "mask_positions": PLACES})), run(small).logits, MASK)


def test_what_run_finetuning_saves(electra, tmp_path):
    _, model, _, _ = electra
    arrays = {n: a for n, a in google_arrays(model).items() if n.startswith("electra/")}
    head = {"task_specific/mnli/dense/kernel": np.zeros((128, 3), "float32")}
    write_google(tmp_path, arrays, **head)
    encoder = kbz.Encoder.from_preset(tmp_path)
    assert_same(to_numpy(encoder(INPUTS)), run(model.electra).last_hidden_state, MASK)
    assert encoder.conversion_report.unused == list(head)


@pytest.mark.any_backend
def test_other_heads_than_of_64_are_said_by_a_config(tmp_path):
    sizes = {"vocab_size": len(VOCABULARY), "embedding_size": 8}
    model = reference("ElectraForPreTraining", tmp_path / "hf", "ElectraConfig", **sizes)
    write_google(tmp_path / "a", google_arrays(model), {"num_attention_heads": 2})
    encoder = kbz.Encoder.from_preset(tmp_path / "a")
    assert_same(to_numpy(encoder(INPUTS)), run(model.electra).last_hidden_state, MASK)
    assert "num_attention_heads" not in encoder.conversion_report.assumed
    assert encoder.conversion_report.honoured["num_attention_heads"] == 2


def test_a_config_says_nothing_of_the_generator(electra, tmp_path):
    write_google(tmp_path, electra[3], {"num_attention_heads": 4, "hidden_size": 128})
    assert kbz.Encoder.from_preset(tmp_path).config.num_heads == 4
    task = kbz.MaskedLM.from_preset(tmp_path)
    assert_same(to_numpy(task({**INPUTS, "mask_positions": PLACES})), run(electra[2]).logits, MASK)
    assert task.conversion_report.assumed["num_attention_heads"] == "1 (of 64 each)"


def test_the_files_of_tensorflow_itself(electra, tmp_path):
    tf = pytest.importorskip("tensorflow")
    _, model, _, arrays = electra
    write_google(tmp_path, {})
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        variables = [
            tf.compat.v1.get_variable(name, initializer=tf.constant(array))
            for name, array in arrays.items()
        ]
        session.run([variable.initializer for variable in variables])
        tf.compat.v1.train.Saver().save(session, str(tmp_path / "electra_small"))
    encoder = kbz.Encoder.from_preset(tmp_path)
    assert_same(to_numpy(encoder(INPUTS)), run(model.electra).last_hidden_state, MASK)


@pytest.mark.any_backend
def test_which_folders_are_meant(electra, tmp_path):
    assert is_google_electra(electra[0])
    assert not is_google_electra(tmp_path)
    (tmp_path / "electra_small.index").write_bytes(b"not a table" * 20)
    assert not is_google_electra(tmp_path)
    with pytest.raises(ConversionError, match="electra_small.index: it ends with"):
        kbz.Encoder.from_preset(tmp_path)


@pytest.mark.any_backend
def test_what_does_not_fit(electra, tmp_path):
    arrays = electra[3]

    def refused(match, changes, config=None):
        new = {name: array for name, array in {**arrays, **changes}.items() if array is not None}
        write_google(tmp_path, new, config)
        with pytest.raises(ConversionError, match=match):
            kbz.Encoder.from_preset(tmp_path)

    layer, table = (
        "electra/encoder/layer_{}/output/dense/bias",
        "electra/embeddings/word_embeddings",
    )
    bias = np.zeros(128, "float32")
    refused("missing +1", {layer.format(1): None})
    refused("blocks up to number 7, but no block 2", {layer.format(7): bias})
    refused("blocks up to number 999999, but no block 2", {layer.format(999999): bias})
    refused(r"left over +1 \(encoder.layer.9999999.", {layer.format(9999999): bias})
    refused(r"left over +1 \(extra\)", {"electra/extra": bias})
    refused("no tensor embeddings.word_emb|vocabulary_size", {table: np.float32(1)})
    refused("vocabulary_size must be a whole number", {table: np.zeros((0, 8), "float32")})
    refused("are both electra.extra", {"electra/extra": bias, "electra.extra": bias})
    heads = "does not divide into num_heads=3 heads"
    refused(heads, {}, {"num_attention_heads": 3})
    refused("config.json says hidden_size=256, but", {}, {"hidden_size": 256})
    with pytest.raises(ConversionError, match="config.json says hidden_size=256, but"):
        GoogleElectraFolder(tmp_path).encoder()
