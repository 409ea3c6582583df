"""A task's graph against what the task answers in Python, for every kind of task and of text."""

import numpy as np
import pytest

from tests.tasks.cases import CASES, LONG, PAIRS, QUESTIONS, TEXTS

pytest.importorskip("tensorflow", reason="a SavedModel needs TensorFlow")
keras = pytest.importorskip("keras")
if keras.config.backend() != "tensorflow":
    pytest.skip("graphs are made on TensorFlow alone", allow_module_level=True)

from keras_bert_zoo.export.saved_model import build, difference, signatures_of  # noqa: E402

STRANGE = ["naïve cafés 😀!", "  the\tfilm ", "电影 was good", "\x00a", "zzzzzz" * 30]
MANY = [*TEXTS, LONG, *STRANGE, LONG + "good"]
INPUTS = {
    "text": {"text": MANY},
    "document": {"text": MANY},
    "early-exit": {"text": MANY},
    "pair": {"query": [*MANY, "a"], "document": ["a", *MANY]},
    "token": {"text": MANY},
    "token-crf": {"text": MANY},
    "replaced": {"text": MANY},
    "mask": {"text": ["a [MASK] film", "[MASK] [MASK] was", "it is lov[MASK]!", "[MASK]" * 14]},
    "choice": {
        "prompt": [*TEXTS, LONG],
        "choices": [["good", "bad", "a film"], *[["we", LONG, ""]] * 5, ["a", "", ""]],
    },
    "embed": {"text": MANY},
    "span": {
        "question": [*[q for q, _ in QUESTIONS], *["a" * 40, "was it?", "", LONG, "x"] * 3],
        "context": [*[c for _, c in QUESTIONS], *[LONG] * 4, *STRANGE, *TEXTS],
    },
}


def served_of(name, **options):
    task = CASES[name].build()
    shake(task)
    return task, build(task, ops="text", batch_size=4, **options)


def shake(task):
    """Weights that make the answers differ: heads begin near zero."""
    generator = np.random.default_rng(0)
    for weight in task.weights:
        if len(weight.shape) > 1 or "transitions" in weight.path:
            weight.assign(generator.normal(scale=0.5, size=weight.shape))


def check(task, served, name, inputs):
    signature = signatures_of(served)[name]
    import tensorflow as tf

    values = [tf.constant(value) for value in inputs.values()]
    found = signature.traced()(*values)
    expected = served.expected(task, name, **inputs)
    assert set(expected) <= set(found)
    return difference(found, expected, name)


@pytest.mark.parametrize("name", INPUTS)
def test_a_graph_answers_as_the_task_does(name):
    task, served = served_of(name)
    assert check(task, served, "serving_default", INPUTS[name]) < 1e-5


@pytest.mark.parametrize("name", ["visual-answer", "visual-mask", "visual-choice"])
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


@pytest.mark.parametrize("name", OPTIONS)
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


def test_no_rows():
    import tensorflow as tf

    for name in INPUTS:
        _, served = served_of(name)
        for signature in signatures_of(served).values():
            empty = [
                tf.zeros([0, *[1 if d is None else d for d in s.shape[1:]]], s.dtype)
                if s.dtype != tf.string
                else tf.constant(np.zeros([0] * 1 + [1] * (len(s.shape) - 1), object), tf.string)
                for s in signature.inputs.values()
            ]
            found = signature.traced()(*empty)
            assert {len(value) for value in found.values()} == {0}, name
