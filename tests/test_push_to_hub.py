"""`task.push_to_hub`, with the real client and a Hub on this machine."""

import json
import subprocess
import sys

import pytest

from tests.hub_server import TOKEN, Hub, client_environment

pytestmark = pytest.mark.any_backend
pytest.importorskip("huggingface_hub", reason="pip install huggingface_hub")

PUSH = """
import json, sys
import numpy as np
import keras_bert_zoo as kbz
from tests.tiny import tiny_classifier, tiny_tokenizer
task = tiny_classifier(preprocessor=kbz.Preprocessor(tiny_tokenizer(), 16))
texts, answers = ["a great film", "awful"], []
for call in json.loads(sys.argv[1]):
    place = call.pop("repository")
    try:
        url = task.push_to_hub(place, **call)
        at = f"@{call['revision']}" if "revision" in call else ""
        again = kbz.from_preset(f"hf://{place}{at}")
        apart = float(np.abs(again.predict(texts) - task.predict(texts)).max())
        answers.append({"url": url, "apart": apart, "kind": type(again).__name__})
    except Exception as error:
        answers.append({"error": str(error), "kind": type(error).__name__})
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def pushed(tmp_path_factory):
    """The Hub, and what came of some pushes."""
    calls = [
        {"repository": "me/theirs"},
        {"repository": "me/ours", "form": "keras-bert-zoo", "private": True},
        {"repository": "me/theirs", "revision": "second"},
        {"repository": "me/erf", "form": "keras-hub"},
        {"repository": "me/other", "form": "onnx"},
        {"repository": "not a name"},
        {"repository": "me/embedder", "form": "sentence-transformers"},
    ]
    with Hub() as hub:
        env = client_environment(hub.url, tmp_path_factory.mktemp("home")) | {"HF_TOKEN": TOKEN}
        command = [sys.executable, "-c", PUSH, json.dumps(calls)]
        run = subprocess.run(command, env=env, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        yield hub, json.loads(run.stdout.splitlines()[-1])


def test_what_is_pushed_is_read_again(pushed):
    hub, (theirs, ours, second, *_) = pushed
    for one in (theirs, ours, second):
        assert one["kind"] == "TextClassifier", one
        assert one["apart"] < 1e-6
    assert theirs["url"].startswith(f"{hub.url}/me/theirs/commit/")
    assert hub.repos["me/ours"].access == "private"
    assert set(hub.repos["me/theirs"].refs) == {"main", "second"}


def test_files_and_card(pushed):
    files = pushed[0].repos["me/theirs"].files("main")
    assert {"README.md", "config.json", "model.safetensors", "tokenizer.json"} <= set(files)
    card = files["README.md"].decode()
    assert "library_name: transformers" in card
    assert "pipeline_tag: text-classification" in card
    assert "AutoModelForSequenceClassification.from_pretrained" in card


def test_nothing_is_made_for_a_mistake(pushed):
    hub, (*_, erf, form, name, embedder) = pushed
    assert "KerasHub's BertBackbone is always computed with activation" in erf["error"]
    assert "Unknown format 'onnx'" in form["error"]
    assert "not a name" in name["error"]
    assert "this is a TextClassifier" in embedder["error"]
    assert set(hub.repos) == {"me/theirs", "me/ours"}
