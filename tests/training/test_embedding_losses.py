"""Losses on groups of vectors: the formula worked by hand, and sentence-transformers' own."""

import keras
import numpy as np
import pytest

from keras_bert_zoo.training.embedding_losses import (
    LOSSES,
    ByTargets,
    CoSENT,
    CosineRegression,
    Matryoshka,
    MultipleNegativesRanking,
    Triplet,
    description,
    loss_called,
)
from tests.tiny import to_numpy

COUNT, DIM = 6, 8


def vectors(width, count=COUNT, seed=0):
    return np.random.default_rng(seed).normal(size=(count, width, DIM)).astype("float32")


def value(loss, y, groups, weight=None):
    """The loss of groups, as Keras calls it: all rows one after another."""
    result = loss(np.asarray(y), groups.reshape(-1, groups.shape[-1]), weight)
    return float(to_numpy(result))


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def ids(width, count=COUNT):
    """Numbers of texts that are all different."""
    return np.arange(count * width, dtype="int32").reshape(count, width)


SCORES = np.array([0.1, 0.9, 0.5, 0.5, 0.0, 1.0], "float32")[:, None]


# ---------------------------------------------------------------- by hand


def ranking_by_hand(groups, temperature=0.05, left_out=()):
    """InfoNCE one anchor at a time, without the candidates (anchor, group, place) `left_out`."""
    groups, total = unit(groups.astype("float64")), []
    for i, group in enumerate(groups):
        right = group[0] @ group[1] / temperature
        scores = [
            group[0] @ other[c] / temperature
            for j, other in enumerate(groups)
            for c in range(1, len(other))
            if (i, j, c) not in left_out
        ]
        total.append(np.log(np.sum(np.exp(scores))) - right)
    return np.array(total)


@pytest.mark.parametrize("width", [2, 3, 5])
def test_ranking_is_infonce(width):
    groups = vectors(width)
    expected = ranking_by_hand(groups).mean()
    assert value(MultipleNegativesRanking(), ids(width), groups) == pytest.approx(expected, 1e-5)
    classes = np.arange(COUNT)[:, None]
    assert value(MultipleNegativesRanking(), classes, groups) == pytest.approx(expected, 1e-5)


def test_ranking_in_both_directions():
    groups = vectors(2)
    there, back = ranking_by_hand(groups).mean(), ranking_by_hand(groups[:, ::-1]).mean()
    loss = MultipleNegativesRanking(symmetric=True)
    assert value(loss, ids(2), groups) == pytest.approx((there + back) / 2, 1e-5)


def test_candidates_of_the_same_class_are_no_negatives():
    groups = vectors(3)
    left_out = {(0, 3, 1), (3, 0, 1)}
    expected = ranking_by_hand(groups, left_out=left_out).mean()
    y = np.array([7, 1, 2, 7, 4, 5])[:, None]
    assert value(MultipleNegativesRanking(), y, groups) == pytest.approx(expected, 1e-5)


@pytest.mark.parametrize(
    ("same", "left_out"),
    [
        # Places (group, text) that hold one text; who then leaves out which candidate.
        ([(0, 1), (3, 1)], {(0, 3, 1), (3, 0, 1)}),  # equal positives
        ([(0, 0), (3, 0)], {(0, 3, 1), (3, 0, 1)}),  # equal anchors
        ([(0, 0), (3, 1)], {(0, 3, 1)}),  # an anchor that is the positive of another
        ([(0, 1), (3, 2)], {(0, 3, 2)}),  # a positive that is a negative elsewhere
        ([(2, 2), (4, 2)], set()),  # equal negatives are negatives
    ],
    ids=str,
)
def test_equal_texts_are_no_negatives(same, left_out):
    groups, y = vectors(3), ids(3)
    for place in same[1:]:
        y[place] = y[same[0]]
    expected = ranking_by_hand(groups, left_out=left_out).mean()
    assert value(MultipleNegativesRanking(), y, groups) == pytest.approx(expected, 1e-5)


def test_a_batch_of_one_text_has_nothing_to_learn():
    y = np.zeros((COUNT, 2), "int32")
    assert value(MultipleNegativesRanking(), y, vectors(2)) == pytest.approx(0, abs=1e-6)
    assert value(MultipleNegativesRanking(symmetric=True), y, vectors(2)) == pytest.approx(
        0, abs=1e-6
    )


def test_cosent_is_its_sum_over_ordered_pairs():
    groups = vectors(2)
    cosines = np.sum(unit(groups[:, 0]) * unit(groups[:, 1]), -1)
    terms = [
        np.exp((cosines[i] - cosines[j]) / 0.05)
        for i in range(COUNT)
        for j in range(COUNT)
        if SCORES[i] < SCORES[j]
    ]
    expected = np.log(1 + np.sum(terms))
    assert value(CoSENT(), SCORES, groups) == pytest.approx(expected, 1e-5)
    assert value(CoSENT(), SCORES * 0, groups) == pytest.approx(0, abs=1e-6)


def test_cosine_regression_is_a_mean_of_squares():
    groups = vectors(2)
    cosines = np.sum(unit(groups[:, 0]) * unit(groups[:, 1]), -1)
    expected = np.mean((cosines - SCORES[:, 0]) ** 2)
    assert value(CosineRegression(), SCORES, groups) == pytest.approx(expected, 1e-5)


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_triplets_with_several_negatives(distance):
    def far(a, b):
        return 1 - unit(a) @ unit(b) if distance == "cosine" else np.linalg.norm(a - b)

    groups = vectors(4)
    expected = np.mean(
        [max(far(g[0], g[1]) - far(g[0], g[c]) + 0.7, 0) for g in groups for c in (2, 3)]
    )
    loss = Triplet(0.7, distance)
    assert value(loss, np.zeros((COUNT, 1)), groups) == pytest.approx(expected, 1e-5)


def test_matryoshka_adds_up_lengths():
    groups = vectors(2)
    loss = Matryoshka(MultipleNegativesRanking(), [8, 4, 2], [1.0, 0.5, 0.25])
    expected = sum(
        share * ranking_by_hand(groups[..., :dim]).mean()
        for dim, share in ((8, 1.0), (4, 0.5), (2, 0.25))
    )
    assert value(loss, ids(2), groups) == pytest.approx(expected, 1e-5)


def test_by_targets_takes_the_loss_for_what_y_is():
    groups = vectors(2)
    assert value(ByTargets(), ids(2), groups) == value(MultipleNegativesRanking(), ids(2), groups)
    assert value(ByTargets(), SCORES, groups) == value(CoSENT(), SCORES, groups)


# ---------------------------------------------------------------- weights

CASES = {
    "ranking": (MultipleNegativesRanking(), 3, None),
    "symmetric": (MultipleNegativesRanking(symmetric=True), 2, None),
    "cosent": (CoSENT(), 2, SCORES),
    "regression": (CosineRegression(), 2, SCORES),
    "cosine triplet": (Triplet(), 3, None),
    "euclidean triplet": (Triplet(1.0, "euclidean"), 3, None),
    "matryoshka": (Matryoshka(CoSENT(), [8, 4]), 2, SCORES),
}


@pytest.mark.parametrize("case", CASES)
def test_groups_without_weight_are_not_there(case):
    loss, width, y = CASES[case]
    y, groups = ids(width) if y is None else y, vectors(width)
    filled = np.concatenate([groups, vectors(width, 3, seed=5) * 100, np.zeros_like(groups[:1])])
    weight = np.array([1.0] * COUNT + [0.0] * 4, "float32")
    expected = value(loss, y, groups)
    more = np.concatenate([y, np.zeros((4, y.shape[1]), y.dtype)])
    assert value(loss, more, filled, weight) == pytest.approx(expected, 1e-5)
    assert value(loss, y, groups, np.ones(COUNT)) == pytest.approx(expected, 1e-6)
    assert value(loss, y, groups, np.zeros(COUNT)) == pytest.approx(0, abs=1e-6)


def test_weights_are_those_of_a_mean():
    groups, weight = vectors(3), np.array([1, 2, 0.5, 3, 1, 1], "float32")
    expected = np.average(ranking_by_hand(groups), weights=weight)
    assert value(MultipleNegativesRanking(), ids(3), groups, weight) == pytest.approx(
        expected, 1e-5
    )


@pytest.mark.parametrize("case", CASES)
def test_gradients_are_finite_where_vectors_are_equal_or_zero(case):
    loss, width, y = CASES[case]
    y = ids(width) if y is None else y
    groups = vectors(width)
    groups[0] = 0
    groups[1] = groups[1, 0]
    weight = np.array([1, 1, 1, 1, 0, 0], "float32")
    gradient = gradient_of(lambda x: loss(y, x, weight), groups.reshape(-1, DIM))
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 0
    assert np.abs(gradient[4 * width :]).max() == 0


def gradient_of(function, x):
    backend = keras.config.backend()
    if backend == "jax":
        import jax

        return np.asarray(jax.grad(function)(x))
    if backend == "torch":
        import torch

        tensor = torch.tensor(x, requires_grad=True)
        function(tensor).backward()
        return tensor.grad.numpy()
    import tensorflow as tf

    tensor = tf.Variable(x)
    with tf.GradientTape() as tape:
        result = function(tensor)
    return tape.gradient(result, tensor).numpy()


# ---------------------------------------------------------------- against sentence-transformers


@pytest.mark.parametrize("seed", range(3))
def test_the_same_as_sentence_transformers(seed):
    pytest.importorskip("sentence_transformers")
    import torch
    from sentence_transformers.sentence_transformer import losses as theirs
    from sentence_transformers.sentence_transformer.losses.triplet import TripletDistanceMetric

    pairs, triplets = vectors(2, seed=seed), vectors(3, seed=seed + 10)

    def columns(groups):
        return [torch.tensor(groups[:, i]) for i in range(groups.shape[1])]

    def check(loss, reference, y, groups):
        labels = torch.tensor(SCORES[:, 0])
        expected = float(reference.compute_loss_from_embeddings(columns(groups), labels))
        assert value(loss, y, groups) == pytest.approx(expected, rel=1e-5, abs=1e-5)

    none = torch.nn.Identity()
    ranking = theirs.MultipleNegativesRankingLoss(none, scale=20.0)
    check(MultipleNegativesRanking(0.05), ranking, ids(2), pairs)
    check(MultipleNegativesRanking(0.05), ranking, ids(3), triplets)
    both = theirs.MultipleNegativesSymmetricRankingLoss(none, scale=10.0)
    check(MultipleNegativesRanking(0.1, symmetric=True), both, ids(2), pairs)
    check(CoSENT(0.05), theirs.CoSENTLoss(none, scale=20.0), SCORES, pairs)
    check(CosineRegression(), theirs.CosineSimilarityLoss(none), SCORES, pairs)
    for distance in ("cosine", "euclidean"):
        metric = getattr(TripletDistanceMetric, distance.upper())
        reference = theirs.TripletLoss(none, distance_metric=metric, triplet_margin=0.8)
        check(Triplet(0.8, distance), reference, ids(3), triplets)
    from sentence_transformers.sentence_transformer.losses.matryoshka import shrink

    class Cut:
        """What their Matryoshka loss does, on vectors rather than on a model."""

        def compute_loss_from_embeddings(self, embeddings, labels):
            return sum(
                share
                * ranking.compute_loss_from_embeddings([shrink(e, d) for e in embeddings], labels)
                for d, share in ((8, 1.0), (3, 0.5))
            )

    check(Matryoshka(MultipleNegativesRanking(0.05), [8, 3], [1.0, 0.5]), Cut(), ids(3), triplets)


# ---------------------------------------------------------------- contracts


@pytest.mark.parametrize(
    "loss",
    [
        MultipleNegativesRanking(0.1, symmetric=True),
        CoSENT(0.2, name="mine"),
        CosineRegression(),
        Triplet(0.3, "euclidean"),
        Matryoshka(Triplet(0.3), [4, 2], [1, 2]),
        ByTargets(0.2),
    ],
    ids=lambda loss: type(loss).__name__,
)
def test_is_made_again_from_its_config(loss):
    saved = keras.saving.serialize_keras_object(loss)
    assert saved["registered_name"] == f"keras_bert_zoo>{type(loss).__name__}"
    for again in (
        keras.saving.deserialize_keras_object(saved),
        loss_called(description(loss)),
    ):
        assert type(again) is type(loss)
        assert again.get_config() == loss.get_config()


def test_every_loss_has_a_name():
    assert set(LOSSES) == {
        "ByTargets", "CoSENT", "CosineRegression", "Matryoshka", "MultipleNegativesRanking",
        "Triplet",
    }  # fmt: skip
    assert isinstance(loss_called("auto"), ByTargets)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: loss_called("CoSENt"), "Unknown loss 'CoSENt'. Did you mean 'CoSENT'"),
        (lambda: CoSENT(0), "temperature must be above 0"),
        (lambda: MultipleNegativesRanking(-1), "temperature must be above 0"),
        (lambda: Triplet(-1), "margin must be 0 or more"),
        (lambda: Triplet(1, "manhattan"), "Unknown distance"),
        (lambda: Matryoshka(CoSENT(), []), "dims must be one or more"),
        (lambda: Matryoshka(CoSENT(), [4, 2], [1]), "as many of them"),
        (lambda: CoSENT().check(3, True), "rows of 2 texts. Rows of 3"),
        (lambda: CoSENT().check(2, False), "a score for each pair"),
        (lambda: Triplet().check(2, False), "rows of 3 or more texts"),
        (lambda: MultipleNegativesRanking().check(2, True), "Take CoSENT"),
        (lambda: ByTargets().check(1, False), "rows of 2 or more"),
        (lambda: Matryoshka(CoSENT(), [2]).check(2, False), "CoSENT learns"),
        (lambda: value(Matryoshka(CoSENT(), [9]), SCORES, vectors(2)), "dims of 8 or less"),
    ],
)
def test_says_what_is_wrong(make, message):
    with pytest.raises(ValueError, match=message):
        make()
