"""Every way in which a BERT is kept in a Hugging Face folder gives what transformers gives."""

import json
import shutil

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.checkpoints.hugging_face import ACTIVATIONS
from tests.parity.references import INPUTS, SIZES, assert_same, edit_config, reference, run
from tests.tiny import VOCABULARY, to_numpy

MASK = INPUTS["padding_mask"]
HEADS = {
    "BertModel": {},
    "BertForMaskedLM": {},
    "BertForPreTraining": {},
    "BertForNextSentencePrediction": {},
    "BertForSequenceClassification": {"num_labels": 3},
    "BertForTokenClassification": {"num_labels": 5},
    "BertForMultipleChoice": {},
    "BertForQuestionAnswering": {},
    "BertLMHeadModel": {},
}


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    """`(folder, reference)` of a BertForPreTraining: all that the variants below start from."""
    folder = tmp_path_factory.mktemp("bert")
    return folder, reference("BertForPreTraining", folder)


@pytest.fixture
def copy(bert, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(bert[0], folder)
    return folder


def check(folder, model, atol=1e-5):
    encoder = kbz.Encoder.from_preset(folder)
    expected = run(model.base_model)
    assert_same(to_numpy(encoder(INPUTS)), expected.last_hidden_state, MASK, atol)
    return encoder, expected


@pytest.mark.parametrize("head", HEADS)
def test_the_encoder_of_every_head(head, tmp_path):
    model = reference(head, tmp_path, **HEADS[head])
    encoder, expected = check(tmp_path, model)
    if expected.pooler_output is None:
        assert encoder.pooler is None
    else:
        assert_same(to_numpy(encoder.pooler(encoder(INPUTS))), expected.pooler_output)
    report = encoder.conversion_report
    assert (report.missing, report.leftover, report.new) == ([], [], [])


def test_without_a_pooler(tmp_path):
    transformers = pytest.importorskip("transformers")
    model = reference("BertModel", tmp_path)
    bare = transformers.BertModel(model.config, add_pooling_layer=False).eval()
    bare.load_state_dict(model.state_dict(), strict=False)
    bare.save_pretrained(tmp_path)
    encoder, _ = check(tmp_path, bare)
    assert encoder.pooler is None


def test_hidden_states_and_attention_maps(tmp_path):
    model = reference("BertModel", tmp_path, attn_implementation="eager")
    encoder = kbz.Encoder.from_preset(tmp_path)
    ours = encoder.trace(INPUTS)
    expected = run(model, output_attentions=True, output_hidden_states=True)
    assert len(ours["hidden_states"]) == len(expected.hidden_states) == 3
    for state, reference_state in zip(ours["hidden_states"], expected.hidden_states):
        assert_same(to_numpy(state), reference_state, MASK)
    for maps, reference_maps in zip(ours["attention_maps"], expected.attentions):
        real = np.broadcast_to(MASK[:, None, :, None], maps.shape)
        assert_same(to_numpy(maps), reference_maps, real)
    assert_same(to_numpy(ours["pooled_output"]), expected.pooler_output)


@pytest.mark.parametrize("hidden_act", ACTIVATIONS)
def test_every_activation(hidden_act, tmp_path):
    model = reference("BertModel", tmp_path, hidden_act=hidden_act)
    check(tmp_path, model)


@pytest.mark.parametrize(
    "changes",
    [
        {"layer_norm_eps": 0.1},
        {"num_attention_heads": 4},
        {"type_vocab_size": 3},
        {"max_position_embeddings": 9},
    ],
    ids=str,
)
def test_every_number_of_the_config(changes, tmp_path):
    check(tmp_path, reference("BertModel", tmp_path, **changes))


def test_dropouts_are_honoured(tmp_path):
    reference("BertModel", tmp_path, hidden_dropout_prob=0.3, attention_probs_dropout_prob=0.2)
    encoder = kbz.Encoder.from_preset(tmp_path)
    block = encoder.blocks[0]
    assert (block.dropout.rate, block.attention.dropout.rate) == (0.3, 0.2)
    assert encoder.get_layer("embeddings").dropout.rate == 0.3


# ---------------------------------------------------------------- how tensors are kept


def tensors_of(folder):
    from safetensors.numpy import load_file

    return load_file(folder / "model.safetensors")


def rewrite(folder, tensors):
    from safetensors.numpy import save_file

    save_file(
        {k: np.ascontiguousarray(v) for k, v in tensors.items()}, folder / "model.safetensors"
    )


OLD = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}


def old_names(name):
    for new, old in OLD.items():
        name = name.replace(new, old)
    return name


@pytest.mark.parametrize(
    "rename",
    [old_names, lambda name: name.removeprefix("bert.")],
    ids=["gamma and beta", "no prefix"],
)
def test_other_names(bert, copy, rename):
    rewrite(copy, {rename(name): value for name, value in tensors_of(copy).items()})
    check(copy, bert[1])


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_a_pickled_file(bert, copy, zipped):
    torch = pytest.importorskip("torch")
    (copy / "model.safetensors").unlink()
    torch.save(
        bert[1].state_dict(),
        copy / "pytorch_model.bin",
        _use_new_zipfile_serialization=zipped,
    )
    check(copy, bert[1])


def test_shards(bert, tmp_path):
    folder, model = tmp_path, bert[1]
    model.save_pretrained(folder, max_shard_size="5KB")
    assert len(list(folder.glob("model-*.safetensors"))) > 2
    check(folder, model)


def test_half_precision_files(bert, copy):
    model = bert[1]
    rewrite(copy, {name: value.astype("float16") for name, value in tensors_of(copy).items()})
    check(copy, model, atol=0.05)


@pytest.mark.parametrize("field", ["architectures", "model_type", "transformers_version"])
def test_configs_that_lack_a_field(bert, copy, field):
    edit_config(copy, **{field: ...})
    check(copy, bert[1])


# ---------------------------------------------------------------- what is refused, and reported


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"position_embedding_type": "relative_key"}, "position_embedding_type='relative_key'"),
        ({"is_decoder": True}, "is_decoder=True"),
        ({"add_cross_attention": True}, "add_cross_attention=True"),
        ({"pruned_heads": {"0": [1]}}, "pruned_heads"),
        ({"hidden_act": "gelu_10"}, "hidden_act='gelu_10' is not supported"),
        ({"model_type": "gpt2"}, "model_type is 'gpt2'. Families that can be read: albert, bert"),
        ({"vocab_size": 10**12}, "vocab_size=1000000000000, but embeddings.word_embeddings"),
        ({"hidden_size": -1}, "hidden_dim must be a whole number above 0. Given: -1"),
        ({"num_attention_heads": 3}, "does not divide into num_heads=3"),
        ({"num_hidden_layers": 500}, "500 layers, but no tensor"),
        ({"intermediate_size": 33}, "intermediate_size=33, but"),
        ({"hidden_dropout_prob": 1.5}, r"dropout must be in \[0, 1\)"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_refuses_by_name_what_it_would_build_wrongly(copy, changes, words):
    edit_config(copy, **changes)
    with pytest.raises(kbz.ConversionError, match=words):
        kbz.Encoder.from_preset(copy)


def test_missing_and_left_over_tensors_are_errors(copy):
    tensors = tensors_of(copy)
    gone = tensors.pop("bert.encoder.layer.1.output.dense.bias")
    tensors["bert.encoder.layer.1.adapter.weight"] = gone
    rewrite(copy, tensors)
    with pytest.raises(kbz.ConversionError) as error:
        kbz.Encoder.from_preset(copy)
    report = error.value.report
    assert report.missing == ["encoder.layer.1.output.dense.bias"]
    assert report.leftover == ["encoder.layer.1.adapter.weight"]
    loose = kbz.Encoder.from_preset(copy, strict=False)
    assert loose.conversion_report.missing == report.missing


def test_matrices_that_are_missing_start_at_random(copy):
    tensors = tensors_of(copy)
    tensors.pop("bert.encoder.layer.1.output.dense.weight")
    rewrite(copy, tensors)
    kernel, other = (
        to_numpy(kbz.Encoder.from_preset(copy, strict=False).blocks[1].feed_forward.out.kernel)
        for _ in range(2)
    )
    assert 0.2 < kernel.std() / SIZES["initializer_range"] < 1.2
    assert not np.array_equal(kernel, other)


def test_fewer_layers_in_the_config_than_in_the_file(copy):
    edit_config(copy, num_hidden_layers=1)
    with pytest.raises(kbz.ConversionError, match="left over"):
        kbz.Encoder.from_preset(copy)


def test_a_wrong_shape_names_the_tensor(copy):
    tensors = tensors_of(copy)
    name = "bert.encoder.layer.0.attention.self.query.weight"
    rewrite(copy, {**tensors, name: tensors[name][:, :8]})
    with pytest.raises(kbz.ConversionError, match=r"query.weight has shape \(16, 8\)"):
        kbz.Encoder.from_preset(copy)


def test_one_weight_under_two_names(copy):
    tensors = tensors_of(copy)
    name = "embeddings.word_embeddings.weight"
    rewrite(copy, {**tensors, name: tensors[f"bert.{name}"]})
    with pytest.raises(kbz.ConversionError, match="two tensors for one weight"):
        kbz.Encoder.from_preset(copy)


def test_the_report_is_a_short_table(bert):
    text = str(kbz.Encoder.from_preset(bert[0]).conversion_report)
    assert "tensors missing        0" in text
    assert "hidden_act=gelu" in text
    assert "weights from           model.safetensors" in text
    assert len(text.splitlines()) == 9


def test_the_report_tells_of_weights_in_other_formats(copy):
    for name in ("tf_model.h5", "flax_model.msgpack", "bert_model.ckpt.index"):
        (copy / name).write_bytes(b"not looked at")
    report = kbz.Encoder.from_preset(copy).conversion_report
    assert report.weights == ["model.safetensors"]
    assert report.passed_over == {
        "tf_model.h5": "model.safetensors comes first",
        "bert_model.ckpt.index": "model.safetensors comes first",
        "flax_model.msgpack": "no format that is read",
    }
    assert "not read               tf_model.h5: model.safetensors comes first" in str(report)


def test_a_folder_that_holds_no_config(tmp_path):
    (tmp_path / "cat.jpg").write_bytes(b"meow")
    with pytest.raises(ValueError, match=r"(?s)no config.json.*cat.jpg"):
        kbz.Encoder.from_preset(tmp_path)


# ---------------------------------------------------------------- fine-tuned heads


def classifier_folder(folder, **config):
    model = reference("BertForSequenceClassification", folder, **config)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY[:61]) + "\n")
    return model


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"id2label": {0: "sad", 1: "glad", 2: "mad"}}, "single"),
        ({"num_labels": 1}, "regression"),
        ({"num_labels": 2, "problem_type": "multi_label_classification"}, "multi_label"),
    ],
    ids=str,
)
def test_a_classification_head_arrives_with_its_labels(config, problem, tmp_path):
    model = classifier_folder(tmp_path, **config)
    task = kbz.TextClassifier.from_preset(tmp_path)
    assert_same(to_numpy(task(INPUTS)), run(model).logits)
    assert task.problem == problem
    assert task.labels == (list(config["id2label"].values()) if "id2label" in config else None)
    assert task.conversion_report.new == []


def test_id2label_that_disagrees_with_the_tensors(tmp_path):
    model = classifier_folder(tmp_path, num_labels=3)
    labels = {"0": "a", "1": "b"}
    edit_config(tmp_path, num_labels=7, id2label=labels, label2id={"a": 0, "b": 1})
    task = kbz.TextClassifier.from_preset(tmp_path)
    assert (task.num_classes, task.labels) == (3, None)
    assert_same(to_numpy(task(INPUTS)), run(model).logits)


def test_a_new_head_on_a_fine_tuned_encoder(tmp_path):
    model = classifier_folder(tmp_path, num_labels=3)
    task = kbz.TextClassifier.from_preset(tmp_path, labels=["x", "y"])
    assert task.conversion_report.new == ["head/logits/kernel", "head/logits/bias"]
    assert_same(to_numpy(task.encoder(INPUTS)), run(model.bert).last_hidden_state, MASK)


def test_a_loaded_head_can_be_renamed(tmp_path):
    model = classifier_folder(tmp_path, num_labels=3)
    task = kbz.TextClassifier.from_preset(tmp_path, labels=["x", "y", "z"], head="load")
    assert task.labels == ["x", "y", "z"]
    assert_same(to_numpy(task(INPUTS)), run(model).logits)


def test_a_checkpoint_without_a_head_needs_labels(bert, copy):
    (copy / "vocab.txt").write_text("\n".join(VOCABULARY[:61]) + "\n")
    with pytest.raises(ValueError, match="no head for a TextClassifier"):
        kbz.TextClassifier.from_preset(copy)


def test_classifier_dropout_is_honoured(tmp_path):
    classifier_folder(tmp_path, num_labels=2, classifier_dropout=0.4)
    task = kbz.TextClassifier.from_preset(tmp_path)
    assert task.get_layer("head").dropout.rate == 0.4
    assert json.loads(json.dumps(task.get_config()["dropout"])) == 0.4
