"""ONNX files against their tasks: all on torch, one task on the other backends."""

import json
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.export.probe import expected_outputs, largest_difference, probe_inputs
from tests.export.served import quick
from tests.parity.families import tiny
from tests.tasks.cases import CASES, LONG
from tests.tiny import tiny_classifier, tiny_encoder

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")
pytest.importorskip("torch")

TORCH = keras.config.backend() == "torch"
on_torch = pytest.mark.skipif(not TORCH, reason="a rebuild on torch costs 15 s; one test has it")
# Those with parts of their own; the others are made of theirs, and of BERT's, which the tasks have.
FAMILIES = "albert deberta deberta_v2 mobilebert modernbert mpnet roberta xlm xlnet".split()
# The other tasks that read images have nothing that these have not.
ALL = [name for name in CASES if name not in ("visual-answer", "visual-choice")]
# Those that are slow have graphs like those of others.
TASKS = quick(ALL, "text", "token-crf", "span", "choice", "mask", "visual-mask", "embed")
TEXTS = ["a great film", "Émoji 😀 中文 hated!", "", LONG, "we loved the room. very dull, we"]
QUESTIONS = [("was it?", LONG), ("what?", "a gréat film"), ("a", "")]
MASKED = ["a [MASK] film", "[MASK] was [MASK]"]


def spread(task):
    """The task with weights that make its outputs differ from each other."""
    generator = np.random.default_rng(0)
    for weight in task.weights:
        if "float" in str(weight.dtype):
            weight.assign(generator.normal(size=weight.shape) * 0.3)
    return task


def check_file(task, folder, tolerance=1e-5):
    """The file is valid, has nothing of this machine in it, and says what the task says."""
    path = folder / "model.onnx"
    onnx.checker.check_model(str(path), full_check=True)
    data = path.read_bytes()
    for place in (pathlib.Path(__file__).parents[2], sys.prefix, folder.parent):
        assert str(place).encode() not in data
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    axes = {value.name: value.shape for value in session.get_inputs()}
    assert axes["token_ids"][0] == "batch"
    assert axes["token_ids"][-1] == "length"
    for inputs in probe_inputs(task, ((1, 1), (4, 1), (1, 7), (3, 13), (2, 16))):
        found = dict(zip(names, session.run(names, inputs)))
        assert largest_difference(found, expected_outputs(task, inputs)) < tolerance


def run(folder, *arguments):
    """What run.py prints, in a process in which there is no Keras."""
    code = (
        "import json, sys; sys.path.insert(0, '.'); import run; found = run.answers(sys.argv[1:]); "
        "wrong = {'keras', 'torch', 'tensorflow', 'jax', 'keras_bert_zoo'} & set(sys.modules); "
        "assert not wrong, wrong; print(json.dumps(found))"
    )
    command = [sys.executable, "-I", "-c", code, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


def filled(task):
    """What `fill` says, in the form of run.py."""
    rows = [row if isinstance(row[0], list) else [row] for row in task.fill(MASKED)]
    keys = ("token", "score")
    return [[[{key: one[key] for key in keys} for one in m] for m in row] for row in rows]


# Arguments of run.py, and what the task says of the same.
ANSWERS = {
    "text": (TEXTS, lambda task: task.classify(TEXTS)),
    "document": (TEXTS, lambda task: task.classify(TEXTS)),
    "early-exit": (TEXTS, lambda task: task.classify(TEXTS, uncertainty=0)),
    "pair": (("a film", LONG), lambda task: task.classify([("a film", LONG)])),
    "token": (TEXTS, lambda task: task.extract(TEXTS)),
    "token-crf": (TEXTS, lambda task: task.extract(TEXTS)),
    "replaced": (TEXTS, lambda task: task.extract(TEXTS)),
    "mask": (MASKED, filled),
    "choice": (
        ("we", "a", "loved it", LONG),
        lambda task: [task.choose("we", ["a", "loved it", LONG])],
    ),
    "embed": (TEXTS, lambda task: task.embed(TEXTS).tolist()),
    "span": (QUESTIONS[0], lambda task: [task.answer(*QUESTIONS[0])]),
}


def assert_same(found, expected):
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        found, expected = list(found.values()), list(expected.values())
    if isinstance(expected, list):
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, abs=1e-4)
    else:
        assert found == expected


@on_torch
@pytest.mark.parametrize("name", TASKS)
def test_every_task(name, tmp_path):
    task, folder = spread(CASES[name].build()), tmp_path / "export"
    report = task.export(folder, format="onnx")
    assert report == json.loads((folder / "export.json").read_text())
    assert report["largest_difference"] < 1e-5
    check_file(task, folder)
    if name not in ANSWERS:
        assert "images" in report["no_runner"]
        return
    arguments, expected = ANSWERS[name]
    assert_same(run(folder, *arguments), expected(task))


@on_torch
def test_several_tasks_at_once(tmp_path):
    tasks = {"mood": ["bad", "good"], "stars": {"problem": "regression"}}
    text = CASES["text"].build()
    multi = kbz.MultiTaskClassifier(text.encoder, text.preprocessor, tasks=tasks)
    report = spread(multi).export(tmp_path / "export", format="onnx")
    assert report["outputs"] == ["mood_logits", "stars_logits"]
    assert_same(run(tmp_path / "export", *TEXTS), multi.classify(TEXTS))


@on_torch
@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_families(family, tmp_path):
    task = spread(kbz.TextClassifier(tiny(family), num_classes=3))
    report = task.export(tmp_path / "export", format="onnx")
    check_file(task, tmp_path / "export", 2e-5)
    assert set(report["unused_inputs"]) <= {"segment_ids"}


@on_torch
@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_smaller_files(precision, tmp_path):
    task = tiny_classifier(encoder=tiny_encoder(hidden_dim=128, intermediate_dim=256))
    sizes = {}
    for one in ("float32", precision):
        report = task.export(tmp_path / one, format="onnx", precision=one)
        sizes[one] = (tmp_path / one / "model.onnx").stat().st_size
    assert sizes[precision] < sizes["float32"]
    assert report["texts"]["least_cosine"] > 0.99
    types = {
        value.type
        for value in onnxruntime.InferenceSession(tmp_path / precision / "model.onnx").get_inputs()
    }
    assert types == {"tensor(int32)"}


@pytest.mark.skipif(TORCH, reason="test_every_task has it on torch")
def test_from_another_backend(tmp_path):
    task, folder = spread(CASES["text"].build()), tmp_path / "export"
    report = task.export(folder, format="onnx")
    assert report["largest_difference"] < 1e-5
    check_file(task, folder)
    assert_same(run(folder, *TEXTS), task.classify(TEXTS))


@on_torch
def test_a_file_that_lies_is_not_kept(tmp_path, monkeypatch):
    import onnx_ir

    from keras_bert_zoo.export import onnx as module

    save = module.save

    def wrong(model, folder):
        for value in model.graph.initializers.values():
            array = value.const_value.numpy()
            if array.dtype == "float32" and array.ndim == 2:
                value.const_value = onnx_ir.tensor(array + 0.5, name=value.name)
        save(model, folder)

    monkeypatch.setattr(module, "save", wrong)
    with pytest.raises(RuntimeError, match="differs from the task"):
        tiny_classifier().export(tmp_path / "export", format="onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.any_backend
def test_what_cannot_be_written_is_told(tmp_path):
    task = tiny_classifier()
    with pytest.raises(ValueError, match="Did you mean 'float16'"):
        task.export(tmp_path / "a", format="onnx", precision="flaot16")
    task.quantize("int8")
    with pytest.raises(ValueError, match="computes in int8"):
        task.export(tmp_path / "a", format="onnx")
    assert not list(tmp_path.iterdir())
