"""What is written for Google's scripts of TensorFlow 1 is what they, and we, read."""

import json

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.checkpoints.bundle_writer import write_bundle
from keras_bert_zoo.checkpoints.google_names import ALBERT, BERT, ELECTRA, google_name, translate
from keras_bert_zoo.checkpoints.tensor_bundle import TensorBundle
from keras_bert_zoo.cli import main
from keras_bert_zoo.families import family_called
from tests.checkpoints.bundles import ARRAYS, read_all
from tests.checkpoints.bundles import assert_equal as assert_equal_arrays
from tests.checkpoints.test_google_tf1 import google_arrays
from tests.parity.references import reference
from tests.tiny import VOCABULARY, assert_equal, tiny_tokenizer, values
from tests.tokenizers.tiny_folders import sentencepiece_folder

pytestmark = pytest.mark.any_backend
SIZES = {"hidden_dim": 16, "num_layers": 2, "num_heads": 2, "intermediate_dim": 32}
NAMES = {"bert": BERT, "albert": ALBERT, "electra": ELECTRA}
TEXTS = ["a great film", "awful food", ""]


def encoder_for(name, **changes):
    family = family_called(name)
    narrow = {"embedding_dim": 8} if name in ("albert", "electra") else {}
    values = {"vocabulary_size": len(VOCABULARY), "max_sequence_length": 24, **SIZES, **narrow}
    encoder = family.build(family.Config(**{**values, **changes}))
    generator = np.random.default_rng(2)
    for weight in encoder.weights:
        weight.assign(generator.normal(size=weight.shape, scale=0.3))
    return encoder


def task_for(name, cls=None, options=None, **changes):
    return (cls or kbz.TextEmbedder)(
        encoder_for(name, **changes), kbz.Preprocessor(tiny_tokenizer(), 16), **(options or {})
    )


def test_the_files_by_our_own_reader(tmp_path):
    many = {f"layer_{i}/kernel": np.full((2, i), i, "float32") for i in range(400)}
    write_bundle(tmp_path / "model.ckpt", {**ARRAYS, **many})
    assert_equal_arrays(read_all(tmp_path / "model.ckpt.index"), {**ARRAYS, **many})
    with pytest.raises(ValueError, match="'a': a checkpoint cannot hold complex64"):
        write_bundle(tmp_path / "other", {"a": np.zeros(2, "complex64")})


def test_the_files_by_tensorflow(tmp_path):
    tensorflow = pytest.importorskip("tensorflow")
    many = {f"layer_{i}/kernel": np.full((2, i), i, "float32") for i in range(400)}
    arrays = {**ARRAYS, **many}
    write_bundle(tmp_path / "model.ckpt", arrays)
    found = tensorflow.train.load_checkpoint(str(tmp_path / "model.ckpt"))
    shapes = {name: tuple(shape) for name, shape in found.get_variable_to_shape_map().items()}
    assert shapes == {name: array.shape for name, array in arrays.items()}
    for name, array in arrays.items():
        assert found.get_tensor(name).tobytes() == array.tobytes(), name


@pytest.mark.parametrize("family", NAMES)
def test_names_there_and_back(family):
    """Every name that an encoder of the family has, and those of heads."""
    names, hub = NAMES[family], family_called(family).hugging_face
    table = family_called(family).weight_names(encoder_for(family).config)
    for prefix in table.values():
        theirs = hub.prefix + prefix.replace("{i}", "1")
        for end in ("weight", "bias"):
            there, transposed = google_name(f"{theirs}.{end}", names)
            assert translate(there, names) == (f"{theirs}.{end}", transposed)
    for there, name in names.tensors.items():
        assert google_name(name, names) == (there, False)


def test_the_names_are_googles(tmp_path):
    """Against names that were written down apart from the code."""
    folder = tmp_path / "hf"
    model = reference("BertForMaskedLM", folder, vocab_size=len(VOCABULARY))
    tiny_tokenizer().save(folder)
    kbz.MaskedLM.from_preset(folder).save_to_google(tmp_path / "out")
    found = read_all(tmp_path / "out" / "bert_model.ckpt.index")
    expected = {name: np.array(array) for name, array in google_arrays(model).items()}
    assert_equal_arrays(found, expected)


@pytest.mark.parametrize("family", NAMES)
def test_an_encoder_there_and_back(family, tmp_path):
    task = task_for(family)
    with pytest.warns(UserWarning, match="no place for the head of a TextEmbedder"):
        task.save_to_google(tmp_path / "out")
    again = kbz.Encoder.from_preset(tmp_path / "out")
    assert_equal(values(again), values(task.encoder))
    assert again.config == task.encoder.config
    report = again.conversion_report
    assert (report.missing, report.leftover, report.new) == ([], [], [])
    assert "do_lower_case" not in report.assumed  # tokenizer_config.json says it
    assert (tmp_path / "out" / "vocab.txt").read_text().split("\n")[:-1] == VOCABULARY


HEADS = [
    ("bert", kbz.MaskedLM, {}),
    ("bert", kbz.TextClassifier, {"labels": ["bad", "good", "so-so"]}),
    ("bert", kbz.TextClassifier, {"num_classes": 3, "problem": "multi_label"}),
    ("bert", kbz.PairScorer, {"problem": "regression"}),
    ("bert", kbz.SpanExtractor, {}),
    ("albert", kbz.MaskedLM, {}),
    ("albert", kbz.TextClassifier, {"labels": ["bad", "good"]}),
    ("electra", kbz.MaskedLM, {}),
]


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize(("family", "cls", "options"), HEADS)
def test_a_head_there_and_back(family, cls, options, tmp_path):
    task = task_for(family, cls, options)
    task.save_to_google(tmp_path / "out")
    again = cls.from_preset(tmp_path / "out")
    assert_equal(values(again), values(task))
    kept = ("labels", "problem", "num_classes", "dropout")
    before, after = task.get_config(), again.get_config()
    assert {key: after.get(key) for key in kept} == {key: before.get(key) for key in kept}
    assert again.conversion_report.new == []


def test_a_tokenizer_of_pieces(tmp_path):
    """ALBERT's scripts read a model of SentencePiece; no other family's do."""
    sentencepiece_folder(tmp_path / "albert", "albert")
    tokenizer = kbz.Tokenizer.from_folder(tmp_path / "albert")
    size = tokenizer.vocabulary_size
    encoder = encoder_for("albert", vocabulary_size=size)
    task = kbz.TextClassifier(encoder, kbz.Preprocessor(tokenizer, 16), num_classes=2)
    task.save_to_google(tmp_path / "out")
    for name in ("tokenizer.json", "tokenizer_config.json"):  # they say the same, and come first
        (tmp_path / "out" / name).unlink()
    again = kbz.TextClassifier.from_preset(tmp_path / "out").preprocessor.tokenizer
    for text in (*TEXTS, "Ａ ＧＲＥＡＴ film", "été 😀"):
        assert again(text) == tokenizer(text)
    bert = kbz.TextClassifier(
        encoder_for("bert", vocabulary_size=size), kbz.Preprocessor(tokenizer, 16), num_classes=2
    )
    with pytest.raises(ValueError, match="Google's code of bert has no tokenizer of the kind Uni"):
        bert.save_to_google(tmp_path / "bert")
    assert not (tmp_path / "bert").exists()


def test_from_the_command_line(tmp_path, capsys):
    labels = {"labels": ["bad", "good"]}
    task_for("bert", kbz.TextClassifier, labels).save_to_preset(tmp_path / "in")
    there, back = str(tmp_path / "tf1"), str(tmp_path / "back")
    assert main(["convert", str(tmp_path / "in"), there, "--to", "tf1"]) == 0
    said = capsys.readouterr().out
    assert "TextClassifier written to" in said
    assert "weights read back, all equal" in said
    assert TensorBundle(f"{there}/bert_model.ckpt.index").specs["output_weights"][0] == (2, 16)
    config = json.loads((tmp_path / "tf1" / "bert_config.json").read_text())
    assert (config["hidden_act"], config["hidden_size"]) == ("gelu", 16)
    assert main(["convert", there, back, "--to", "keras-bert-zoo"]) == 0
    expected, found = (
        kbz.from_preset(str(tmp_path / name)).predict(TEXTS) for name in ("in", "back")
    )
    np.testing.assert_array_equal(expected, found)


@pytest.mark.parametrize(("family", "cls", "options"), HEADS)
def test_a_head_is_known_by_its_tensors(family, cls, options, tmp_path):
    """There is no word of it in a config of Google's."""
    task_for(family, cls, options).save_to_google(tmp_path / "out")
    expected = kbz.TextClassifier if cls is kbz.PairScorer else cls
    assert type(kbz.from_preset(tmp_path / "out")) is expected
    new = kbz.from_preset(tmp_path / "out", labels=["a", "b"])
    assert type(new) is kbz.TextClassifier


REFUSED = {
    "a family of others": (("roberta", {}), "Google published no roberta"),
    "another epsilon": (("bert", {"layer_norm_epsilon": 1e-5}), "layer_norm_epsilon=1e-12"),
    "another gelu": (("bert", {"activation": "gelu_tanh"}), "the activation 'gelu_tanh'"),
    "ALBERT's other gelu": (("albert", {"activation": "gelu"}), "the activation 'gelu'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_they_would_compute_otherwise(case, tmp_path):
    (family, changes), message = REFUSED[case]
    task = kbz.TextEmbedder(encoder_for(family, **changes))
    with pytest.raises(ValueError, match=message):
        task.save_to_google(tmp_path / "out")
    assert not any(tmp_path.iterdir())
