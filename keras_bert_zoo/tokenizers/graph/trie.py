"""A vocabulary as a tree of characters, in arrays."""

from typing import NamedTuple

import numpy as np

POINT_BITS = 21  # of a code point
FIRST, CONTINUING = 0, 1  # the roots


class Trie(NamedTuple):
    """The pieces of a vocabulary by their characters: those that begin a word, and those within.

    Attributes:
        edges: int64, ascending, `node << POINT_BITS | code point`.
        targets: int32, the node that each edge leads to.
        tokens: int32 [nodes], the id of the piece that ends at a node, or -1.
        depths: int32 [nodes], how many characters lead to a node.
    """

    edges: np.ndarray
    targets: np.ndarray
    tokens: np.ndarray
    depths: np.ndarray


def trie(vocabulary, prefix):
    """The `Trie` of WordPiece's pieces.

    Args:
        vocabulary: token to id.
        prefix: what a token begins with that continues a word.
    """
    pieces = [(token, FIRST, index) for token, index in vocabulary.items() if token]
    pieces += [
        (token[len(prefix) :], CONTINUING, index)
        for token, index in vocabulary.items()
        if token.startswith(prefix) and token != prefix
    ]
    lengths = np.array([len(piece) for piece, _, _ in pieces])
    nodes = np.array([root for _, root, _ in pieces], np.int64)
    ids = np.array([index for _, _, index in pieces], np.int32)
    points = _points("".join(piece for piece, _, _ in pieces))
    begins = np.cumsum(lengths) - lengths
    edges, targets, tokens, depths = [], [], [np.full(2, -1, np.int32)], [np.zeros(2, np.int32)]
    count, alive = 2, np.arange(len(pieces))
    for depth in range(lengths.max()):  # one level of the tree after the other
        alive = alive[lengths[alive] > depth]
        keys = nodes[alive] << POINT_BITS | points[begins[alive] + depth]
        distinct, which = np.unique(keys, return_inverse=True)
        nodes[alive] = count + which
        edges.append(distinct)
        targets.append(count + np.arange(len(distinct), dtype=np.int32))
        ending = alive[lengths[alive] == depth + 1]
        level = np.full(len(distinct), -1, np.int32)
        level[nodes[ending] - count] = ids[ending]
        tokens.append(level)
        depths.append(np.full(len(distinct), depth + 1, np.int32))
        count += len(distinct)
    return Trie(*map(np.concatenate, (edges, targets, tokens, depths)))


def _points(text):
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.int64)
