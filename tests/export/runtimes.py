"""What the tests of the runtimes share: a task of every kind, and how an export is judged."""

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.export.beside import labels_of
from keras_bert_zoo.export.names import output_names
from keras_bert_zoo.export.probe import expected_outputs, probe_inputs
from tests.export.served import quick
from tests.parity.families import tiny
from tests.tasks.cases import CASES
from tests.tiny import tiny_encoder

SPREAD = {"initializer_range": 0.3}  # answers that differ from each other


ALL = (*CASES, "multi")
# Those that are slow have graphs like those of others.
TASKS = quick(
    ALL, "text", "early-exit", "token-crf", "mask", "choice", "visual-answer", "embed", "span"
)


def need(*packages):
    """Skips the module if one of these is not installed; imports none, which takes seconds."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed", allow_module_level=True)


def build(name, **changes):
    """A tiny task of that name in `CASES`, or a classifier of several tasks."""
    if name == "multi":
        tasks = {"mood": ["bad", "good"], "stars": {"problem": "regression"}}
        return kbz.MultiTaskClassifier(tiny_encoder(num_layers=1, **SPREAD), tasks=tasks, seed=1)
    case = CASES[name]
    return case.build(encoder=case.encoder(num_layers=case.num_layers, **SPREAD), **changes)


def of_family(name):
    """A tiny classifier on an encoder of that family."""
    return kbz.TextClassifier(tiny(name, **SPREAD), num_classes=3, seed=1)


def logits_up_to(task):
    """The largest logit of a task, at least 1: a family without norms has large ones."""
    (inputs,) = probe_inputs(task, [(3, 8)])
    return max(1.0, float(np.abs(expected_outputs(task, inputs)["logits"]).max()))


def assert_whole(task, folder, report, axes=("batch", "length")):
    """What lies in the folder of an export that went well."""
    assert json.loads((folder / "export.json").read_text("utf-8")) == report
    assert report["bytes"] >= (folder / report["file"]).stat().st_size > 0
    assert report["inputs"].keys() == task.input.keys()
    assert set(axes) <= set(report["inputs"]["token_ids"])
    assert report["outputs"] == output_names(task)
    assert (folder / "tokenizer.json").is_file() == (task.preprocessor is not None)
    if labels_of(task):
        assert json.loads((folder / "labels.json").read_text("utf-8")) == labels_of(task)


def run_readme(folder):
    """The outputs of the example in an export's README, run where nothing else is."""
    code = (folder / "README.md").read_text("utf-8").split("```python\n")[1].split("```")[0]
    code += '\nnp.savez("outputs.npz", **outputs)\nnp.savez("inputs.npz", **inputs)\n'
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(np.load(folder / "inputs.npz")), dict(np.load(folder / "outputs.npz"))


def assert_readme_works(task, folder):
    """The example gives what the task gives for the inputs that it makes."""
    inputs, outputs = run_readme(folder)
    for name, array in expected_outputs(task, inputs).items():
        np.testing.assert_allclose(outputs[name], array, atol=1e-4)
    return inputs, outputs
