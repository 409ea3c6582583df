"""Measures of rankings: how far up the relevant documents are.

A ranking is the grades of its documents, best first: 0 is not relevant, more is better.
Sources: https://trec.nist.gov/pubs/trec16/appendices/measures.pdf; Järvelin and Kekäläinen,
Cumulated gain-based evaluation of IR techniques, 2002, https://doi.org/10.1145/582415.582418.
"""

import math

import keras
from keras import ops


def reciprocal_rank(relevance, k=None):
    """1 / rank of the first relevant document; 0.0 if there is none in the first `k`.

    Example:

    >>> reciprocal_rank([0, 1, 0])
    0.5
    """
    top = relevance[: _cut(k)]
    return next((1.0 / rank for rank, grade in enumerate(top, 1) if grade > 0), 0.0)


def precision(relevance, k):
    """Share of relevant documents among the first `k`, also where fewer were found.

    Example:

    >>> precision([1, 0, 1, 1], k=2)
    0.5
    """
    return sum(grade > 0 for grade in relevance[: _cut(k)]) / k


def recall(relevance, k, total=None):
    """Share of the relevant documents that are among the first `k`; 0.0 if there are none.

    Args:
        relevance: grades, best first.
        k: how many count.
        total: how many relevant documents there are; those in the ranking, if not given.

    Raises:
        ValueError: `k` below 1; `total` below what was found.

    Example:

    >>> recall([1, 0, 1, 0], k=2, total=4)
    0.25
    """
    total = _total(relevance, total)
    return sum(grade > 0 for grade in relevance[: _cut(k)]) / total if total else 0.0


def average_precision(relevance, total=None):
    """Mean precision at the ranks of the relevant documents; those not found count 0.

    Args, errors: see `recall`.

    Example:

    >>> round(average_precision([1, 0, 1]), 4)
    0.8333
    """
    total, found, score = _total(relevance, total), 0, 0.0
    for rank, grade in enumerate(relevance, 1):
        if grade > 0:
            found += 1
            score += found / rank
    return score / total if total else 0.0


def ndcg(relevance, k=None, grades=None):
    """Discounted gain of the ranking over that of the best one; 0.0 if nothing is relevant.

    A document's gain is its grade (not 2**grade - 1), as in trec_eval and scikit-learn.

    Args:
        relevance: grades, best first.
        k: how many count; all, if not given.
        grades: those of all relevant documents; those in the ranking, if not given.

    Raises:
        ValueError: `k` below 1; a grade below 0.

    Example:

    >>> round(ndcg([0, 2, 1], k=2), 4)
    0.4796
    """
    grades = relevance if grades is None else grades
    if min((*relevance, *grades), default=0) < 0:
        raise ValueError("Grades must be 0 or more. Give documents that are not relevant 0.")
    best = _gain(sorted(grades, reverse=True)[: _cut(k)])
    return _gain(relevance[: _cut(k)]) / best if best else 0.0


def retrieval_scores(rankings, relevant, ks=(1, 5, 10)):
    """Means over all queries that have a relevant document.

    Args:
        rankings: `{query: [document, ...]}`, best first; an empty list if nothing was found.
            Queries that `relevant` lacks are ignored.
        relevant: `{query: {document: grade}}`, or `{query: {document, ...}}` for grade 1.
        ks: cuts for the measures that have one.

    Returns:
        `{"queries": how many, "mrr": ..., "map": ...}`, and `mrr@k`, `ndcg@k`, `precision@k` and
        `recall@k` for each `k`.

    Raises:
        ValueError: a query has no ranking, or one that names a document twice; no query has a
            relevant document; a `k` below 1.

    Example:

    >>> scores = retrieval_scores({"q": ["a", "b", "c"]}, {"q": {"b", "d"}}, ks=(2,))
    >>> scores["mrr"], scores["recall@2"]
    (0.5, 0.5)
    """
    judged = {query: _graded(documents) for query, documents in relevant.items()}
    judged = {query: grades for query, grades in judged.items() if grades}
    if not judged:
        raise ValueError(
            "No query has a relevant document. Give relevant={query: {document: grade}}, with "
            "grades above 0."
        )
    _check_rankings(rankings, judged)
    rows = [_row(rankings[query], grades, ks) for query, grades in judged.items()]
    means = {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}
    return {"queries": len(rows), **means}


def _row(ranking, grades, ks):
    relevance = [grades.get(document, 0) for document in ranking]
    total = len(grades)
    row = {"mrr": reciprocal_rank(relevance), "map": average_precision(relevance, total)}
    for k in ks:
        row[f"mrr@{k}"] = reciprocal_rank(relevance, k)
        row[f"ndcg@{k}"] = ndcg(relevance, k, list(grades.values()))
        row[f"precision@{k}"] = precision(relevance, k)
        row[f"recall@{k}"] = recall(relevance, k, total)
    return row


def _graded(documents):
    """`{document: grade}` of the relevant ones."""
    graded = documents if isinstance(documents, dict) else dict.fromkeys(documents, 1)
    return {document: grade for document, grade in graded.items() if grade > 0}


def _check_rankings(rankings, judged):
    missing = [query for query in judged if query not in rankings]
    if missing:
        raise ValueError(
            f"rankings lacks {len(missing)} of {len(judged)} queries, such as {missing[0]!r}. Give "
            "an empty list where nothing was found."
        )
    for query in judged:
        ranking = rankings[query]
        if len(set(ranking)) < len(ranking):
            twice = next(d for i, d in enumerate(ranking) if d in ranking[:i])
            raise ValueError(f"The ranking of {query!r} names {twice!r} twice. Keep the first.")


def _cut(k):
    if k is not None and k < 1:
        raise ValueError(f"k must be 1 or more. Given: {k}.")
    return k


def _total(relevance, total):
    found = sum(grade > 0 for grade in relevance)
    if total is not None and total < found:
        raise ValueError(f"{found} relevant documents were found, but total={total}.")
    return found if total is None else total


def _gain(grades):
    return sum(grade / math.log2(rank + 1) for rank, grade in enumerate(grades, 1))


class RankingMetric(keras.metrics.Metric):
    """What metrics share that are means over queries, each with several scored documents.

    `update_state` takes

    - `y_true`: `(batch, documents)`, grades; below 0 counts as 0;
    - `y_pred`: `(batch, documents)`, scores;
    - `sample_weight`: `(batch, documents)`, 0 for padding; or `(batch,)`, how much a query
      counts.

    Queries without a relevant document are left out. Of documents with equal scores the less
    relevant ones are put first, so that a model that gives all the same score gains nothing.
    """

    def __init__(self, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.total = self.add_variable((), "zeros", dtype="float32", name="total")
        self.count = self.add_variable((), "zeros", dtype="float32", name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        grades, scores = (ops.cast(ops.convert_to_tensor(y), "float32") for y in (y_true, y_pred))
        if len(grades.shape) != 2 or len(scores.shape) != 2:
            raise ValueError(
                "y_true and y_pred must be (batch, documents). Given: "
                f"{tuple(grades.shape)} and {tuple(scores.shape)}."
            )
        grades, weight = ops.maximum(grades, 0), ops.ones_like(grades[:, 0])
        if sample_weight is not None:
            given = ops.cast(ops.convert_to_tensor(sample_weight), "float32")
            if len(given.shape) == 1 or given.shape[1] == 1:
                weight = ops.reshape(given, (-1,))
            else:
                grades = ops.where(given > 0, grades, 0.0)
                scores = ops.where(given > 0, scores, float("-inf"))
        weight = weight * ops.cast(ops.any(grades > 0, axis=1), "float32")
        self.total.assign_add(
            ops.sum(ops.where(weight > 0, self.score(grades, scores), 0) * weight)
        )
        self.count.assign_add(ops.sum(weight))

    def score(self, grades, scores):
        """`(batch,)` values of `(batch, documents)` grades and scores."""
        raise NotImplementedError

    def result(self):
        total, count = ops.convert_to_tensor(self.total), ops.convert_to_tensor(self.count)
        return ops.divide_no_nan(total, count)


@keras.saving.register_keras_serializable("keras_bert_zoo")
class MeanReciprocalRank(RankingMetric):
    """Mean of 1 / rank of the first relevant document; for what it takes see `RankingMetric`.

    Example:

    >>> metric = MeanReciprocalRank()
    >>> metric.update_state([[0, 1, 0]], [[0.9, 0.5, 0.1]])
    >>> float(metric.result())
    0.5
    """

    def __init__(self, name="mrr", **kwargs):
        super().__init__(name=name, **kwargs)

    def score(self, grades, scores):
        best = ops.max(ops.where(grades > 0, scores, float("-inf")), axis=1, keepdims=True)
        ahead = ops.logical_and(scores >= best, grades <= 0)
        return 1 / (1 + ops.sum(ops.cast(ahead, "float32"), axis=1))


@keras.saving.register_keras_serializable("keras_bert_zoo")
class NDCG(RankingMetric):
    """Mean of `ndcg`; for what it takes see `RankingMetric`.

    Args:
        k: how many documents count; all, if not given.

    Raises:
        ValueError: `k` below 1.

    Example:

    >>> metric = NDCG(k=2)
    >>> metric.update_state([[0, 2, 1]], [[0.9, 0.5, 0.1]])
    >>> round(float(metric.result()), 4)
    0.4796
    """

    def __init__(self, k=None, name=None, **kwargs):
        super().__init__(name=name or ("ndcg" if k is None else f"ndcg@{_cut(k)}"), **kwargs)
        self.k = k

    def score(self, grades, scores):
        # Two stable sorts: equal scores stay in the order of their grades.
        rising = ops.argsort(grades, axis=1)
        grades, scores = (ops.take_along_axis(x, rising, axis=1) for x in (grades, scores))
        ranked = ops.take_along_axis(grades, ops.argsort(-scores, axis=1), axis=1)
        rank = ops.arange(1, ops.shape(grades)[1] + 1, dtype="float32")
        discount = math.log(2) / ops.log(rank + 1)
        if self.k is not None:
            discount = ops.where(rank <= self.k, discount, 0.0)
        best = ops.sum(ops.flip(grades, axis=1) * discount, axis=1)
        return ops.divide_no_nan(ops.sum(ranked * discount, axis=1), best)

    def get_config(self):
        return {**super().get_config(), "k": self.k}
