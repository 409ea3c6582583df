"""What all formats share: names, options, the folder, and the process on another backend."""

import importlib.util
import json
import sys

import keras
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.cli import main
from keras_bert_zoo.export import FORMATS
from keras_bert_zoo.export.rebuild import digest, write_on
from tests.tiny import tiny_classifier

OTHER = {"tensorflow": "torch", "torch": "jax", "jax": "torch"}


class Format:
    """A format of one file, in place of a module."""

    def __init__(self, fails=False):
        self.fails = fails

    def write(self, task, folder, *, size=1):
        (folder / "model").write_text("x" * size)
        if self.fails:
            raise RuntimeError("halfway")
        return {"bytes": size}


@pytest.fixture
def use(monkeypatch):
    """Puts a module in the place of ONNX's."""
    monkeypatch.setitem(FORMATS, "onnx", "in_place_of_onnx")
    return lambda module: monkeypatch.setitem(
        sys.modules, "keras_bert_zoo.export.in_place_of_onnx", module
    )


def test_an_unknown_format_or_option_names_what_there_is(tmp_path, use):
    task = tiny_classifier()
    with pytest.raises(ValueError, match="Did you mean 'onnx'"):
        task.export(tmp_path / "a", "onx")
    use(Format())
    with pytest.raises(ValueError, match="option of the format 'onnx' 'siz'.*Did you mean 'size'"):
        task.export(tmp_path / "a", "onnx", siz=2)
    assert not (tmp_path / "a").exists()


def test_a_folder_is_there_whole_or_as_it_was(tmp_path, use):
    task, folder = tiny_classifier(), tmp_path / "model"
    use(Format())
    report = task.export(folder, "onnx", size=3)
    assert report == json.loads((folder / "export.json").read_text())
    assert report["task"] == "TextClassifier"
    assert report["bytes"] == 3
    use(Format(fails=True))
    with pytest.raises(RuntimeError, match="halfway"):
        task.export(folder, "onnx", size=4)
    assert (folder / "model").read_text() == "xxx"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]
    use(Format())
    task.export(folder, "onnx", size=5)  # what an export wrote is replaced
    assert (folder / "model").read_text() == "xxxxx"


def test_nothing_else_is_replaced(tmp_path, use):
    task = tiny_classifier()
    (tmp_path / "mine.txt").write_text("mine")
    use(Format())
    with pytest.raises(FileExistsError, match="overwrite=True"):
        task.export(tmp_path, "onnx")
    assert (tmp_path / "mine.txt").exists()
    task.export(tmp_path, "onnx", overwrite=True)
    assert not (tmp_path / "mine.txt").exists()


def test_every_format_has_a_module():
    for module in FORMATS.values():
        assert importlib.util.find_spec(f"keras_bert_zoo.export.{module}")


def test_an_error_on_the_other_backend_is_told(tmp_path):
    task = tiny_classifier()
    with pytest.raises(RuntimeError, match="has no attribute 'write'"):
        write_on(OTHER[keras.config.backend()], task, "formats", tmp_path, {})


def test_a_backend_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install keras-bert-zoo\[tensorflow\]"):
        write_on("tensorflow", tiny_classifier(), "saved_model", tmp_path, {})


def test_a_digest_is_that_of_what_is_saved(tmp_path):
    task = tiny_classifier()
    task.enable_lora(2)
    for weight in task.weights:
        if weight.name.startswith("lora_"):
            weight.assign(weight + 0.5)
    task.save_to_preset(tmp_path / "task")
    assert digest(task) == digest(kbz.from_preset(tmp_path / "task"))


def test_a_digest_tells_weights_apart():
    task = tiny_classifier()
    before = digest(task)
    assert before == digest(task)
    weight = task.weights[0]
    weight.assign(weight + 1)
    assert before != digest(task)


def test_the_command(tmp_path, use, capsys):
    use(Format())
    tiny_classifier().save_to_preset(tmp_path / "task")
    given = ["export", str(tmp_path / "task"), str(tmp_path / "out"), "--format", "onnx"]
    assert main([*given, "--option", "size=7"]) == 0
    assert json.loads(capsys.readouterr().out)["bytes"] == 7
    assert main([*given, "--option", "size"]) == 1
    assert "NAME=VALUE" in capsys.readouterr().err
    assert main([*given, "--option", "sise=7"]) == 1
    assert "Did you mean 'size'?" in capsys.readouterr().err
    assert (tmp_path / "out" / "model").read_text() == "xxxxxxx"
    assert main([*given[:3], "--format", "onx"]) == 2
    assert main(["export", str(tmp_path / "nothing"), str(tmp_path / "out2")]) == 1
    assert not (tmp_path / "out2").exists()
