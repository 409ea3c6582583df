"""`kaggle://` handles, with the real client of kagglehub and a Kaggle on this machine."""

import json
import subprocess
import sys

import numpy as np
import pytest

import keras_bert_zoo as kbz
from tests.hub_server import names
from tests.kaggle_server import DRIVER, Kaggle, kaggle_environment
from tests.tiny import tiny_encoder, tiny_tokenizer, to_numpy

pytestmark = pytest.mark.any_backend
pytest.importorskip("kagglehub", reason="pip install kagglehub")

SOURCES = [
    "kaggle://keras/bert/keras/tiny",
    "kaggle://keras/bert/keras/tiny/1",
    "kaggle://keras/bert/keras/tiny/7",
    "kaggle://keras/bert/keras/other",
    "kaggle://keras/bert/keras/licensed",
    "kaggle://keras/bert/paper/tiny",
]


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """A preset of KerasHub with two versions, and what came of asking for it."""
    folder = tmp_path_factory.mktemp("preset") / "preset"
    encoder = tiny_encoder(activation="gelu_tanh")
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 16)
    kbz.TextClassifier(encoder, preprocessor, num_classes=2).save_to_keras_hub(folder)
    files = {name: (folder / name).read_bytes() for name in names(folder)}
    with Kaggle() as kaggle:
        kaggle.models["keras/bert/keras/tiny"] = {1: {"config.json": b"{}"}, 2: files}
        kaggle.refused.add("keras/bert/keras/licensed")
        env = kaggle_environment(kaggle.url, tmp_path_factory.mktemp("home"))
        command = [sys.executable, "-c", DRIVER, json.dumps(SOURCES)]
        run = subprocess.run(command, env=env, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        *fetched, total = json.loads(run.stdout.splitlines()[-1])
        yield kaggle, encoder, files, dict(zip(SOURCES, fetched)), total


def test_the_newest_version_or_the_named_one(answered):
    _, _, files, answers, _ = answered
    newest, first = (answers[source]["path"] for source in SOURCES[:2])
    assert names(newest) == sorted(files)
    assert names(first) == ["config.json"]


def test_a_preset_from_there_is_fetched_once_and_read(answered):
    kaggle, encoder, files, _, total = answered
    expected = sum(np.abs(to_numpy(weight)).sum() for weight in encoder.weights)
    assert total == pytest.approx(expected, rel=1e-6)
    downloads = [path for call, _, version, path in kaggle.log if path and version == 2]
    assert sorted(downloads) == sorted(files)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (SOURCES[2], "404 Client Error). Check its name"),
        (SOURCES[3], "404 Client Error). Check its name"),
        (SOURCES[4], "403 Client Error). Check its name; a private or licensed model needs"),
        (SOURCES[5], "could not be downloaded (ValueError"),
    ],
)
def test_what_cannot_be_had(answered, source, message):
    answer = answered[3][source]
    assert answer["kind"] == "SourceError"
    assert message in answer["error"]
    assert source in answer["error"]
