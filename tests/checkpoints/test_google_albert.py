"""Google's folders of ALBERT give what transformers computes with the same weights."""

import json

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.checkpoints.google_names import ALBERT, translate
from keras_bert_zoo.checkpoints.google_tf1 import GoogleFolder
from keras_bert_zoo.checkpoints.report import ConversionError
from tests.checkpoints.bundles import write_bundle
from tests.parity.references import INPUTS, assert_same, reference, run
from tests.tiny import VOCABULARY, to_numpy
from tests.tokenizers.tiny_folders import SENTENCE_PIECES, sentencepiece_model

MASK = INPUTS["padding_mask"]
FIELDS = """attention_probs_dropout_prob hidden_dropout_prob embedding_size hidden_size
initializer_range intermediate_size max_position_embeddings num_attention_heads num_hidden_layers
num_hidden_groups inner_group_num type_vocab_size vocab_size""".split()
# What else stands in every albert_config.json.
FIXED = {
    "hidden_act": "gelu",
    "net_structure_type": 0,
    "gap_size": 0,
    "num_memory_blocks": 0,
    "down_scale_factor": 1,
}
# Hugging Face's name -> Google's, one substitution after the other: written apart from the code
# under test, and the other way round.
STEPS = (
    ("albert_layer_groups.", "transformer/group_"),
    (".albert_layers.0.attention.LayerNorm", "/inner_group_0/LayerNorm"),
    (".albert_layers.0.attention.dense", "/inner_group_0/attention_1/output/dense"),
    (".albert_layers.0.attention.", "/inner_group_0/attention_1/self/"),
    (".albert_layers.0.ffn_output", "/inner_group_0/ffn_1/intermediate/output/dense"),
    (".albert_layers.0.ffn", "/inner_group_0/ffn_1/intermediate/dense"),
    (".albert_layers.0.full_layer_layer_norm", "/inner_group_0/LayerNorm_1"),
    ("albert.pooler", "albert.pooler.dense"),
    ("albert.", "bert."),
    ("predictions.bias", "cls.predictions.output_bias"),
    ("predictions.dense", "cls.predictions.transform.dense"),
    ("predictions.LayerNorm", "cls.predictions.transform.LayerNorm"),
    ("sop_classifier.classifier.", "cls.seq_relationship.output_"),
)


def google_name(name):
    if name.startswith("classifier."):
        return name.replace("classifier.weight", "output_weights").replace(
            "classifier.bias", "output_bias"
        )
    for theirs, google in STEPS:
        name = name.replace(theirs, google)
    name = name.replace("output_weight", "output_weights")
    if "LayerNorm" in name:
        name = name.replace(".weight", ".gamma").replace(".bias", ".beta")
    name = name.replace("_embeddings.weight", "_embeddings")
    return name.replace(".weight", ".kernel").replace(".", "/")


def google_arrays(model):
    arrays = {}
    for name, tensor in model.state_dict().items():
        theirs, array = google_name(name), tensor.numpy()
        if not name.startswith("predictions.decoder") and "position_ids" not in name:
            arrays[theirs] = array.T if theirs.endswith("kernel") else array
    return arrays


def write_google(folder, model, fields=FIXED, **more):
    folder.mkdir(exist_ok=True)
    config = {field: getattr(model.config, field) for field in FIELDS}
    (folder / "albert_config.json").write_text(json.dumps({**config, **fields}))
    (folder / "vocab_chinese.txt").write_text("\n".join(VOCABULARY) + "\n")
    arrays = google_arrays(model)
    write_bundle(folder, {**arrays, **more}, "model.ckpt-best")
    return arrays


def model_of(head, folder, **config):
    sizes = {"vocab_size": len(VOCABULARY), "embedding_size": 8, "hidden_act": "gelu_new"}
    config = {"num_hidden_layers": 4, "num_hidden_groups": 2, **sizes, **config}
    return reference(head, folder, "AlbertConfig", **config)


@pytest.fixture(scope="module")
def albert(tmp_path_factory):
    """`(folder, the model in it)`: a pre-trained one, with the state of its optimizer."""
    folder = tmp_path_factory.mktemp("albert") / "albert_tiny"
    model = model_of("AlbertForPreTraining", folder.parent / "hf")
    slots = {f"bert/pooler/dense/bias/lamb_{slot}": np.zeros(16, "float32") for slot in "mv"}
    write_google(folder, model, global_step=np.array(3, "int64"), **slots)
    return folder, model


def test_the_encoder_and_the_masked_words(albert):
    folder, model = albert
    task = kbz.MaskedLM.from_preset(folder)
    expected, encoder = run(model.albert), task.encoder
    assert_same(to_numpy(encoder(INPUTS)), expected.last_hidden_state, MASK)
    assert_same(to_numpy(encoder.pooler(encoder(INPUTS))), expected.pooler_output)
    places = np.tile(np.arange(9, dtype="int32"), (4, 1))
    logits = to_numpy(task({**INPUTS, "mask_positions": places}))
    assert_same(logits, run(model).prediction_logits, MASK)
    assert task.tied
    report = task.conversion_report
    assert (report.missing, report.leftover, report.new) == ([], [], [])
    assert encoder.config.num_groups == 2
    assert {"global_step", "bert/pooler/dense/bias/lamb_m"} <= set(report.unused)
    assert "sop_classifier.classifier.weight" in report.unused
    assert "the only gelu of ALBERT's code" in report.assumed["hidden_act"]
    assert task.preprocessor.tokenizer.tokenize("A GREAT film") == ["a", "great", "film"]


def test_what_run_classifier_fine_tunes(tmp_path):
    model = model_of("AlbertForSequenceClassification", tmp_path / "hf", num_labels=3)
    write_google(tmp_path / "a", model, **{"start_logits/dense/bias": np.zeros(1, "float32")})
    task = kbz.TextClassifier.from_preset(tmp_path / "a")
    assert_same(to_numpy(task(INPUTS)), run(model).logits)
    assert task.conversion_report.unused == ["start_logits/dense/bias"]


def test_tables_as_wide_as_the_blocks_have_no_mapping(tmp_path):
    model = model_of("AlbertModel", tmp_path / "hf", embedding_size=16)
    with_prefix = {f"albert.{name}": value for name, value in model.state_dict().items()}
    model.state_dict = lambda: {n: v for n, v in with_prefix.items() if "mapping_in" not in n}
    write_google(tmp_path / "a", model)
    encoder = kbz.Encoder.from_preset(tmp_path / "a")
    assert encoder.conversion_report.missing == []
    projections = [v for v in encoder.weights if "project" in v.path]
    assert projections == []


@pytest.fixture(scope="module")
def pieces():
    options = {name: value for name, value in SENTENCE_PIECES["albert"].items() if name != "file"}
    return sentencepiece_model(**options)


@pytest.mark.any_backend
def test_its_sentencepiece_model(albert, pieces, tmp_path):
    write_google(tmp_path, albert[1])
    (tmp_path / "30k-clean.model").write_bytes(pieces)
    checkpoint = GoogleFolder(tmp_path)
    assert checkpoint.report.assumed["do_lower_case"] == "True (as ALBERT's scripts do)"
    transformers = pytest.importorskip("transformers")
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "spiece.model").write_bytes(pieces)
    expected = transformers.AlbertTokenizerFast.from_pretrained(tmp_path / "hf")
    text = "The CAPITAL of France, ``Été''"
    assert checkpoint.tokenizer()(text) == expected(text)["input_ids"]
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    checkpoint = GoogleFolder(tmp_path)
    assert "do_lower_case" not in checkpoint.report.assumed
    options = {"do_lower_case": False}
    expected = transformers.AlbertTokenizerFast.from_pretrained(tmp_path / "hf", **options)
    assert checkpoint.tokenizer()(text) == expected(text)["input_ids"]
    (tmp_path / "other.model").write_bytes(pieces)
    with pytest.raises(ConversionError, match="2 vocabularies: 30k-clean.model, other.model"):
        GoogleFolder(tmp_path)


def test_the_files_of_tensorflow_itself(albert, tmp_path):
    tf = pytest.importorskip("tensorflow")
    arrays = write_google(tmp_path, albert[1])
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        with tf.compat.v1.variable_scope("module"):  # as out of a module of TensorFlow Hub
            variables = [
                tf.compat.v1.get_variable(name, initializer=tf.constant(array))
                for name, array in arrays.items()
            ]
        session.run([variable.initializer for variable in variables])
        tf.compat.v1.train.Saver().save(session, str(tmp_path / "model.ckpt-best"))
    encoder = kbz.Encoder.from_preset(tmp_path)
    assert_same(to_numpy(encoder(INPUTS)), run(albert[1].albert).last_hidden_state, MASK)


@pytest.mark.any_backend
@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ("bert/encoder/transformer/group_11/inner_group_0/LayerNorm_1/beta",
         ("albert.encoder.albert_layer_groups.11.albert_layers.0.full_layer_layer_norm.bias",
          False)),
        ("bert/encoder/transformer/group_0/inner_group_0/ffn_1/intermediate/output/dense/kernel",
         ("albert.encoder.albert_layer_groups.0.albert_layers.0.ffn_output.weight", True)),
        ("module/bert/pooler/dense/kernel", ("albert.pooler.weight", True)),
        ("cls/seq_relationship/output_weights", ("sop_classifier.classifier.weight", False)),
        ("bert/encoder/transformer/group_0/inner_group_1/LayerNorm/beta",
         ("bert.encoder.transformer.group_0.inner_group_1.LayerNorm.bias", False)),
    ],
)  # fmt: skip
def test_names(theirs, expected):
    assert translate(theirs, ALBERT) == expected


@pytest.mark.any_backend
def test_what_does_not_fit(albert, tmp_path):
    _, model = albert

    def refused(match, fields=FIXED, **more):
        write_google(tmp_path, model, {**FIXED, **fields}, **more)
        with pytest.raises(ConversionError, match=match):
            kbz.Encoder.from_preset(tmp_path)

    for field in ("net_structure_type", "gap_size", "num_memory_blocks", "down_scale_factor"):
        refused(rf"albert_config.json: {field}=2 changes the output", {field: 2})
    refused("inner_group_num=2 changes the output", {"inner_group_num": 2})
    refused("albert_config.json says 3 layers", {"num_hidden_groups": 3})
    refused("embedding_size=16, but", {"embedding_size": 16})
    refused("num_groups=9 is more", {"num_hidden_groups": 9})
    refused("hidden_act='erf' is not supported", {"hidden_act": "erf"})
    second = "bert/encoder/transformer/group_0/inner_group_0/ffn_2/intermediate/dense/bias"
    refused(r"left over +1 \(bert.enc", **{second: np.zeros(16, "float32")})
    both = {"module/bert/pooler/dense/bias": np.zeros(16, "float32")}
    refused("'bert/pooler/dense/bias' and 'module/.* are both albert.pooler.bias", **both)
    write_google(tmp_path, model)
    (tmp_path / "albert_config.json").unlink()
    with pytest.raises(ConversionError, match="has no albert_config.json. It holds: model.ckpt"):
        kbz.Encoder.from_preset(tmp_path)
