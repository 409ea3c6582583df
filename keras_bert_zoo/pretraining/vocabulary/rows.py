"""Which rows of the old table a row of the new one is made of."""

import numpy as np

from .spelling import Spelling, roles_of


class Rows:
    """For each id of a new vocabulary the ids of the old one whose mean is its row.

    Args:
        sources: list of lists of old ids, one a new id; an empty one takes the mean of all others'
            rows (https://nlp.stanford.edu/~johnhew/vocab-expansion.html).
        used: old ids that stand for something: those the mean of all is of.
        kinds: what is to be reported of each new id: "shared", "new", "unknown" or "unused".

    Example:

    >>> Rows([[1], [0, 1], []], used=[0, 1], kinds=["shared", "new", "unknown"]).of(
    ...     np.array([[0.0, 2.0], [4.0, 4.0]]), axis=0)
    array([[4., 4.],
           [2., 3.],
           [2., 3.]])
    """

    def __init__(self, sources, used, kinds):
        self.sources, self.used, self.kinds = sources, used, kinds

    def __len__(self):
        return len(self.sources)

    def of(self, values, axis):
        """A weight of the old vocabulary as one of the new.

        Args:
            values: array whose `axis` has an entry for each old id.
            axis: which that is.

        Returns:
            Array of the same type: entries from one old id alone are copied, bit for bit; means
            are taken in float64.
        """
        old = np.moveaxis(values, axis, 0)
        new = np.empty((len(self), *old.shape[1:]), old.dtype)
        lengths = np.fromiter(map(len, self.sources), "int64", len(self))
        alone = np.flatnonzero(lengths == 1)
        new[alone] = old[np.fromiter((self.sources[i][0] for i in alone), "int64", len(alone))]
        for index in np.flatnonzero(lengths > 1):
            new[index] = old[self.sources[index]].astype("float64").mean(axis=0).astype(old.dtype)
        if not lengths.all():
            new[lengths == 0] = old[self.used].astype("float64").mean(axis=0).astype(old.dtype)
        return np.ascontiguousarray(np.moveaxis(new, 0, axis))


def replacing_rows(old, new):
    """`Rows` for a vocabulary in place of another.

    A special token takes the row of the old one in its role, any other that of the old token of
    the same spelling; what is left is the mean of the pieces that the old tokenizer writes it with.

    Args:
        old, new: `Tokenizer`.
    """
    before, after = Spelling(old), Spelling(new)
    same_marks = (before.marks, before.prefix) == (after.marks, after.prefix)
    partners = _partners(old, new)
    sources, kinds = [[] for _ in range(new.vocabulary_size)], ["unused"] * new.vocabulary_size
    for token, index in after.ids_of.items():
        partner = partners.get(token)
        if partner is None and (same_marks or index in after.special):
            partner = before.ids_of.get(token)
        if partner is not None:
            sources[index], kinds[index] = [partner], "shared"
            continue
        pieces = before.written(token) if same_marks else []
        pieces = pieces or before.ids(*after.meaning(token))
        sources[index], kinds[index] = pieces, "new" if pieces else "unknown"
    return Rows(sources, sorted(set(before.ids_of.values())), kinds)


def extending_rows(old, new, rows):
    """`Rows` for a vocabulary that holds another, id for id.

    Args:
        old, new: `Tokenizer`.
        rows: of the old table: as many as the old tokenizer has tokens, or more.
    """
    found = replacing_rows(old, new)
    size, known = max(rows, new.vocabulary_size), set(old.vocabulary().values())
    added = set(new.vocabulary().values()) - known
    sources, kinds = [], []
    for index in range(size):
        if index in added:
            sources.append(found.sources[index])
            kinds.append(found.kinds[index])
        else:
            sources.append([index] if index < rows else [])
            kinds.append("shared" if index in known else "unused")
    return Rows(sources, found.used, kinds)


def _partners(old, new):
    """New special token -> old id of the one in its role."""
    before, theirs = roles_of(old), roles_of(new)
    return {theirs[role]: old.token_to_id(before[role]) for role in theirs if role in before}
