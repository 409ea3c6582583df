"""BERT as TensorFlow 2 saves it: TensorFlow writes, transformers computes, and we agree."""

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import keras_bert_zoo as kbz
from keras_bert_zoo.checkpoints import google_tf2, object_graph
from keras_bert_zoo.checkpoints.google_tf2 import original
from keras_bert_zoo.checkpoints.object_graph import GRAPH, variable_names
from keras_bert_zoo.checkpoints.report import ConversionError
from keras_bert_zoo.checkpoints.tensor_bundle import TensorBundle
from tests.checkpoints.bundles import field
from tests.parity.references import INPUTS, assert_same, reference, run
from tests.tiny import VOCABULARY, to_numpy

MASK = INPUTS["padding_mask"]
HEADS = 2
FIELDS = """attention_probs_dropout_prob hidden_dropout_prob hidden_size initializer_range
intermediate_size max_position_embeddings num_attention_heads num_hidden_layers type_vocab_size
vocab_size""".split()
# Hugging Face's name -> Model Garden's, one substitution after the other: written apart from the
# code under test, and the other way round.
STEPS = (
    (r"^bert\.", ""),
    (r"encoder\.layer\.(\d+)\.", r"transformer/layer_\1/"),
    (r"attention\.self\.", "self_attention/"),
    (r"attention\.output\.dense", "self_attention/attention_output"),
    (r"attention\.output\.LayerNorm", "self_attention_layer_norm"),
    (r"intermediate\.dense", "intermediate"),
    (r"output\.dense", "output"),
    (r"output\.LayerNorm", "output_layer_norm"),
    (r"embeddings\.word_embeddings\.weight", "word_embeddings/embeddings"),
    (r"embeddings\.position_embeddings\.weight", "position_embedding/embeddings"),
    (r"embeddings\.token_type_embeddings\.weight", "type_embeddings/embeddings"),
    (r"embeddings\.LayerNorm", "embeddings/layer_norm"),
    (r"pooler\.dense", "pooler_transform"),
    (r"cls\.predictions\.transform\.", "cls/predictions/transform/"),
    (r"cls\.predictions\.bias", "cls/predictions/output_bias/bias"),
    (r"([Nn]orm)\.weight", r"\1/gamma"),
    (r"([Nn]orm)\.bias", r"\1/beta"),
    (r"\.weight", "/kernel"),
    (r"\.bias", "/bias"),
)
# As releases before 2.3 had it.
OLD = (
    (r"^transformer/", "encoder/"),
    (r"self_attention/attention_output", "self_attention_output"),
    (r"position_embedding/embeddings", "embedding_postprocessor/position_embeddings"),
    (r"type_embeddings/embeddings", "embedding_postprocessor/type_embeddings"),
    (r"^embeddings/layer_norm", "embedding_postprocessor/layer_norm"),
    (r"^", "bert_model/"),
)


@pytest.fixture(scope="module")
def tf():
    return pytest.importorskip("tensorflow")


def rename(name, steps):
    for pattern, new in steps:
        name = re.sub(pattern, new, name)
    return name


def by_heads(name, array):
    """The array in the shape that it has there."""
    width = array.shape[-1] // HEADS
    if re.search(r"self_attention/(query|key|value)/", name):
        return array.reshape(*array.shape[:-1], HEADS, width)
    if re.search(r"(attention_output|self_attention_output)/kernel", name):
        return array.reshape(HEADS, -1, array.shape[-1])
    return array


def arrays_of(model, old=False):
    arrays = {}
    for name, tensor in model.state_dict().items():
        if re.search("decoder|seq_relationship|position_ids", name):
            continue
        theirs, array = rename(name, STEPS), tensor.numpy()
        array = by_heads(theirs, array.T if theirs.endswith("kernel") else array)
        arrays[rename(theirs, OLD) if old else theirs] = array
    return arrays


def module_of(tf, arrays):
    """Variables of these names, under attributes that say nothing."""
    module = tf.Module()
    module.parts = [tf.Variable(array, name=name) for name, array in arrays.items()]
    return module


def save(tf, folder, arrays, **more):
    folder.mkdir(exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    checkpoint = tf.train.Checkpoint(model=module_of(tf, arrays), **more)
    checkpoint.write(str(folder / "bert_model.ckpt"))


def write_config(folder, model, **changes):
    config = {name: getattr(model.config, name) for name in FIELDS}
    config |= {"hidden_act": "gelu", "embedding_size": 16, **changes}
    (folder / "bert_config.json").write_text(json.dumps(config))


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hf")
    sizes = {"vocab_size": len(VOCABULARY), "hidden_act": "gelu_new"}
    return reference("BertForPreTraining", folder, **sizes)


def assert_whole(encoder, model):
    expected = run(model.bert)
    assert_same(to_numpy(encoder(INPUTS)), expected.last_hidden_state, MASK)
    assert_same(to_numpy(encoder.pooler(encoder(INPUTS))), expected.pooler_output)
    report = encoder.conversion_report
    assert (report.missing, report.leftover, report.new) == ([], [], [])


def test_a_checkpoint_of_model_garden(tf, bert, tmp_path):
    head = {"next_sentence/pooler_dense/kernel": np.zeros((16, 16), "float32")}
    optimizer = tf.Module()
    optimizer.m = tf.Variable(np.zeros(16, "float32"), name="Adam/pooler_transform/bias/m")
    save(tf, tmp_path, {**arrays_of(bert), **head}, optimizer=optimizer)
    write_config(tmp_path, bert)
    task = kbz.MaskedLM.from_preset(tmp_path)
    places = np.tile(np.arange(9, dtype="int32"), (4, 1))
    logits = to_numpy(task({**INPUTS, "mask_positions": places}))
    assert_same(logits, run(bert).prediction_logits, MASK)
    assert task.conversion_report.new == []
    assert task.preprocessor.tokenizer.tokenize("A GREAT film") == ["a", "great", "film"]
    encoder = kbz.Encoder.from_preset(tmp_path)
    assert_whole(encoder, bert)
    report = encoder.conversion_report
    assert "optimizer/m/.ATTRIBUTES/VARIABLE_VALUE" in report.unused
    assert report.assumed["norm_first"] == "False (no file says it)"
    assert "the only gelu of Model Garden's code" in report.assumed["hidden_act"]


@pytest.mark.any_backend
def test_without_a_config(tf, bert, tmp_path):
    save(tf, tmp_path, {f"bert_encoder/{n}": array for n, array in arrays_of(bert).items()})
    encoder = kbz.Encoder.from_preset(tmp_path)
    assert_whole(encoder, bert)
    assert encoder.config.num_heads == HEADS


@pytest.mark.any_backend
def test_names_of_old_releases(tf, bert, tmp_path):
    arrays = arrays_of(bert, old=True)
    assert "bert_model/encoder/layer_1/self_attention_output/kernel" in arrays
    save(tf, tmp_path, arrays)
    assert_whole(kbz.Encoder.from_preset(tmp_path), bert)


def test_a_saved_model(tf, bert, tmp_path):
    folder = tmp_path / "bert_en_uncased"
    module = module_of(tf, arrays_of(bert))
    module.lower = tf.Variable(True, trainable=False)
    tf.saved_model.save(module, str(folder))
    (folder / "assets").mkdir(exist_ok=True)
    (folder / "assets" / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    assert_whole(kbz.Encoder.from_preset(folder), bert)
    task = kbz.TextClassifier.from_preset(folder, labels=["bad", "good"])
    assert task.preprocessor.tokenizer.tokenize("A GREAT film") == ["a", "great", "film"]
    assert "do_lower_case" in task.conversion_report.assumed


@pytest.mark.any_backend
def test_what_does_not_fit(tf, bert, tmp_path, monkeypatch):
    arrays = arrays_of(bert)

    def refused(match, changes, **config):
        save(tf, tmp_path, {n: a for n, a in {**arrays, **changes}.items() if a is not None})
        if config:
            write_config(tmp_path, bert, **config)
        with pytest.raises(ConversionError, match=match):
            kbz.Encoder.from_preset(tmp_path)

    bias, query = np.zeros(16, "float32"), "transformer/layer_{}/self_attention/query/kernel"
    refused("missing +1", {"transformer/layer_0/output/bias": None})
    refused(r"left over +1 \(unknown.embedding_projection", {"embedding_projection/bias": bias})
    refused(r"left over +1 \(unknown.tran", {"transformer/layer_0/self_attention/gate/bias": bias})
    refused("both bert/pooler/dense/bias: a ch", {"generator/pooler_transform/bias": bias})
    other = {query.format(1): np.zeros((16, 4, 4), "float32")}
    refused(r"its attention has \[2, 4\] heads", other)
    flat = {query.format(n): np.zeros((16, 16), "float32") for n in range(2)}
    refused("not kept head by head, and there is no .*bert_config.json", flat)
    refused("num_attention_heads=4, but the attention of .* has 2", {}, num_attention_heads=4)
    refused("says hidden_size=32, but", {}, hidden_size=32)
    monkeypatch.setattr(google_tf2, "MAX_BYTES", 100)
    refused(rf"{GRAPH}': it has \d+ bytes; expected at most 100", {})


@pytest.mark.any_backend
def test_objects_of_another_model(tf, tmp_path):
    save(tf, tmp_path, {"dense/kernel": np.zeros((2, 2), "float32")})
    with pytest.raises(
        ConversionError, match="under Google's names. .* found unknown/dense/kernel"
    ):
        kbz.Encoder.from_preset(tmp_path)


@pytest.mark.any_backend
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("word_embeddings/embeddings:0", "bert/embeddings/word_embeddings"),
        ("a/b/transformer/layer_11/output/kernel", "bert/encoder/layer_11/output/dense/kernel"),
        ("cls/predictions/output_bias/bias", "cls/predictions/output_bias"),
        ("my_transformer/layer_0/output/kernel", None),
        ("transformer/layer_0/output/kernel/m", None),
        ("transformer/layer_x/output/kernel", None),
        ("embeddings", None),
        ("", None),
    ],
)
def test_names(name, expected):
    assert original(name) == expected


# The graph of objects.


def graph(*attributes):
    """One node with tensors, each a pair of key and name."""
    parts = [field(1, b"VALUE") + field(2, name) + field(3, key) for key, name in attributes]
    return field(1, field(1, field(2, b"child")) + b"".join(field(2, part) for part in parts))


@pytest.mark.any_backend
def test_the_graph():
    assert variable_names(b"") == {}
    found = variable_names(graph((b"a", b"x/y"), (b"b", b"")) + graph((b"a", b"x/y")))
    assert found == {"a": "x/y", "b": ""}


@pytest.mark.any_backend
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x0f", "of kind 7"),
        (field(1, 5), "field 1 is a number"),
        (field(1, field(2, 5)), "field 2 is a number"),
        (field(1, field(2, field(3, 5))), "field 3 is a number"),
        (field(1, b"abc")[:-1], "cut short"),
        (graph((b"a", b"x"), (b"a", b"y")), "calls 'a' both 'x' and 'y'"),
        (graph((b"\xff", b"x")), "is not UTF-8"),
        (graph((b"a", b"x" * 5000)), "a name of 5000 characters; expected at most 4096"),
    ],
)
def test_hostile_graphs(data, expected):
    with pytest.raises(ValueError, match=expected):
        variable_names(data)


@pytest.mark.any_backend
@settings(max_examples=100, deadline=2000)
@given(st.integers(0, 200), st.binary(max_size=8), st.integers(0, 8))
def test_mutated_graphs(place, new, gone):
    sound = graph((b"a/b", b"x/y"), (b"c", b"z")) * 3
    place %= len(sound)
    try:
        found = variable_names(sound[:place] + new + sound[place + gone :])
    except ValueError:
        return
    assert all(isinstance(text, str) for text in [*found, *found.values()])


@pytest.mark.any_backend
def test_many_long_names_take_no_time():
    long = b"transformer/layer_0/" * 200
    data = graph(*((b"%d" % n, long) for n in range(900)))
    assert len(data) < object_graph.MAX_BYTES
    assert {original(name) for name in variable_names(data).values()} == {None}


@pytest.mark.any_backend
def test_what_tensorflow_says_of_itself(tf, tmp_path):
    protos = pytest.importorskip("tensorflow.core.protobuf.trackable_object_graph_pb2")
    save(tf, tmp_path, {"a/b": np.zeros(2, "float32"), "c": np.zeros(1, "float32")})
    data = TensorBundle(tmp_path / "bert_model.ckpt.index").read_string(GRAPH)[0]
    expected = protos.TrackableObjectGraph()
    expected.ParseFromString(data)
    attributes = [attribute for node in expected.nodes for attribute in node.attributes]
    assert len(attributes) == 2
    assert variable_names(data) == {a.checkpoint_key: a.full_name for a in attributes}
