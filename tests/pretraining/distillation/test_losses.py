"""Each loss against its paper's formula, worked in numpy on random arrays."""

import numpy as np
import pytest
from keras import ops

from keras_bert_zoo.pretraining.distillation import (
    AttentionMaps,
    AttentionScores,
    CosineHidden,
    HiddenStates,
    Relations,
    SoftTargets,
)
from keras_bert_zoo.pretraining.distillation.divergence import binary_divergence, divergence
from tests.pretraining.distillation.models import kl, softmax, tiny_teacher
from tests.tiny import to_numpy

MASK = np.array([[1, 1, 1, 1], [1, 1, 0, 0]])
TOKENS = np.argwhere(MASK)


@pytest.fixture(scope="module")
def teacher():
    return tiny_teacher(1)


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def outputs(student, teacher):
    """What a model gives for two layers."""
    tensors = {
        "student": [ops.convert_to_tensor(x) for x in student],
        "teacher": [ops.convert_to_tensor(x) for x in teacher],
    }
    return {**tensors, "mask": ops.convert_to_tensor(MASK)}


# Where real tokens stand in arrays `(batch, length, ...)` and `(batch, heads, length, length)`.
REAL = {
    "tokens": lambda x: MASK.reshape(MASK.shape + (1,) * (x.ndim - 2)),
    "queries": lambda x: MASK[:, None, :, None],
    "pairs": lambda x: MASK[:, None, :, None] * MASK[:, None, None, :],
}


def spoilt(x, of):
    """The same with other numbers where there is padding: that must change nothing."""
    return np.where(REAL[of](x) > 0, x, random(*x.shape, seed=9)).astype("float32")


def check(objective, student, teacher, expected, of="tokens"):
    """The loss is that number, whatever padding holds, and 0 for a perfect student."""
    found = objective.loss(outputs(student, teacher), {})
    assert float(to_numpy(found)) == pytest.approx(expected, rel=1e-5)
    for other in (
        ([spoilt(x, of) for x in student], teacher),
        (student, [spoilt(x, of) for x in teacher]),
    ):
        found = objective.loss(outputs(*other), {})
        assert float(to_numpy(found)) == pytest.approx(expected, rel=1e-5)
    found = objective.loss(outputs(teacher, teacher), {})
    assert float(to_numpy(found)) == pytest.approx(0.0, abs=1e-6)


def test_divergence_by_hand():
    logs = [np.log(np.array([p], "float32")) for p in ([0.5, 0.5], [0.25, 0.75])]
    by_hand = 0.5 * np.log(2) + 0.5 * np.log(2 / 3)
    assert to_numpy(divergence(*logs)) == pytest.approx([by_hand])
    assert to_numpy(binary_divergence(np.zeros(1), np.log([3.0]))) == pytest.approx([by_hand])
    teacher, student = random(5, 7), random(5, 7, seed=1)
    expected = 9 * kl(softmax(teacher / 3.0), softmax(student / 3.0))
    np.testing.assert_allclose(to_numpy(divergence(teacher, student, 3.0)), expected, rtol=1e-4)
    p, q = (1 / (1 + np.exp(-x / 3.0)) for x in (teacher, student))
    expected = 9 * (p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q)))
    found = to_numpy(binary_divergence(teacher, student, 3.0))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)


def test_soft_targets(teacher):
    ours, theirs = random(2, 4, 7), random(2, 4, 7, seed=1)
    each = 4 * kl(softmax(theirs / 2.0), softmax(ours / 2.0))
    expected = np.mean([each[b, t] for b, t in TOKENS])
    check(SoftTargets(teacher), [ours], [theirs], expected)
    weight = np.array([[1, 0, 1, 0], [0, 1, 0, 0]], "float32")
    found = SoftTargets(teacher, places="masked").loss(
        outputs([ours], [theirs]), {"weight": ops.convert_to_tensor(weight)}
    )
    expected = (each * weight).sum() / 3
    assert float(to_numpy(found)) == pytest.approx(expected, rel=1e-5)


def test_cosine(teacher):
    ours, theirs = random(2, 4, 6), random(2, 4, 6, seed=1)
    each = [
        1 - ours[b, t] @ theirs[b, t] / np.linalg.norm(ours[b, t]) / np.linalg.norm(theirs[b, t])
        for b, t in TOKENS
    ]
    check(CosineHidden(teacher), [ours], [theirs], np.mean(each))


def test_hidden_states(teacher):
    ours, theirs = (
        [random(2, 4, 6, seed=s) for s in (0, 1)],
        [random(2, 4, 6, seed=s) for s in (2, 3)],
    )
    expected = sum(
        np.mean([np.mean((x[b, t] - y[b, t]) ** 2) for b, t in TOKENS])
        for x, y in zip(ours, theirs)
    )
    check(HiddenStates(teacher), ours, theirs, expected)


def test_attention_scores(teacher):
    ours, theirs = random(2, 3, 4, 4), random(2, 3, 4, 4, seed=1)
    pairs = [(b, i, j) for b, i in TOKENS for c, j in TOKENS if b == c]
    assert len(pairs) == 16 + 4
    each = [np.mean((ours[b, :, i, j] - theirs[b, :, i, j]) ** 2) for b, i, j in pairs]
    check(AttentionScores(teacher), [ours], [theirs], np.mean(each), of="pairs")


def test_attention_scores_of_windows(teacher):
    """What a window hides is far below all scores, and is not compared."""
    ours, theirs = random(2, 3, 4, 4), random(2, 3, 4, 4, seed=1)
    far = np.abs(np.arange(4)[:, None] - np.arange(4)) > 1
    pairs = [(b, i, j) for b, i in TOKENS for c, j in TOKENS if b == c and not far[i, j]]
    each = [np.mean((ours[b, :, i, j] - theirs[b, :, i, j]) ** 2) for b, i, j in pairs]
    hidden = [np.where(far, np.float32(-1e30), x) for x in (ours, theirs)]
    check(AttentionScores(teacher), hidden[:1], hidden[1:], np.mean(each), of="pairs")


def test_attention_maps(teacher):
    """The scores of an attention hide padded keys already."""
    keys = MASK[:, None, None, :] > 0
    ours, theirs = (np.where(keys, random(2, 3, 4, 4, seed=s), -1e30) for s in (0, 1))
    each = kl(softmax(theirs), softmax(ours)).mean(1)
    expected = np.mean([each[b, t] for b, t in TOKENS])
    ours, theirs = ours.astype("float32"), theirs.astype("float32")
    check(AttentionMaps(teacher), [ours], [theirs], expected, of="queries")


@pytest.mark.parametrize("heads", [None, 2, 6])
def test_relations(teacher, heads):
    """Student and teacher differ in the size of a head, and, cut anew, in how many they have."""
    ours, theirs = random(2, 4, 3, 4), random(2, 4, 3, 8, seed=1)
    if heads:
        theirs = theirs.reshape(2, 4, 6, 4)

    def related(x):
        x = x.reshape(2, 4, heads or x.shape[2], -1)
        scores = np.einsum("bqnh,bknh->bnqk", x, x) / np.sqrt(x.shape[-1])
        return softmax(np.where(MASK[:, None, None, :] > 0, scores, -np.inf))

    each = kl(related(theirs), related(ours)).mean(1)
    expected = np.mean([each[b, t] for b, t in TOKENS])
    check(Relations(teacher, ("value",), heads=heads), [ours], [theirs], expected)
