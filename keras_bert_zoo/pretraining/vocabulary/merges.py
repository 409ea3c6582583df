"""Which pairs of pieces a BPE merges, learnt from a table of words and how often each was seen."""

import heapq

import numpy as np

_HALF = 32  # a pair of ids is one integer: the left one above these bits, the right one below
_DEAD = -1  # in the place of a piece that became part of the one before it
_AT_ONCE = 4_000_000  # places that are sorted together, which takes 32 bytes each


def learn_merges(words, counts, vocabulary, size, *, prefix="", min_frequency=2):
    """Merges the commonest pair of neighbouring pieces until the vocabulary is full.

    The algorithm of https://arxiv.org/abs/1508.07909, figure 1, with the ties of the Rust
    `tokenizers` library: of pairs seen equally often, the one of the lowest ids is merged first.
    WordPiece's vocabulary is learnt by the same rule there, with `prefix="##"`. What their trainers
    cannot do, this one does: it starts from counts, and gives the same answer every time.

    Args:
        words: list of str.
        counts: int array `(len(words),)`.
        vocabulary: tokens that there are, in the order of their ids; every character of a word
            that is not among them is left out of it.
        size: most tokens of the result.
        prefix: what pieces begin with that are not the first of their word.
        min_frequency: pairs seen less often are not merged.

    Returns:
        `(tokens, merges)`: all tokens in the order of their ids, and pairs of tokens.

    Example:

    >>> learn_merges(["hug", "pug", "hugs"], [10, 5, 5], list("ghpsu"), 7)
    (['g', 'h', 'p', 's', 'u', 'ug', 'hug'], [('u', 'g'), ('h', 'ug')])
    """
    ids = {token: index for index, token in enumerate(vocabulary)}
    symbols, word_of = _spelled(words, ids, prefix)
    tokens, merges = list(ids), []
    chain = _Chain(symbols, word_of, np.asarray(counts, "int64"))
    heap = [(-count, pair) for pair, count in chain.counts.items() if count > 0]
    heapq.heapify(heap)
    while len(tokens) < size and heap:
        count, pair = heapq.heappop(heap)
        now = chain.counts.get(pair, 0)
        if now != -count:  # other merges took some of them
            if now > 0:
                heapq.heappush(heap, (-now, pair))
            continue
        if now < max(min_frequency, 1):
            break
        left, right = tokens[pair >> _HALF], tokens[pair & (1 << _HALF) - 1]
        merged = left + right.removeprefix(prefix)
        index = ids.setdefault(merged, len(tokens))
        if index == len(tokens):
            tokens.append(merged)
        merges.append((left, right))
        for new in chain.merge(pair, index):
            heapq.heappush(heap, (-chain.counts[new], new))
    return tokens, merges


def _spelled(words, ids, prefix):
    """The words' characters as ids, one word after the other, and the number of each one's word.

    Pieces with the prefix are added to `ids`, in the order of their characters.
    """
    points = np.frombuffer("".join(words).encode("utf-32-le"), "uint32")
    lengths = np.fromiter(map(len, words), "int64", len(words))
    word_of = np.repeat(np.arange(len(words), dtype="int32"), lengths)
    letters, letter_of = np.unique(points, return_inverse=True)
    known = np.array([ids.get(chr(letter), -1) for letter in letters], "int32")
    symbols = known[letter_of]
    symbols, word_of, letter_of = (x[symbols >= 0] for x in (symbols, word_of, letter_of))
    if not prefix:
        return symbols, word_of
    inside = np.zeros(len(symbols), bool)
    inside[1:] = word_of[1:] == word_of[:-1]
    for letter in np.unique(letter_of[inside]):
        ids.setdefault(prefix + chr(letters[letter]), len(ids))
    forms = np.array([ids.get(prefix + chr(letter), -1) for letter in letters], "int32")
    return np.where(inside, forms[letter_of], symbols), word_of


class _Chain:
    """All words as one array of pieces, each of which knows its neighbours in its word.

    A merge puts the new piece in the place of the left one; the place of the right one is dead.
    `places` of a pair are those where it was at some time: they are looked at again when needed.
    """

    def __init__(self, symbols, word_of, counts):
        self.symbols, self.weights, self.word_of = symbols, counts, word_of
        everywhere = np.arange(len(symbols), dtype="int32")
        same = np.zeros(len(symbols) + 1, bool)
        same[1:-1] = word_of[1:] == word_of[:-1]
        self.before = np.where(same[:-1], everywhere - 1, -1).astype("int32")
        self.after = np.where(same[1:], everywhere + 1, -1).astype("int32")
        self.is_new = np.zeros(len(symbols), bool)  # of the merge at work
        self.counts, self.places = {}, {}
        self._add(everywhere[self.after >= 0])

    def _pairs(self, places):
        return (self.symbols[places].astype("int64") << _HALF) | self.symbols[self.after[places]]

    def _grouped(self, places):
        """For each pair that begins at these places: it, how often it is seen, and its places."""
        if not len(places):
            return
        pairs = self._pairs(places)
        order = np.argsort(pairs, kind="stable")
        pairs, places = pairs[order], places[order]
        starts = np.flatnonzero(np.r_[True, pairs[1:] != pairs[:-1]])
        sums = np.add.reduceat(self.weights[self.word_of[places]], starts)
        ends = np.r_[starts[1:], len(places)]
        yield from zip(
            pairs[starts].tolist(), sums.tolist(), map(places.__getitem__, map(slice, starts, ends))
        )

    def _add(self, places):
        """Counts the pairs that begin at these places; the pairs are returned."""
        found = set()
        for start in range(0, len(places), _AT_ONCE):
            for pair, count, some in self._grouped(places[start : start + _AT_ONCE]):
                self.counts[pair] = self.counts.get(pair, 0) + count
                self.places.setdefault(pair, []).append(some)
                found.add(pair)
        return found

    def merge(self, pair, index):
        """Puts a piece in the place of a pair; pairs now seen more often are returned."""
        starts = self._where(pair)
        ends, lefts = self.after[starts], self.before[starts]
        self.is_new[starts] = True
        lefts = lefts[lefts >= 0]
        # Between two merges side by side there is one pair, not two.
        beyond = self.before[lefts]
        lefts = lefts[~((beyond >= 0) & self.is_new[beyond])]
        rights = ends[self.after[ends] >= 0]
        for gone, count, _ in self._grouped(np.concatenate([lefts, rights])):
            if gone in self.counts:
                self.counts[gone] -= count
        self.is_new[starts] = False
        follow = self.after[ends]
        self.symbols[starts], self.symbols[ends] = index, _DEAD
        self.after[starts] = follow
        self.before[follow[follow >= 0]] = starts[follow >= 0]
        lefts = self.before[starts]
        return self._add(np.unique(np.concatenate([lefts[lefts >= 0], starts[follow >= 0]])))

    def _where(self, pair):
        """Where a pair begins now, left to right, so that no two overlap; it is forgotten."""
        del self.counts[pair]
        left, right = pair >> _HALF, pair & (1 << _HALF) - 1
        places = np.unique(np.concatenate(self.places.pop(pair)))
        after = self.after[places]
        places = places[(self.symbols[places] == left) & (after >= 0)]
        places = places[self.symbols[self.after[places]] == right]
        if left != right or not len(places):
            return places
        # Of a run such as aaaa every other one.
        goes_on = np.r_[False, places[1:] == self.after[places[:-1]]]
        numbers = np.arange(len(places))
        first = np.maximum.accumulate(np.where(goes_on, 0, numbers))
        return places[(numbers - first) % 2 == 0]
