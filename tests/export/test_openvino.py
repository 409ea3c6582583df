"""OpenVINO models of every task, opened in a process of its own."""

import keras
import pytest

from tests.export.runtimes import ALL, SPREAD, assert_readme_works, assert_whole, build, need
from tests.export.served import quick
from tests.tiny import tiny_classifier, tiny_encoder

need("openvino", "tensorflow")
native = pytest.mark.skipif(
    keras.config.backend() != "tensorflow", reason="OpenVINO's models are made on TensorFlow"
)


@native
@pytest.mark.parametrize("name", quick(ALL, "text"))
def test_every_task_with_open_axes(name, tmp_path):
    task = build(name)
    report = task.export(tmp_path / "out", "openvino")
    assert_whole(task, tmp_path / "out", report)
    assert report["largest_difference"] < 1e-5
    assert report["label_agreement"] == 1.0


@native
def test_names_axes_and_the_example(tmp_path):
    import openvino

    task = build("mask")
    report = task.export(tmp_path / "out", "openvino")
    model = openvino.Core().read_model(tmp_path / "out" / "model.xml")
    assert {port.get_any_name() for port in model.inputs} == set(report["inputs"])
    assert [port.get_any_name() for port in model.outputs] == ["logits"]
    assert all(port.partial_shape.is_dynamic for port in model.inputs)
    assert_readme_works(task, tmp_path / "out")


@native
def test_half_precision_is_asked_for(tmp_path):
    task = tiny_classifier(encoder=tiny_encoder(hidden_dim=64, intermediate_dim=128, **SPREAD))
    full = task.export(tmp_path / "full", "openvino")
    half = task.export(tmp_path / "half", "openvino", precision="float16")
    assert full["largest_difference"] < 1e-5
    assert half["bytes"] < 0.8 * full["bytes"]


@pytest.mark.any_backend
def test_options_that_cannot_be(tmp_path):
    with pytest.raises(ValueError, match="Unknown precision 'int8'.*float16"):
        tiny_classifier().export(tmp_path / "out", "openvino", precision="int8")
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(keras.config.backend() != "jax", reason="torch takes the same way")
@pytest.mark.slow  # as in test_onnx.py
def test_from_another_backend(tmp_path):
    task = build("text")
    report = task.export(tmp_path / "out", "openvino")
    assert_whole(task, tmp_path / "out", report)
    assert report["largest_difference"] < 1e-5
