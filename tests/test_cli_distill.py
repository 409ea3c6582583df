"""`keras-bert-zoo distill`."""

import csv

import keras
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.cli import main
from keras_bert_zoo.cli.distill import layers_of, student
from tests.tiny import NEGATIVE, POSITIVE, tiny_classifier, tiny_encoder


@pytest.fixture(scope="module", autouse=True)
def _compiles_little():
    """Most of the time would go into compiling."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        if keras.config.backend() != "jax":
            always = property(lambda self: True, lambda self, value: None)
            monkeypatch.setattr(kbz.pretraining.Distiller, "run_eagerly", always)
        yield


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    folder = tmp_path_factory.mktemp("preset") / "teacher"
    tiny_classifier(labels=["bad", "good"]).save_to_preset(folder)
    return str(folder)


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [(text, "good") for text in POSITIVE] + [(text, "bad") for text in NEGATIVE]
    for name, keep in (("train.csv", 2), ("texts.csv", 1)):
        with open(name, "w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(row[:keep] for row in [("text", "label"), *rows])
    return tmp_path


def distil(*argv):
    return main(["distill", "--output", "small", "--epochs", "1", *argv])


def test_some_layers_of_the_teacher(teacher, files, capsys):
    data = ["--train", "train.csv", "--test", "train.csv", "--temperature", "3"]
    assert distil("--teacher", teacher, "--student", "1", *data) == 0
    told = capsys.readouterr().out
    assert "teacher: 2 layers of width 16" in told
    assert "student: 1 layers of width 16" in told
    assert "10 rows of train.csv" in told
    assert told.count("accuracy 0") + told.count("accuracy 1") >= 2
    small = kbz.TextClassifier.from_preset("small")
    assert small.encoder.config.num_layers == 1
    assert small.classify("a great film")["label"] in ("bad", "good")


def test_another_preset_without_labels(teacher, files):
    tiny = kbz.TextClassifier(
        tiny_encoder(num_layers=1, hidden_dim=8),
        kbz.TextClassifier.from_preset(teacher).preprocessor,
        num_classes=3,
    )
    tiny.save_to_preset("tiny")
    options = ["--student", "./tiny", "--train", "texts.csv", "--unlabelled", "--max-length", "16"]
    assert distil("--teacher", teacher, *options) == 0
    small = kbz.TextClassifier.from_preset("small")
    assert (small.encoder.config.hidden_dim, small.labels) == (8, ["bad", "good"])
    assert small.preprocessor.max_sequence_length == 16


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--student", "3", "--train", "train.csv"], 1, "--student 3: the teacher has 2 layers"),
        (["--student", "0,2", "--train", "train.csv"], 1, "numbers of blocks from 0 to 1"),
        (["--student", "0", "--train", "train.csv"], 2, "a student has 1 layer or more"),
        (["--student", "1", "--train", "texts.csv"], 1, "label"),
        (["--student", "1", "--train", "none.csv"], 1, "none.csv"),
        (["--student", "1", "--train", "train.csv", "--alpha", "2"], 2, "between 0 and 1"),
    ],
)
def test_what_is_refused(teacher, files, capsys, options, code, told):
    assert distil("--teacher", teacher, *options) == code
    assert told in capsys.readouterr().err
    assert not (files / "small").exists()


@pytest.mark.any_backend
def test_layers():
    assert layers_of(3, 12) == [0, 4, 8]
    assert layers_of([1, 5], 6) == [1, 5]
    assert student("2") == 2
    assert student("0, 5") == [0, 5]
    assert student("bert_tiny_en_uncased") == "bert_tiny_en_uncased"
