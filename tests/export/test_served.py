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

    values = [tf.constant(np.array(value, object)) for value in inputs.values()]
    found = signature.traced()(*values)
    expected = served.expected(task, name, **inputs)
    assert set(expected) <= set(found)
    return difference(found, expected, name)


@pytest.mark.parametrize("name", INPUTS)
def test_a_graph_answers_as_the_task_does(name):
    task, served = served_of(name)
    assert check(task, served, "serving_default", INPUTS[name]) < 1e-5


def test_pairs_of_a_classifier():
    task, served = served_of("text")
    inputs = {"text_a": [a for a, _ in PAIRS], "text_b": [b for _, b in PAIRS]}
    assert check(task, served, "pair", inputs) < 1e-5
