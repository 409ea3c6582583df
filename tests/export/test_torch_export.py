"""torch programs of every task, loaded in a process that has torch alone."""

import keras
import pytest

from keras_bert_zoo.families import FAMILIES
from tests.export.runtimes import (
    TASKS,
    assert_readme_works,
    assert_whole,
    build,
    logits_up_to,
    need,
    of_family,
)

need("torch")
native = pytest.mark.skipif(keras.config.backend() != "torch", reason="programs are made on torch")


@native
@pytest.mark.parametrize("name", TASKS)
def test_every_task_with_open_axes(name, tmp_path):
    task = build(name)
    report = task.export(tmp_path / "out", "torch_export")
    assert_whole(task, tmp_path / "out", report)
    assert report["largest_difference"] <= 1e-6
    assert report["label_agreement"] == 1.0
    assert {shape[0] for shape in report["compared_at"]} >= {1, 2, 3}


@native
@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family(family, tmp_path):
    task = of_family(family)
    report = task.export(tmp_path / "out", "torch_export")
    assert report["largest_difference"] < 1e-5 * logits_up_to(task)


@native
@pytest.mark.parametrize("name", ["text", "choice"])
def test_names_of_axes_and_the_example(name, tmp_path):
    import torch

    task = build(name)
    task.export(tmp_path / "out", "torch_export")
    program = torch.export.load(tmp_path / "out" / "model.pt2")
    assert list(program.graph_signature.user_inputs) == list(task.input)
    ranges = {str(limits.upper) for limits in program.range_constraints.values()}
    assert "32" in ranges  # the longest text
    assert_readme_works(task, tmp_path / "out")


@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="JAX takes the same way")
@pytest.mark.slow  # as in test_onnx.py
def test_from_another_backend(tmp_path):
    task = build("span")
    report = task.export(tmp_path / "out", "torch_export")
    assert_whole(task, tmp_path / "out", report)
    assert report["largest_difference"] < 1e-5
