"""LiteRT files of every task, run by the stock interpreter in a process of its own."""

import keras
import numpy as np
import pytest

from keras_bert_zoo.export import litert, tf_graph
from keras_bert_zoo.families import FAMILIES
from tests.export.runtimes import (
    SPREAD,
    TASKS,
    assert_readme_works,
    assert_whole,
    build,
    logits_up_to,
    need,
    of_family,
)
from tests.tiny import tiny_classifier, tiny_encoder

need("ai_edge_litert", "tensorflow")
native = pytest.mark.skipif(
    keras.config.backend() != "tensorflow", reason="LiteRT's converter is in TensorFlow"
)


@native
@pytest.mark.parametrize("name", TASKS)
def test_every_task_with_open_axes(name, tmp_path):
    task = build(name)
    report = task.export(tmp_path / "out", "litert")
    assert_whole(task, tmp_path / "out", report)
    assert report["largest_difference"] < 1e-5
    assert report["label_agreement"] == 1.0
    assert [1, 5] in [[shape[0], shape[-1]] for shape in report["compared_at"]]


@native
@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family(family, tmp_path):
    task = of_family(family)
    report = task.export(tmp_path / "out", "litert")
    assert report["largest_difference"] < 1e-5 * logits_up_to(task)


@native
def test_fixed_sizes(tmp_path):
    task = build("text")
    report = task.export(tmp_path / "out", "litert", batch=1, length=16)
    assert_whole(task, tmp_path / "out", report, axes=(1, 16))
    inputs, outputs = assert_readme_works(task, tmp_path / "out")
    assert inputs["token_ids"].shape == (1, 16)
    # tokenizer.json and the example make what the task makes of the same text.
    np.testing.assert_allclose(outputs["logits"], task.predict(["A text."], verbose=0), atol=1e-5)


@native
def test_smaller_weights(tmp_path):
    encoder = tiny_encoder(hidden_dim=64, intermediate_dim=128, **SPREAD)
    task = tiny_classifier(encoder=encoder)
    sizes = {}
    for precision in ("float32", "float16", "int8"):
        report = task.export(tmp_path / precision, "litert", precision=precision)
        sizes[precision] = report["bytes"]
        assert report["precision"] == precision
    assert sizes["float16"] < 0.7 * sizes["float32"]
    assert sizes["int8"] < 0.55 * sizes["float32"]


@native
def test_an_operation_that_is_not_there(tmp_path, monkeypatch):
    import tensorflow as tf

    def odd(task, outputs):
        return {"logits": tf.strings.to_number(tf.strings.as_string(outputs))}

    monkeypatch.setattr(tf_graph, "named_outputs", odd)
    with pytest.raises(ValueError, match=r"bert encoder: it lacks .*AsString.*Try fixed sizes"):
        build("text").export(tmp_path / "out", "litert")
    assert not (tmp_path / "out").exists()


@native
def test_another_answer_is_an_error(tmp_path, monkeypatch):
    task = build("text")
    real = litert.convert

    def wrong(task, *options, **sizes):
        kernel = task.get_layer("head").weights[0]
        before = kernel.numpy()
        kernel.assign(before + 1.0)
        try:
            return real(task, *options, **sizes)
        finally:
            kernel.assign(before)

    monkeypatch.setattr(litert, "convert", wrong)
    with pytest.raises(RuntimeError, match="something else than the task at the shape"):
        task.export(tmp_path / "out", "litert")
    assert not (tmp_path / "out").exists()


@pytest.mark.any_backend
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"precision": "int4"}, "Unknown precision 'int4'"),
        ({"width": 3}, "Unknown option 'width'.*batch, length"),
        ({"batch": 0}, "batch is a whole number"),
        ({"length": 1000}, "more than the 32 that the encoder has"),
    ],
)
def test_options_that_cannot_be(options, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        tiny_classifier().export(tmp_path / "out", "litert", **options)
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(keras.config.backend() == "tensorflow", reason="it is on TensorFlow already")
@pytest.mark.slow  # as in test_onnx.py
def test_from_another_backend(tmp_path):
    task = build("token-crf")
    report = task.export(tmp_path / "out", "litert")
    assert_whole(task, tmp_path / "out", report)
    assert report["largest_difference"] < 1e-5
