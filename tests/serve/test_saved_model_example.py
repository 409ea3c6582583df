"""The example that serves a SavedModel, on one made by hand."""

import importlib.util

import pytest
from fastapi.testclient import TestClient

from tests.paths import ROOT

pytestmark = pytest.mark.any_backend
tf = pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    class Words(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
        def words(self, text):
            count = tf.strings.split(text).row_lengths()
            scores = tf.stack([tf.cast(count, tf.float32), tf.ones_like(count, tf.float32)], 1)
            return {"label": tf.where(count > 1, "long", "short"), "scores": scores}

        @tf.function(
            input_signature=[
                tf.TensorSpec([None], tf.string, name="question"),
                tf.TensorSpec([None], tf.int32, name="times"),
            ]
        )
        def repeat(self, question, times):
            tf.debugging.assert_less(times, 100)
            return {"length": tf.strings.length(question) * times}

    module, folder = Words(), str(tmp_path_factory.mktemp("saved") / "1")
    signatures = {"serving_default": module.words, "repeat": module.repeat}
    tf.saved_model.save(module, folder, signatures=signatures)
    path = ROOT / "examples" / "serve_saved_model.py"
    spec = importlib.util.spec_from_file_location("serve_saved_model", path)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    return TestClient(example.create_app(folder, "words"))


def ask(client, **body):
    return client.post("/v1/models/words:predict", json=body)


def test_rows(client):
    rows = [{"label": "long", "scores": [2.0, 1.0]}, {"label": "short", "scores": [1.0, 1.0]}]
    texts = ["wünderbar film", "🎉"]
    assert ask(client, instances=texts).json() == {"predictions": rows}
    assert ask(client, instances=[{"text": t} for t in texts]).json() == {"predictions": rows}


def test_columns(client):
    outputs = {"label": ["short"], "scores": [[1.0, 1.0]]}
    assert ask(client, inputs={"text": ["a"]}).json() == {"outputs": outputs}
    assert ask(client, inputs=["a"]).json() == {"outputs": outputs}


def test_another_signature_with_another_type(client):
    rows = [{"question": "abc", "times": 2}, {"question": "", "times": 5}]
    answer = ask(client, signature_name="repeat", instances=rows)
    assert answer.json() == {"predictions": [6, 0]}  # one output: no names, as in TF Serving
    answer = ask(client, signature_name="repeat", inputs={"question": ["abc"], "times": [2]})
    assert answer.json() == {"outputs": [6]}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "instances"),
        ({"instances": []}, "at least one row"),
        ({"instances": "a"}, "must be a list"),
        ({"instances": [{"txt": "a"}]}, "Each row must have ['text']"),
        ({"instances": [{"text": "a"}, "b"]}, "Each row"),
        ({"instances": [["a", ["b"]]]}, "fit"),
        ({"inputs": {"txt": ["a"]}}, "Inputs must be ['text']. Given: ['txt']"),
        ({"inputs": {"text": [3]}}, "do not fit their types"),
        ({"signature_name": "x", "inputs": {}}, "there are repeat, serving_default"),
        ({"signature_name": "repeat", "instances": ["a"]}, "['question', 'times']"),
        (
            {"signature_name": "repeat", "instances": [{"question": "a", "times": 100}]},
            "The model refused this",
        ),
    ],
)
def test_what_does_not_fit_is_refused(client, body, words):
    answer = ask(client, **body)
    assert answer.status_code == 400
    assert words in answer.json()["detail"]


def test_says_that_it_is_there(client):
    answer = client.get("/v1/models/words").json()
    assert answer["model_version_status"][0]["state"] == "AVAILABLE"
