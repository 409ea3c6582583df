"""Search among vectors: against a full sort, in numpy and in faiss."""

import importlib.util

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.tasks.vector_index import best

pytestmark = pytest.mark.any_backend
RNG = np.random.default_rng(0)
VECTORS, QUERIES = RNG.normal(size=(500, 8)), RNG.normal(size=(300, 8))


def by_hand(vectors, queries, count):
    vectors, queries = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (vectors, queries))
    scores = queries @ vectors.T
    order = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(scores, order, 1), order


@pytest.mark.parametrize("chunk_size", [1, 7, 499, 500, 10_000])
@pytest.mark.parametrize("top_k", [1, 10, 500, 600])
def test_finds_what_a_full_sort_finds(chunk_size, top_k):
    index = kbz.VectorIndex(VECTORS, chunk_size=chunk_size)
    scores, indices = index.nearest(QUERIES[:20], top_k)
    expected, order = by_hand(VECTORS, QUERIES[:20], top_k)
    np.testing.assert_array_equal(indices, order)
    np.testing.assert_allclose(scores, expected, atol=1e-6)


def test_more_queries_than_are_compared_at_a_time():
    scores, indices = kbz.VectorIndex(VECTORS).nearest(QUERIES, 3)
    np.testing.assert_array_equal(indices, by_hand(VECTORS, QUERIES, 3)[1])
    assert scores.shape == (300, 3)


def test_equal_scores_come_in_the_order_of_the_index():
    vectors = np.eye(4, dtype="float32")[[0, 1, 1, 0, 1, 1, 2]]
    for chunk_size in (1, 2, 3, 100):
        index = kbz.VectorIndex(vectors, chunk_size=chunk_size)
        assert index.nearest(np.eye(4)[1], 3)[1].tolist() == [[1, 2, 4]]
        assert index.nearest(np.eye(4)[1], 6)[1].tolist() == [[1, 2, 4, 5, 0, 3]]


def test_the_best_of_rows():
    scores = RNG.integers(0, 5, (40, 30)).astype("float32")
    for count in (1, 4, 29, 30, 50):
        expected = np.argsort(-scores, axis=1, kind="stable")[:, :count]
        np.testing.assert_array_equal(best(scores, count), expected)


def test_answers():
    index = kbz.VectorIndex(np.eye(3), texts=["a", "b", "c"])
    assert len(index) == 3
    (found,) = index.search(np.array([0.0, 3.0, 4.0]), top_k=2)
    assert [(one["index"], one["text"]) for one in found] == [(2, "c"), (1, "b")]
    assert [one["score"] for one in found] == pytest.approx([0.8, 0.6])
    assert kbz.VectorIndex(np.eye(3)).search(np.eye(3)[:1], 1)[0][0]["text"] is None
    assert kbz.VectorIndex(np.zeros((0, 3)), texts=[]).search(np.eye(3)) == [[], [], []]
    assert index.search(np.zeros((0, 3))) == []


def test_a_memory_map_is_read_in_chunks(tmp_path):
    np.save(tmp_path / "vectors.npy", VECTORS.astype("float32"))
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    index = kbz.VectorIndex(mapped, chunk_size=100)
    assert isinstance(index.vectors, np.memmap)
    np.testing.assert_array_equal(
        index.nearest(QUERIES[:5], 4)[1], by_hand(VECTORS, QUERIES[:5], 4)[1]
    )


@pytest.mark.skipif(importlib.util.find_spec("faiss") is None, reason="pip install faiss-cpu")
def test_faiss_finds_the_same():
    ours = kbz.VectorIndex(VECTORS).nearest(QUERIES, 10)
    theirs = kbz.VectorIndex(VECTORS, backend="faiss", chunk_size=77).nearest(QUERIES, 10)
    np.testing.assert_array_equal(theirs[1], ours[1])
    np.testing.assert_allclose(theirs[0], ours[0], atol=1e-6)


def test_without_faiss_it_says_how_to_get_it(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ImportError, match="pip install faiss-cpu"):
        kbz.VectorIndex(VECTORS, backend="faiss")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: kbz.VectorIndex(VECTORS, backend="annoy"), "Unknown backend 'annoy'"),
        (lambda: kbz.VectorIndex(VECTORS, chunk_size=0), "chunk_size must be 1 or more"),
        (lambda: kbz.VectorIndex(VECTORS, texts=["a"]), "500 vectors and 1 texts"),
        (lambda: kbz.VectorIndex(["a"]), "vectors must be numbers"),
        (lambda: kbz.VectorIndex(np.zeros((2, 2, 2))), r"must be \(n, dim\)"),
        (lambda: kbz.VectorIndex(VECTORS).search(QUERIES, 0), "top_k must be 1 or more"),
        (lambda: kbz.VectorIndex(VECTORS).search(QUERIES[:, :4]), "4 dimensions, the index has 8"),
    ],
)
def test_says_what_is_wrong(make, message):
    with pytest.raises(ValueError, match=message):
        make()
