"""A task's graph against what the task answers in Python, for every kind of task and of text."""

import keras
import numpy as np
import pytest

from tests.export.served import INPUTS, quick, shake
from tests.tasks.cases import CASES, PAIRS

pytest.importorskip("tensorflow", reason="a SavedModel needs TensorFlow")
if keras.config.backend() != "tensorflow":
    pytest.skip("graphs are made on TensorFlow alone", allow_module_level=True)

from keras_bert_zoo.export.graph import served as served_module
from keras_bert_zoo.export.saved_model import build, difference, signatures_of
from keras_bert_zoo.tokenizers.graph import graph_tokenizer
from tests.tiny import tiny_tokenizer


@pytest.fixture(scope="module", autouse=True)
def _one_graph():
    """All tasks here have the same tokenizer: its graph is made once."""
    graph = graph_tokenizer(tiny_tokenizer())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(served_module, "graph_tokenizer", lambda tokenizer, ops: graph)
        yield


def served_of(name, **options):
    task = CASES[name].build()
    shake(task)
    return task, build(task, ops="text", batch_size=4, **options)


def check(task, served, name, inputs, and_none=False):
    import tensorflow as tf

    signature = signatures_of(served)[name]
    call = signature.traced()
    found = call(*map(tf.constant, inputs.values()))
    expected = served.expected(task, name, **inputs)
    assert set(expected) <= set(found)
    if and_none:
        none = call(*(tf.constant(value)[:0] for value in inputs.values()))
        assert {key: len(value) for key, value in none.items()} == dict.fromkeys(found, 0)
    return difference(found, expected, name)


# A CRF, spans and pairs of texts are in test_saved_model.py too.
@pytest.mark.parametrize(
    "name", quick(INPUTS, "text", "document", "pair", "token", "mask", "choice", "embed", "span")
)
def test_a_graph_answers_as_the_task_does(name):
    task, served = served_of(name)
    assert check(task, served, "serving_default", INPUTS[name], and_none=True) < 1e-5


@pytest.mark.parametrize(
    "name", quick(["visual-answer", "visual-mask", "visual-choice"], "visual-answer")
)
def test_images_go_beside_the_text(name):
    task, served = served_of(name)
    inputs = dict(signatures_of(served)["serving_default"].example)
    for key, value in served.images_of(2).items():
        if value.dtype == "float32":
            noise = np.random.default_rng(1).normal(size=inputs[key].shape[-2:])
            inputs[key] = inputs[key] * noise.astype("float32")
    assert check(task, served, "serving_default", inputs) < 1e-5


def test_pairs_of_a_classifier():
    task, served = served_of("text")
    inputs = {"text_a": [a for a, _ in PAIRS], "text_b": [b for _, b in PAIRS]}
    assert check(task, served, "pair", inputs) < 1e-5


OPTIONS = {
    "multi-label": ("text", {"problem": "multi_label"}),
    "regression": ("text", {"problem": "regression", "labels": None, "num_classes": 2}),
    "numbers": ("text", {"labels": None, "num_classes": 3}),
    "certain": ("early-exit", {"uncertainty": 1.0}),
    "never-certain": ("early-exit", {"uncertainty": 0.0}),
    "classes-of-pairs": ("pair", {"labels": ["no", "yes"], "positive": "no"}),
    "average": ("token", {"aggregation": "average", "overlap": 2}),
    "max": ("token-crf", {"aggregation": "max", "constrained": False}),
    "parts-of-speech": ("token", {"entity_types": None, "labels": ["NOUN", "VERB", "X"]}),
    "one-window-of-two": ("token", {"scheme": "BIOES", "overlap": 13}),
    "unnamed-tags": ("token", {"entity_types": None, "num_classes": 4}),
    "never": ("span", {"no_answer": "never", "stride": 3, "n_best": 3}),
    "threshold": ("span", {"null_threshold": 1.5, "max_answer_length": 2, "max_query_length": 4}),
    "two-poolings": ("embed", {"pooling": ("mean", "max"), "normalize": False}),
    "prompt": ("embed", {"prompts": {"query": "we: "}, "default_prompt": "query"}),
}


@pytest.mark.parametrize("name", quick(OPTIONS, "multi-label", "certain", "average", "never"))
def test_options_of_tasks(name):
    case, options = OPTIONS[name]
    task = CASES[case].build(**options)
    shake(task)
    served = build(task, ops="text", batch_size=5)
    for signature in set(signatures_of(served)) - {"tokens", "pair"}:
        assert check(task, served, signature, INPUTS[case]) < 1e-5


def test_several_tasks():
    task = CASES["text"].build()
    import keras_bert_zoo as kbz

    tasks = {"mood": ["bad", "good"], "stars": {"problem": "regression"}}
    task = kbz.MultiTaskClassifier(task.encoder, task.preprocessor, tasks=tasks)
    shake(task)
    assert check(task, build(task), "serving_default", INPUTS["text"]) < 1e-5
