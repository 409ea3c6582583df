"""Exact search among vectors, in numpy or with faiss."""

import numpy as np

from ..errors import unknown_name

BACKENDS = ("numpy", "faiss")
QUERIES = 256  # queries that are compared at a time


class VectorIndex:
    """Finds the vectors with the highest cosine to others. Exact: every vector is compared.

    Args:
        vectors: `(n, dim)`, of any length; a `np.memmap` is read a chunk at a time.
        texts: the `n` texts that they are of, if answers shall hold them.
        chunk_size: vectors that are compared at a time: the memory that a search takes is that of
            256 queries times so many numbers.
        backend: `"numpy"`; or `"faiss"` (`pip install faiss-cpu`), whose exact index keeps a copy
            of the vectors. Measure which is faster: on two cores numpy was.

    Raises:
        ValueError: not a matrix, not as many texts, or an unknown backend.
        ImportError: faiss is not installed.

    Example:

    >>> index = VectorIndex(np.eye(3), texts=["a", "b", "c"])
    >>> index.search(np.array([[1.0, 0.5, 0.0]]), top_k=2)
    [[{'index': 0, 'text': 'a', 'score': 0.89...}, {'index': 1, 'text': 'b', 'score': 0.44...}]]
    """

    def __init__(self, vectors, texts=None, *, chunk_size=50_000, backend="numpy"):
        if backend not in BACKENDS:
            raise unknown_name("backend", backend, BACKENDS)
        if chunk_size < 1:
            raise ValueError(f"chunk_size must be 1 or more. Given: {chunk_size}.")
        self.vectors = as_matrix(vectors, "vectors")
        self.texts = None if texts is None else list(texts)
        if self.texts is not None and len(self.texts) != len(self.vectors):
            raise ValueError(
                f"{len(self.vectors)} vectors and {len(self.texts)} texts were given: they must "
                "match."
            )
        self.chunk_size, self.backend = int(chunk_size), backend
        self._faiss = self._build_faiss() if backend == "faiss" else None

    def __len__(self):
        return len(self.vectors)

    def search(self, queries, top_k=10):
        """The best vectors for each query.

        Args:
            queries: `(n, dim)`.
            top_k: how many to find; fewer are found in an index of fewer.

        Returns:
            For each query a list of `{"index", "text", "score"}`, best first; the score is the
            cosine, the text None where there are no texts.

        Raises:
            ValueError: queries of another dimension, or `top_k` below 1.
        """
        scores, indices = self.nearest(queries, top_k)
        return [
            [self._answer(int(i), float(s)) for i, s in zip(*row)] for row in zip(indices, scores)
        ]

    def _answer(self, index, score):
        text = None if self.texts is None else self.texts[index]
        return {"index": index, "text": text, "score": score}

    def nearest(self, queries, top_k=10):
        """`(scores, indices)`, two arrays `(n, top_k)`; equal scores in the order of the index."""
        queries = unit(as_matrix(queries, "queries"))
        if top_k < 1:
            raise ValueError(f"top_k must be 1 or more. Given: {top_k}.")
        if len(self) and queries.shape[1] != self.vectors.shape[1]:
            raise ValueError(
                f"The queries have {queries.shape[1]} dimensions, the index has "
                f"{self.vectors.shape[1]}: they must be of one model, and cut alike."
            )
        count = min(top_k, len(self))
        if not count or not len(queries):
            return np.zeros((len(queries), count), "float32"), np.zeros((len(queries), count), int)
        if self._faiss is not None:
            return self._faiss.search(queries, count)
        found = [
            self._nearest(queries[start : start + QUERIES], count)
            for start in range(0, len(queries), QUERIES)
        ]
        return tuple(np.concatenate(part) for part in zip(*found))

    def _nearest(self, queries, count):
        """The best of the best of each chunk."""
        scores, indices = np.zeros((len(queries), 0), "float32"), np.zeros((len(queries), 0), int)
        for start, chunk in self._chunks():
            new = queries @ chunk.T
            places = best(new, count)
            scores = np.concatenate([scores, np.take_along_axis(new, places, 1)], axis=1)
            indices = np.concatenate([indices, places + start], axis=1)
            places = best(scores, count)
            scores = np.take_along_axis(scores, places, 1)
            indices = np.take_along_axis(indices, places, 1)
        return scores, indices

    def _chunks(self):
        for start in range(0, len(self), self.chunk_size):
            yield start, unit(np.asarray(self.vectors[start : start + self.chunk_size]))

    def _build_faiss(self):
        try:
            import faiss
        except ImportError as error:
            raise ImportError(
                'backend="faiss" needs a library that is not installed: pip install faiss-cpu. '
                'backend="numpy" gives the same answers without it.'
            ) from error
        index = faiss.IndexFlatIP(self.vectors.shape[1])
        for _, chunk in self._chunks():
            index.add(chunk)
        return index


def as_matrix(vectors, what):
    """`vectors` as an array of two dimensions; one vector is a matrix of one row."""
    if not isinstance(vectors, np.ndarray):
        vectors = np.asarray(vectors)
    if vectors.dtype.kind not in "fiu" and vectors.dtype.name != "bfloat16":
        raise ValueError(f"{what} must be numbers. An array of {vectors.dtype} was given.")
    if vectors.ndim == 1:
        vectors = vectors[None] if vectors.size else vectors.reshape(0, 0)
    if vectors.ndim != 2:
        raise ValueError(f"{what} must be (n, dim). The shape {vectors.shape} was given.")
    return vectors


def unit(vectors):
    """Float32 vectors of length 1; a vector of zeros stays as it is."""
    vectors = np.ascontiguousarray(vectors, "float32")
    length = np.sqrt(np.sum(np.square(vectors), axis=-1, keepdims=True))
    return vectors / np.maximum(length, 1e-12)


def best(scores, count):
    """The places of the `count` highest scores of each row, best first, of equals the first.

    >>> best(np.array([[0.1, 0.9, 0.9]]), 2)
    array([[1, 2]])
    """
    count = min(count, scores.shape[1])
    if count < scores.shape[1]:
        least = -np.partition(-scores, count - 1, axis=1)[:, count - 1 : count]
        # Partition picks any of the equal ones: those that are certain go before them.
        rank = (scores < least).astype("int8") - (scores > least)
        some = np.argsort(rank, axis=1, kind="stable")[:, :count]
    else:
        some = np.broadcast_to(np.arange(count), (len(scores), count))
    order = np.argsort(-np.take_along_axis(scores, some, 1), axis=1, kind="stable")
    return np.take_along_axis(some, order, 1)
