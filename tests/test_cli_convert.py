"""`keras-bert-zoo convert` and `package`: other formats, and wheels."""

import json
import subprocess
import sys

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.checkpoints import hugging_face_writer
from keras_bert_zoo.checkpoints.native import is_native
from keras_bert_zoo.cli import main
from tests.parity.references import reference
from tests.tiny import VOCABULARY, tiny_classifier, tiny_encoder, tiny_tokenizer

pytestmark = pytest.mark.any_backend
TEXTS = ["a great film", "awful food", ""]


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("preset") / "model"
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 16)
    tiny_classifier(preprocessor=preprocessor).save_to_preset(folder)
    return folder


def test_there_and_back(preset, tmp_path, capsys):
    there, back = tmp_path / "there", tmp_path / "back"
    assert main(["convert", str(preset), str(there), "--to", "hugging-face"]) == 0
    said = capsys.readouterr().out
    assert "weights read back, all equal" in said
    assert "TextClassifier written to" in said
    config = json.loads((there / "config.json").read_text())
    assert config["architectures"] == ["BertForSequenceClassification"]
    assert main(["convert", str(there), str(back), "--to", "keras-bert-zoo"]) == 0
    assert is_native(back)
    expected, found = (kbz.from_preset(str(path)).predict(TEXTS) for path in (preset, back))
    np.testing.assert_array_equal(expected, found)


def test_an_encoder_alone(tmp_path, capsys):
    import transformers

    source, ours, theirs = (tmp_path / name for name in ("source", "ours", "theirs"))
    model = reference("BertModel", source)
    kbz.Tokenizer.from_vocabulary(VOCABULARY[:61]).save(source)
    assert main(["convert", str(source), str(ours), "--to", "keras-bert-zoo"]) == 0
    assert "encoder without a head written" in capsys.readouterr().out
    assert main(["convert", str(source), str(theirs), "--to", "hugging-face"]) == 0
    again, loading = transformers.AutoModel.from_pretrained(theirs, output_loading_info=True)
    assert not loading["missing_keys"]
    assert not loading["unexpected_keys"]
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(again.state_dict()[name], value, err_msg=name)


def test_a_pooler_that_the_head_does_not_use(tmp_path, capsys):
    """transformers' head of masked words has none: it is left out, and not missed."""
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 16)
    task = kbz.MaskedLM(tiny_encoder(use_pooler=True), preprocessor)
    task.save_to_preset(tmp_path / "in")
    out = tmp_path / "out"
    assert main(["convert", str(tmp_path / "in"), str(out), "--to", "hugging-face"]) == 0
    assert f"{len(task.weights) - 2} weights read back, all equal" in capsys.readouterr().out
    assert kbz.MaskedLM.from_preset(out).encoder.pooler is None


def test_embedders_in_the_layout_of_sentence_transformers(tmp_path, preset, capsys):
    task = kbz.TextEmbedder(tiny_encoder(), kbz.Preprocessor(tiny_tokenizer(), 16))
    task.save_to_preset(tmp_path / "model")
    target = str(tmp_path / "out")
    assert main(["convert", str(tmp_path / "model"), target, "--to", "sentence-transformers"]) == 0
    assert (tmp_path / "out" / "modules.json").is_file()
    assert main(["convert", str(preset), f"{target}2", "--to", "sentence-transformers"]) == 1
    assert "this is a TextClassifier. Use hugging-face" in capsys.readouterr().err
    assert not (tmp_path / "out2").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["{preset}", "{preset}", "--to", "hugging-face"], 1, "holds the source"),
        (["{preset}", "{used}", "--to", "hugging-face"], 1, "holds something"),
        (["{preset}", "{file}", "--to", "hugging-face"], 1, "is a file"),
        (["{nowhere}", "{out}", "--to", "hugging-face"], 1, "There is no folder"),
        (["{used}", "{out}", "--to", "hugging-face"], 1, "has no config.json"),
        (["{preset}", "{out}", "--to", "onnx"], 2, "invalid choice: 'onnx'"),
        (["{preset}", "{out}"], 2, "--to"),
    ],
)
def test_mistakes(preset, tmp_path, capsys, arguments, code, message):
    used, file = tmp_path / "used", tmp_path / "file"
    used.mkdir()
    (used / "letter.txt").write_text("mine")
    file.write_text("mine")
    places = {"preset": preset, "used": used, "file": file, "out": tmp_path / "out"}
    places["nowhere"] = tmp_path / "nowhere" / "at_all"
    assert main(["convert", *(one.format(**places) for one in arguments)]) == code
    assert message in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "used"]
    assert (used / "letter.txt").read_text() == "mine"


def test_large_models_are_written_in_several_files(preset, tmp_path, monkeypatch):
    import transformers

    monkeypatch.setattr(hugging_face_writer, "SHARD_BYTES", 10_000)
    task = kbz.from_preset(str(preset))
    task.save_to_hugging_face(tmp_path / "out")
    index = json.loads((tmp_path / "out" / "model.safetensors.index.json").read_text())
    files = set(index["weight_map"].values())
    assert len(files) > 1
    assert {path.name for path in (tmp_path / "out").glob("*.safetensors")} == files
    assert index["metadata"]["total_size"] == 4 * task.count_params()
    again, loading = transformers.AutoModelForSequenceClassification.from_pretrained(
        tmp_path / "out", output_loading_info=True
    )
    assert not loading["missing_keys"]
    assert again.num_parameters() == task.count_params()
    found = kbz.from_preset(str(tmp_path / "out")).predict(TEXTS)
    np.testing.assert_allclose(found, task.predict(TEXTS), atol=1e-6)


def test_a_wheel_that_pip_installs(preset, tmp_path, capsys):
    dist, site = tmp_path / "dist", tmp_path / "site"
    assert main(["package", str(preset), "--name", "My-Bert", "--output", str(dist)]) == 0
    said = capsys.readouterr().out
    wheel = dist / "my_bert-1.0-py3-none-any.whl"
    assert str(wheel) in said
    assert [path.name for path in dist.iterdir()] == [wheel.name]
    options = ["--no-index", "--no-deps", "--quiet", "--target", str(site), str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options], check=True)
    code = "import keras_bert_zoo as k; print(k.from_preset('pkg:my_bert').predict(['a']).tolist())"
    code = f"import sys; sys.path.insert(0, {str(site)!r}); {code}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = json.loads(run.stdout.splitlines()[-1])
    np.testing.assert_allclose(found, kbz.from_preset(str(preset)).predict(["a"]), atol=1e-6)


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--name", "1st"], 2, "--name 1st"),
        (["--name", "class"], 2, "--name class"),
        (["--name", "../up"], 2, "--name ../up"),
        (["--name", "a-b", "--package-version", "new"], 2, "--package-version new"),
    ],
)
def test_wrong_names_of_packages(preset, tmp_path, capsys, options, code, message):
    out = tmp_path / "dist"
    assert main(["package", str(preset), "--output", str(out), *options]) == code
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_only_our_presets_are_packed(tmp_path, capsys):
    assert main(["package", str(tmp_path), "--name", "my-bert", "--output", str(tmp_path)]) == 1
    assert "keras-bert-zoo convert" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
