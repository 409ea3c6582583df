"""Texts of every kind for every task, and weights that make the answers differ."""

import numpy as np
import pytest

from tests.tasks.cases import LONG, QUESTIONS, TEXTS

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


def shake(task):
    """Weights that make the answers differ: heads begin near zero."""
    generator = np.random.default_rng(0)
    for weight in task.weights:
        if len(weight.shape) > 1 or "transitions" in weight.path:
            weight.assign(generator.normal(scale=0.5, size=weight.shape))


def quick(names, *these):
    """Names as parameters; all but these are slow: an export takes seconds."""
    return [pytest.param(n, marks=() if n in these else pytest.mark.slow) for n in names]
