"""Google's folders of BERT give what transformers computes with the same weights."""

import json
import re

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.checkpoints.google_casing import infer_lowercase
from keras_bert_zoo.checkpoints.google_names import BERT, translate
from keras_bert_zoo.checkpoints.google_tf1 import GoogleFolder
from keras_bert_zoo.checkpoints.report import ConversionError
from tests.checkpoints.bundles import write_bundle
from tests.parity.references import INPUTS, assert_same, reference, run
from tests.paths import data_path
from tests.tiny import VOCABULARY, to_numpy

MASK = INPUTS["padding_mask"]
# Fields of Google's bert_config.json.
FIELDS = """attention_probs_dropout_prob hidden_act hidden_dropout_prob hidden_size
initializer_range intermediate_size max_position_embeddings num_attention_heads num_hidden_layers
type_vocab_size vocab_size""".split()
WHOLE = {
    "cls.predictions.bias": "cls/predictions/output_bias",
    "cls.seq_relationship.weight": "cls/seq_relationship/output_weights",
    "cls.seq_relationship.bias": "cls/seq_relationship/output_bias",
    "qa_outputs.weight": "cls/squad/output_weights",
    "qa_outputs.bias": "cls/squad/output_bias",
    "classifier.weight": "output_weights",
    "classifier.bias": "output_bias",
}


def google_name(name):
    """Their name of one of Hugging Face's tensors: written apart from the code under test."""
    if name in WHOLE:
        return WHOLE[name]
    name = re.sub(r"layer\.(\d+)", r"layer_\1", name)
    if "LayerNorm" in name:
        name = name.replace(".weight", ".gamma").replace(".bias", ".beta")
    name = re.sub(r"(_embeddings)\.weight", r"\1", name)
    return name.replace(".weight", ".kernel").replace(".", "/")


def google_arrays(model):
    arrays = {}
    for name, tensor in model.state_dict().items():
        theirs, array = google_name(name), tensor.numpy()
        if not name.startswith("cls.predictions.decoder") and "position_ids" not in name:
            arrays[theirs] = array.T if theirs.endswith("kernel") else array
    return arrays


def write_google(folder, model, **more):
    folder.mkdir(exist_ok=True)
    config = {field: getattr(model.config, field) for field in FIELDS}
    config |= {"directionality": "bidi", "pooler_type": "first_token_transform"}
    (folder / "bert_config.json").write_text(json.dumps(config))
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    arrays = google_arrays(model)
    write_bundle(folder, {**arrays, **more})
    return arrays


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    """`(folder, the model in it)`: a pre-trained one, with the state of its optimizer."""
    folder = tmp_path_factory.mktemp("bert") / "uncased_L-2_H-16_A-2"
    model = reference("BertForPreTraining", folder.parent / "hf", vocab_size=len(VOCABULARY))
    bias = np.zeros(16, "float32")
    slots = {f"bert/pooler/dense/bias/adam_{slot}": bias for slot in "mv"}
    write_google(folder, model, global_step=np.array(3, "int64"), **slots)
    return folder, model


def test_the_encoder(bert):
    folder, model = bert
    encoder = kbz.Encoder.from_preset(folder)
    expected = run(model.bert)
    assert_same(to_numpy(encoder(INPUTS)), expected.last_hidden_state, MASK)
    assert_same(to_numpy(encoder.pooler(encoder(INPUTS))), expected.pooler_output)
    report = encoder.conversion_report
    assert (report.missing, report.leftover, report.new) == ([], [], [])
    assert {"global_step", "bert/pooler/dense/bias/adam_m"} <= set(report.unused)
    assert "do_lower_case=True (vocab.txt has no capital letters)" in str(report)
    assert "the exact one" in report.assumed["hidden_act"]
    assert "directionality" in report.ignored


def test_the_heads_of_pre_training(bert):
    folder, model = bert
    expected = run(model)
    places = np.tile(np.arange(9, dtype="int32"), (4, 1))
    task = kbz.MaskedLM.from_preset(folder)
    logits = to_numpy(task({**INPUTS, "mask_positions": places}))
    assert_same(logits, expected.prediction_logits, MASK)
    assert task.tied
    assert task.conversion_report.new == []
    assert len(task.fill("a [MASK] film")) == 5
    task = kbz.PairScorer.from_preset(folder)
    assert_same(to_numpy(task(INPUTS)), expected.seq_relationship_logits)
    assert task.labels == ["next", "other"]
    assert task.conversion_report.new == []


def test_a_new_head(bert, tmp_path):
    task = kbz.TextClassifier.from_preset(bert[0], labels=["bad", "good"])
    assert task.conversion_report.new == ["head/logits/kernel", "head/logits/bias"]
    ids = task.preprocessor.tokenizer("A GREAT film")
    assert ids == task.preprocessor.tokenizer("a great film")
    task.save_to_preset(tmp_path / "saved")
    again = kbz.TextClassifier.from_preset(tmp_path / "saved")
    texts = ["a great film", "bad food"]
    np.testing.assert_allclose(again.predict(texts), task.predict(texts), atol=1e-6)
    with pytest.raises(ValueError, match="has no head for a TextClassifier"):
        kbz.TextClassifier.from_preset(bert[0])


def test_what_their_scripts_fine_tune(tmp_path):
    size = {"vocab_size": len(VOCABULARY)}
    model = reference("BertForSequenceClassification", tmp_path / "hf", num_labels=3, **size)
    write_google(tmp_path / "a", model)
    task = kbz.TextClassifier.from_preset(tmp_path / "a")
    assert_same(to_numpy(task(INPUTS)), run(model).logits)
    model = reference("BertForQuestionAnswering", tmp_path / "hf2", **size)
    write_google(tmp_path / "b", model)
    task = kbz.SpanExtractor.from_preset(tmp_path / "b")
    assert set(task.conversion_report.new) == set()
    assert "qa_outputs.weight" in task.conversion_report.used


@pytest.mark.any_backend
def test_a_config_under_the_usual_name(bert, tmp_path):
    write_google(tmp_path, bert[1])
    (tmp_path / "bert_config.json").rename(tmp_path / "config.json")
    encoder = kbz.Encoder.from_preset(tmp_path)
    assert_same(to_numpy(encoder(INPUTS)), run(bert[1].bert).last_hidden_state, MASK)


@pytest.mark.any_backend
def test_one_of_several_checkpoints(bert, tmp_path):
    arrays = write_google(tmp_path, bert[1])
    bias = arrays["bert/pooler/dense/bias"]
    for step in (0, 1000):
        changed = {**arrays, "bert/pooler/dense/bias": np.full_like(bias, step)}
        write_bundle(tmp_path, changed, f"bert_model.ckpt-{step}")

    def bias_of(preset):
        pooler = kbz.Encoder.from_preset(preset).pooler
        return to_numpy(pooler.weights[1])[0]

    with pytest.raises(ConversionError, match="3 checkpoints: bert_model.ckpt, bert_model.ckpt-0,"):
        kbz.Encoder.from_preset(tmp_path)
    assert bias_of(tmp_path / "bert_model.ckpt-1000") == 1000
    assert bias_of(str(tmp_path / "bert_model.ckpt-0.index")) == 0
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "bert_model.ckpt-1000"\n')
    assert bias_of(tmp_path) == 1000
    task = kbz.MaskedLM.from_preset(tmp_path / "bert_model.ckpt")
    assert len(task.fill("a [MASK] film")) == 5


def test_the_files_of_tensorflow_itself(bert, tmp_path):
    tf = pytest.importorskip("tensorflow")
    arrays = write_google(tmp_path, bert[1])
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        variables = [
            tf.compat.v1.get_variable(name, initializer=tf.constant(array))
            for name, array in arrays.items()
        ]
        session.run([variable.initializer for variable in variables])
        tf.compat.v1.train.Saver().save(session, str(tmp_path / "bert_model.ckpt"))
    encoder = kbz.Encoder.from_preset(tmp_path)
    assert_same(to_numpy(encoder(INPUTS)), run(bert[1].bert).last_hidden_state, MASK)


@pytest.mark.any_backend
def test_a_tokenizer_config_is_believed(bert, tmp_path):
    write_google(tmp_path, bert[1])
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    checkpoint = GoogleFolder(tmp_path)
    assert "do_lower_case" not in checkpoint.report.assumed
    assert checkpoint.tokenizer().tokenize("GREAT") == ["[UNK]"]


@pytest.mark.any_backend
@pytest.mark.parametrize(
    ("pieces", "folder", "expected"),
    [
        ("[PAD] [UNK] [CLS] a ##b", "uncased_L-2_H-128_A-2", True),
        ("[PAD] [UNK] <S> <T> 中", "chinese_L-12_H-768_A-12", True),
        ("[PAD] [UNK] a", "my-model", True),
        ("[PAD] [UNK] a A", "my-model", False),
        ("[PAD] [UNK] a ##B", "uncased_L-2_H-128_A-2", False),
        ("[PAD] [UNK] a", "multi_cased_L-12_H-768_A-12", False),
        ("[PAD] [UNK] a", "cased_L-12_H-768_A-12", False),
    ],
)
def test_casing(pieces, folder, expected, tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(pieces.split()), "utf-8")
    lowercase, reason = infer_lowercase(path, folder)
    assert lowercase is expected
    assert "vocab.txt" in reason or folder in reason


@pytest.mark.real
@pytest.mark.any_backend
@pytest.mark.parametrize("name", ["uncased", "cased", "multilingual-cased", "chinese"])
def test_casing_of_published_vocabularies(name):
    path = data_path("vocab", f"bert-{name}", "vocab.txt")
    assert infer_lowercase(path, "unnamed")[0] is (name in ("uncased", "chinese"))


@pytest.mark.any_backend
@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ("bert/encoder/layer_11/attention/output/LayerNorm/gamma",
         ("bert.encoder.layer.11.attention.output.LayerNorm.weight", False)),
        ("bert/encoder/layer_0/output/dense/kernel",
         ("bert.encoder.layer.0.output.dense.weight", True)),
        ("cls/seq_relationship/output_weights", ("cls.seq_relationship.weight", False)),
        ("something/else", ("something.else", False)),
    ],
)  # fmt: skip
def test_names(theirs, expected):
    assert translate(theirs, BERT) == expected


@pytest.mark.real
def test_a_published_index_names_every_weight():
    folder = data_path("tf1-index", "google-chinese")
    checkpoint = GoogleFolder(folder)
    config = checkpoint.encoder_config()
    assert (config.num_layers, config.vocabulary_size, config.use_pooler) == (12, 21128, True)
    assert checkpoint.lowercase is True
    heads = [name for name in checkpoint.names if name.startswith("cls.")]
    assert len(heads) == 7
    assert len(checkpoint.names) == 206
    with pytest.raises(ConversionError, match="bert_model.ckpt.data-00000-of-00001, which is not"):
        kbz.Encoder.from_preset(folder)


@pytest.mark.any_backend
def test_what_does_not_fit(bert, tmp_path):
    arrays = write_google(tmp_path, bert[1])

    def refused(match, changes):
        new = {name: array for name, array in {**arrays, **changes}.items() if array is not None}
        write_bundle(tmp_path, new)
        with pytest.raises(ConversionError, match=match):
            kbz.Encoder.from_preset(tmp_path)

    bias = np.zeros(16, "float32")
    refused(r"left over +1 \(extra\)", {"bert/extra": bias})
    refused("missing +1", {"bert/encoder/layer_0/attention/self/query/bias": None})
    refused("are both bert.extra", {"bert/extra": bias, "bert.extra": bias})
    refused("not the weights of a BERT, ALBERT", {"bert/embeddings/word_embeddings": None})
    refused("config.json says vocab_size", {"bert/embeddings/word_embeddings": np.float32([1])})
    refused("config.json says vocab_size", {"bert/embeddings/word_embeddings": np.array(1.0)})
    refused("shape", {"bert/pooler/dense/kernel": bias})
    (tmp_path / "bert_model.ckpt.index").unlink()
    with pytest.raises(ConversionError, match=r"but no checkpoint. Looked for \*.index, model.saf"):
        kbz.Encoder.from_preset(tmp_path)
