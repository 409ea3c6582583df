"""Sentences to examples: which stretches of a document's tokens go together.

Everything here is arithmetic on how many tokens each sentence has; the tokens are looked up after.
"""

from bisect import bisect_left, bisect_right
from itertools import accumulate

PACKINGS = ("segment_pairs", "full_sentences", "doc_sentences")


def segment_pairs(lengths, room, short_probability, draws):
    """Pairs of segments that follow one another, as in Google's `create_pretraining_data.py`.

    Sentences are gathered until there are `target` tokens; A ends after a random one of them. What
    is more than `room` is cut from the longer segment, at its beginning or end by the toss of a
    coin (https://github.com/google-research/bert/blob/master/create_pretraining_data.py).

    Three things are not as there. B is what follows A, always: objectives replace it, or change
    their order, when they train. `target` is drawn for each example and not for each document: a
    document of short targets gives many examples, and of 512 tokens a third of all would be short.
    And a pair has two sentences at least; where a document's end leaves one alone, it is left out.

    Args:
        lengths: tokens of each sentence of a document, all above 0.
        room: most tokens of a pair.
        short_probability: of a target below `room`, from 2 tokens on.
        draws: `Draws`.

    Returns:
        `(pairs, left_out)`: tuples of where A starts and ends and B starts and ends, in tokens of
        the document; and how many tokens at its end are in no pair.

    Example:

    >>> segment_pairs([4, 4], 10, 0.0, Draws(0))
    ([(0, 4, 4, 8)], 0)
    """
    places, start, pairs = [0, *accumulate(lengths)], 0, []
    while len(lengths) - start >= 2:
        short = short_probability and draws.chance(short_probability)
        target = draws.between(2, room) if short else room
        stop = min(bisect_left(places, places[start] + target, start + 2), len(lengths))
        middle = draws.between(start + 1, stop - 1)
        ends = places[start], places[middle], places[stop]
        pairs.append(_cut(*ends, room, draws) if ends[2] - ends[0] > room else _pair(*ends))
        start = stop
    return pairs, places[-1] - places[start]


def _pair(start, middle, stop):
    return start, middle, middle, stop


def _cut(start, middle, stop, room, draws):
    first, second = kept(middle - start, stop - middle, room)
    front = draws.heads(middle - start - first)
    start += front
    first_stop = start + first
    middle += draws.heads(stop - middle - second)
    return start, first_stop, middle, middle + second


def kept(first, second, room):
    """How many tokens are left of two segments when the longer loses one, the second if equal.

    >>> kept(10, 3, 8), kept(6, 6, 7)
    ((5, 3), (4, 3))
    """
    excess = max(first + second - room, 0)
    from_longer = min(excess, abs(first - second))
    if first > second:
        first -= from_longer
    else:
        second -= from_longer
    excess -= from_longer
    return first - excess // 2, second - (excess + 1) // 2


def sentences(lengths, room, short_probability=0.0, draws=None, separators=None, final=True):
    """Whole sentences in a row, as many as there is room for.

    RoBERTa's DOC-SENTENCES of one document, or its FULL-SENTENCES of many with a separator between
    two (https://arxiv.org/abs/1907.11692, section 4.2). No example begins or ends with a separator.

    Args:
        lengths: tokens of each sentence, from 1 to `room`.
        room: most tokens of an example.
        short_probability: of a random, smaller room for an example; RoBERTa has none.
        draws: `Draws`, if `short_probability` is above 0.
        separators: whether each sentence is a separator; if not given, none is.
        final: whether nothing follows: else the last example may be waiting for more.

    Returns:
        `(stretches, rest)`: tuples of where each example starts and ends, in tokens; and the number
        of the first sentence that is in none, as many as there are if `final`.

    Example:

    >>> sentences([4, 5, 6], 10)
    ([(0, 9), (9, 15)], 3)
    """
    places, start, found = [0, *accumulate(lengths)], 0, []
    separators = separators or [False] * len(lengths)
    while start < len(lengths):
        if separators[start]:
            start += 1
            continue
        if not final and places[-1] - places[start] <= room:
            break
        short = short_probability and draws.chance(short_probability)
        target = draws.between(2, room) if short else room
        stop = max(bisect_right(places, places[start] + target) - 1, start + 1)
        found.append((places[start], places[stop - separators[stop - 1]]))
        start = stop
    return found, start


def pieces(length, starts_word, room, most):
    """Tokens of the pieces of a sentence: itself, or if there is no room, parts of nearly one size.

    A cut is before the beginning of a word, where there is one near enough.

    Args:
        length: tokens of the sentence.
        starts_word: whether each is the first of its word.
        room: what a sentence may have.
        most: what a part of a longer one may have.

    >>> pieces(5, [True] * 5, 4, 2)
    [2, 2, 1]
    """
    if length <= room:
        return [length]
    start, found = 0, []
    while start < length:
        count = -(-(length - start) // most)
        stop = wanted = start + -(-(length - start) // count)
        if stop < length:
            while stop > start + 1 and not starts_word[stop]:
                stop -= 1
            stop = stop if starts_word[stop] else wanted
        found.append(stop - start)
        start = stop
    return found
