"""SavedModels, loaded by a process that has TensorFlow and nothing of this library."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_bert_zoo.export.saved_model import difference
from tests.export.served import INPUTS, shake
from tests.tasks.cases import CASES

BACKEND = keras.config.backend()
# A process that builds a task anew on TensorFlow costs seconds: other backends do it once.
NAMES = ["text", "token-crf", "span"] if BACKEND == "tensorflow" else ["token-crf"]

SERVE = """
import json, sys
import numpy as np, tensorflow as tf
job = json.load(open(sys.argv[1]))
answers = {}
for name, one in job.items():
    if one["ops"] == "text":
        import tensorflow_text
    model = tf.saved_model.load(one["folder"])
    given = {key: tf.constant(value) for key, value in one["inputs"].items()}
    found = model.signatures["serving_default"](**given)
    answers[name] = {
        key: [v.decode() for v in value.numpy().ravel()] if value.dtype == tf.string
        else value.numpy().ravel().tolist() for key, value in found.items()
    }
    answers[name + " shapes"] = {key: list(value.shape) for key, value in found.items()}
    tokens = {k: tf.ones([3, 5], v.dtype) for k, v in
              model.signatures["tokens"].structured_input_signature[1].items()}
    assert all(len(v) == 3 for v in model.signatures["tokens"](**tokens).values())
brought = {"keras_bert_zoo", "tokenizers", "keras_hub"} & set(sys.modules)
json.dump({"answers": answers, "brought": sorted(brought)}, open(sys.argv[2], "w"))
"""


class Array:
    """What `difference` reads of a tensor."""

    def __init__(self, values, shape, is_text):
        values = [v.encode() for v in values] if is_text else values
        self.values = np.array(values, object if is_text else None).reshape(shape)

    def numpy(self):
        return self.values


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """`(tasks, reports, what a fresh process answers)`."""
    place = tmp_path_factory.mktemp("served")
    tasks, reports, job = {}, {}, {}
    for name in NAMES:
        ops = "core" if name == "text" else "text"
        tasks[name] = CASES[name].build()
        shake(tasks[name])
        reports[name] = tasks[name].export(place / name, ops=ops, batch_size=4)
        job[name] = {"folder": str(place / name), "inputs": INPUTS[name], "ops": ops}
    (place / "job.json").write_text(json.dumps(job))
    env = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    command = [sys.executable, "-c", SERVE, str(place / "job.json"), str(place / "answers.json")]
    subprocess.run(command, env=env, check=True, cwd=place)
    told = json.loads((place / "answers.json").read_text())
    return place, tasks, reports, told


@pytest.mark.parametrize("name", NAMES)
def test_a_fresh_process_answers_as_the_task(served, name):
    _, tasks, reports, told = served
    assert told["brought"] == []
    assert reports[name]["tokenizer"] == {
        "ops": "core" if name == "text" else "text",
        "exact": True,
        "agreement": 1.0,
    }
    shapes = told["answers"][name + " shapes"]
    found = {
        key: Array(values, shapes[key], key in ("text", "label", "answer"))
        for key, values in told["answers"][name].items()
    }
    expected = expected_of(name, tasks[name], INPUTS[name])
    assert difference(found, expected, name) < 1e-5


def expected_of(name, task, inputs):
    """What the task answers, without the graph's own class for it: that imports TensorFlow."""
    if name == "text":
        rows = task.classify(inputs["text"])
        return {key: np.array([row[key] for row in rows]) for key in ("label", "score")}
    if name == "span":
        rows = task.answer(inputs["question"], inputs["context"])
        return {key: np.array([row[key] for row in rows]) for key in rows[0]}
    from keras_bert_zoo.export.graph.entities import entity_arrays

    return entity_arrays(task.extract(inputs["text"]))


def test_what_stands_beside_the_graph(served):
    place, tasks, _, _ = served
    extra = place / NAMES[0] / "assets.extra"
    names = {path.name for path in extra.iterdir()}
    assert {"README.md", "labels.json", "tokenizer.json", "tf_serving_warmup_requests"} <= names
    labels = json.loads((extra / "labels.json").read_text())
    assert labels == {"logits": tasks[NAMES[0]].labels}
    card = (extra / "README.md").read_text()
    assert "tf.saved_model.load" in card
    assert "`serving_default`: `text` string (?)" in card
    written = (place / NAMES[0] / "saved_model.pb").read_bytes()
    assert str(place).encode() not in written


def test_warm_up_requests_are_those_of_tensorflow_serving(served):
    """Read with the messages that TensorFlow Serving publishes, and run."""
    log = pytest.importorskip(
        "tensorflow_serving.apis.prediction_log_pb2", reason="needs tensorflow-serving-api"
    )
    import tensorflow as tf
    import tensorflow_text  # noqa: F401

    place, _, reports, _ = served
    folder = place / NAMES[0]
    file = folder / "assets.extra" / "tf_serving_warmup_requests"
    requests = [
        log.PredictionLog.FromString(record.numpy()).predict_log.request
        for record in tf.data.TFRecordDataset(str(file))
    ]
    assert [r.model_spec.signature_name for r in requests] == list(reports[NAMES[0]]["signatures"])
    model = tf.saved_model.load(str(folder))
    for request in requests:
        given = {key: tf.constant(tf.make_ndarray(value)) for key, value in request.inputs.items()}
        assert model.signatures[request.model_spec.signature_name](**given)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="the files are the same from every backend")
def test_over_http_without_this_library(served):
    """By the example, in the form of TensorFlow Serving's REST interface."""
    testclient = pytest.importorskip("fastapi.testclient", reason="needs fastapi")
    place, tasks, _, _ = served
    path = Path(__file__).parents[2] / "examples" / "serve_saved_model.py"
    spec = importlib.util.spec_from_file_location("serve_saved_model", path)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    client = testclient.TestClient(example.create_app(str(place / "span"), "reader"))
    row = {"question": "was it?", "context": "the food was awful !"}
    answer = client.post("/v1/models/reader:predict", json={"instances": [row]})
    (found,) = answer.json()["predictions"]
    expected = tasks["span"].answer(**row)
    assert {key: found[key] for key in ("answer", "start", "end")} == {
        key: expected[key] for key in ("answer", "start", "end")
    }
    assert found["score"] == pytest.approx(expected["score"], abs=1e-5)


def test_options_that_are_wrong_name_what_there_is(tmp_path):
    task = CASES["text"].build()
    with pytest.raises(ValueError, match="Unknown ops 'cor'. Did you mean 'core'"):
        task.export(tmp_path / "a", ops="cor")
    if BACKEND == "tensorflow":
        with pytest.raises(ValueError, match="'top_k'.*Accepted: 'ops', 'batch_size', 'text'"):
            task.export(tmp_path / "a", top_k=3)
        with pytest.raises(ValueError, match="top_k must be from 1 to"):
            CASES["mask"].build().export(tmp_path / "a", top_k=0)
    assert not (tmp_path / "a").exists()


@pytest.mark.skipif(BACKEND != "tensorflow", reason="one backend is enough: nothing is rebuilt")
def test_without_text_it_takes_ids(tmp_path):
    import tensorflow as tf

    import keras_bert_zoo as kbz
    from tests.tiny import random_inputs, tiny_encoder

    task = kbz.TextClassifier(tiny_encoder(), None, labels=["bad", "good"])
    report = task.export(tmp_path / "a")
    assert list(report["signatures"]) == ["serving_default"]
    model, inputs = tf.saved_model.load(str(tmp_path / "a")), random_inputs()
    given = {key: tf.constant(value) for key, value in inputs.items()}
    found = model.signatures["serving_default"](**given)
    np.testing.assert_allclose(found["logits"], task.predict(inputs, verbose=0), atol=1e-6)
