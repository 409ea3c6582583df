"""Measures of rankings: by hand, and those of scikit-learn."""

import keras
import numpy as np
import pytest

from keras_bert_zoo.metrics import (
    NDCG,
    MeanReciprocalRank,
    average_precision,
    ndcg,
    precision,
    recall,
    reciprocal_rank,
    retrieval_scores,
)

REASON = "the reference"
# torch.compile needs a compiler and a minute (it was tried by hand); JAX without takes longer.
JIT = {"tensorflow": [False, True], "jax": [True], "torch": [False]}[keras.config.backend()]


def draw(seed, batch=8, documents=12):
    """Grades 0 to 3, and scores no two of which are equal."""
    rng = np.random.default_rng(seed)
    grades = rng.integers(0, 4, (batch, documents)) * (rng.random((batch, documents)) < 0.4)
    grades[:, 0] = np.maximum(grades[:, 0], 1)
    scores = np.argsort(rng.random((batch, documents)), axis=1) / documents
    return grades, scores.astype("float32")


def ranked(grades, scores):
    return [row[order].tolist() for row, order in zip(grades, np.argsort(-scores, axis=1))]


@pytest.mark.any_backend
def test_functions_by_hand():
    relevance = [0, 2, 0, 1]
    assert reciprocal_rank(relevance) == 1 / 2
    assert reciprocal_rank(relevance, k=1) == reciprocal_rank([]) == 0.0
    assert precision(relevance, 2) == 1 / 2
    assert precision([1], 5) == 1 / 5
    assert recall(relevance, 2) == 1 / 2
    assert recall(relevance, 4, total=5) == 2 / 5
    assert average_precision(relevance) == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert average_precision(relevance, total=4) == pytest.approx((1 / 2 + 2 / 4) / 4)
    gain = 2 / np.log2(3) + 1 / np.log2(5)
    assert ndcg(relevance) == pytest.approx(gain / (2 + 1 / np.log2(3)))
    assert ndcg(relevance, k=2) == pytest.approx(2 / np.log2(3) / (2 + 1 / np.log2(3)))
    assert ndcg(relevance, k=1, grades=[3, 2, 1]) == 0.0
    assert recall([0], 1) == average_precision([0]) == ndcg([0]) == 0.0


@pytest.mark.any_backend
@pytest.mark.parametrize("k", [None, 1, 3, 100])
def test_functions_equal_scikit_learn(k):
    reference = pytest.importorskip("sklearn.metrics", reason=REASON)
    grades, scores = draw(1)
    for row, score, relevance in zip(grades, scores, ranked(grades, scores)):
        assert ndcg(relevance, k) == pytest.approx(reference.ndcg_score([row], [score], k=k))
        theirs = reference.average_precision_score(row > 0, score)
        assert average_precision(relevance) == pytest.approx(theirs)
    theirs = reference.label_ranking_average_precision_score(grades > 0, scores)
    ours = np.mean([average_precision(relevance) for relevance in ranked(grades, scores)])
    assert ours == pytest.approx(theirs)


@pytest.mark.any_backend
def test_scores_of_a_search():
    rankings = {"q1": ["a", "b", "c"], "q2": ["d"], "q3": [], "unjudged": ["x"]}
    relevant = {"q1": {"b": 2, "c": 1, "e": 1, "a": 0}, "q2": {"d"}, "q3": {"f"}, "empty": {"g": 0}}
    scores = retrieval_scores(rankings, relevant, ks=(1, 2))
    gain = 2 / np.log2(3) / (2 + 1 / np.log2(3))
    expected = {
        "queries": 3,
        "mrr": (1 / 2 + 1 + 0) / 3,
        "map": ((1 / 2 + 2 / 3) / 3 + 1 + 0) / 3,
        "mrr@1": 1 / 3,
        "ndcg@1": 1 / 3,
        "precision@1": 1 / 3,
        "recall@1": 1 / 3,
        "mrr@2": (1 / 2 + 1) / 3,
        "ndcg@2": (gain + 1) / 3,
        "precision@2": (1 / 2 + 1 / 2) / 3,
        "recall@2": (1 / 3 + 1) / 3,
    }
    assert scores == {name: pytest.approx(value) for name, value in expected.items()}


@pytest.mark.any_backend
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ndcg([1], k=0), "k must be 1 or more. Given: 0"),
        (lambda: precision([1], k=0), "k must be 1 or more"),
        (lambda: ndcg([1, -1]), "Grades must be 0 or more"),
        (lambda: recall([1, 1], 1, total=1), "2 relevant documents were found, but total=1"),
        (lambda: retrieval_scores({}, {"q": {"a"}}), "lacks 1 of 1 queries, such as 'q'"),
        (lambda: retrieval_scores({}, {"q": {"a": 0}}), "No query has a relevant document"),
        (lambda: retrieval_scores({"q": "aba"}, {"q": {"a"}}), "ranking of 'q' names 'a' twice"),
        (lambda: NDCG(k=0), "k must be 1 or more"),
    ],
)
def test_what_is_wrong_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call()


METRICS = {
    "mrr": (MeanReciprocalRank, reciprocal_rank),
    "ndcg": (NDCG, ndcg),
    "ndcg_3": (lambda: NDCG(k=3), lambda relevance: ndcg(relevance, 3)),
    "ndcg_100": (lambda: NDCG(k=100), lambda relevance: ndcg(relevance, 100)),
}


@pytest.mark.parametrize("name", METRICS)
def test_metrics_equal_the_functions(name):
    make, function = METRICS[name]
    metric = make()
    each = []
    for seed, documents in ((1, 12), (2, 5)):
        grades, scores = draw(seed, documents=documents)
        grades[3] = 0  # this query is left out
        metric.update_state(grades, scores)
        each += [function(row) for row in ranked(grades, scores) if any(row)]
        assert float(metric.result()) == pytest.approx(np.mean(each), abs=1e-6)
    metric.reset_state()
    assert float(metric.result()) == 0.0


@pytest.mark.parametrize("name", METRICS)
def test_padding_is_no_document(name):
    make, function = METRICS[name]
    grades, scores = draw(3)
    kept = np.random.default_rng(0).random(grades.shape) < 0.6
    kept[:, 0] = True
    metric = make()
    metric.update_state(np.where(kept, grades, -1), np.where(kept, scores, 9), kept)
    rows = [ranked([g[m]], s[m][None])[0] for g, s, m in zip(grades, scores, kept)]
    expected = np.mean([function(row) for row in rows])
    assert float(metric.result()) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("shape", [(8,), (8, 1)])
@pytest.mark.parametrize("name", METRICS)
def test_weights_of_queries(name, shape):
    make, function = METRICS[name]
    grades, scores = draw(4)
    weights = np.array([0, 1, 2, 0.5, 0, 3, 1, 1])
    metric = make()
    metric.update_state(grades, scores, weights.reshape(shape))
    each = [function(row) for row in ranked(grades, scores)]
    assert float(metric.result()) == pytest.approx(np.average(each, weights=weights), abs=1e-6)


@pytest.mark.parametrize("name", METRICS)
def test_the_same_score_for_all_gains_nothing(name):
    """Else a model that has collapsed would look perfect where the best document comes first."""
    make, function = METRICS[name]
    metric = make()
    metric.update_state([[3, 1, 0, 2, 0]], [[0.5] * 5])
    assert float(metric.result()) == pytest.approx(function([0, 0, 1, 2, 3]), abs=1e-6)


@pytest.mark.parametrize("jit", JIT)
def test_in_keras_own_evaluation(jit):
    grades, scores = draw(5, batch=10)
    inputs = keras.Input((12,))
    model = keras.Model(inputs, keras.layers.Identity()(inputs))
    model.compile(loss="mse", metrics=[MeanReciprocalRank(), NDCG(k=5)], jit_compile=jit)
    got = model.evaluate(scores, grades, batch_size=4, verbose=0, return_dict=True)
    rows = ranked(grades, scores)
    assert got["mrr"] == pytest.approx(np.mean([reciprocal_rank(r) for r in rows]), abs=1e-6)
    assert got["ndcg@5"] == pytest.approx(np.mean([ndcg(r, 5) for r in rows]), abs=1e-6)


@pytest.mark.parametrize("metric", [MeanReciprocalRank(name="a"), NDCG(k=7), NDCG(name="b")])
def test_config_rebuilds_it(metric):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
    assert type(again) is type(metric)
    assert again.get_config() == metric.get_config()


def test_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"must be \(batch, documents\). Given: \(2,\)"):
        NDCG().update_state([0, 1], [[0.0, 1.0]])
