"""Which sentences go together, against the original's algorithm and by hand."""

import random

import pytest

from keras_bert_zoo.pretraining.corpus.draws import Draws
from keras_bert_zoo.pretraining.corpus.packing import kept, pieces, segment_pairs, sentences

pytestmark = pytest.mark.any_backend


def google_pairs(lengths, room, short_probability, draws):
    """`create_instances_from_document` of google-research/bert, on lengths, less its random next
    segment, and with a target for each example. Yields tokens of A and B, cut and uncut.
    """
    chunk, length, i = [], 0, 0

    def new_target():
        short = short_probability and draws.chance(short_probability)
        return draws.between(2, room) if short else room

    while i < len(lengths):
        if not chunk:
            if len(lengths) - i < 2:
                return
            target = new_target()
        chunk.append(lengths[i])
        length += lengths[i]
        # A pair has two segments at least: the one thing that is added.
        if len(chunk) >= 2 and (i == len(lengths) - 1 or length >= target):
            a_end = draws.between(1, len(chunk) - 1)
            a, b = sum(chunk[:a_end]), sum(chunk[a_end:])
            uncut, coins = (a, b), [0, 0]
            while a + b > room:
                if a > b:
                    a, coins[0] = a - 1, coins[0] + 1
                else:
                    b, coins[1] = b - 1, coins[1] + 1
            if uncut != (a, b):
                for tosses in coins:
                    draws.heads(tosses)
            yield uncut, (a, b)
            chunk, length = [], 0
        i += 1


@pytest.mark.parametrize("short", [0.0, 0.1, 1.0])
def test_pairs_are_google_s(short):
    rng = random.Random(0)
    for case in range(300):
        lengths = [rng.randint(1, 40) for _ in range(rng.randint(0, 60))]
        found, left_out = segment_pairs(lengths, 61, short, Draws(case))
        expected = list(google_pairs(lengths, 61, short, Draws(case)))
        assert [(a1 - a0, b1 - b0) for a0, a1, b0, b1 in found] == [cut for _, cut in expected]
        place = 0
        for (a0, a1, b0, b1), (uncut, _) in zip(found, expected):
            middle, end = place + uncut[0], place + sum(uncut)
            assert place <= a0 < a1 <= middle <= b0 < b1 <= end
            place = end
        assert place + left_out == sum(lengths)
        assert left_out == 0 or left_out == lengths[-1]


def test_a_pair_that_is_too_long_is_cut_on_both_sides():
    cuts = set()
    for seed in range(40):
        (pair,), _ = segment_pairs([10, 10], 16, 0.0, Draws(seed))
        cuts.add((pair[0] > 0, pair[1] < 10))
    assert cuts == {(True, True), (True, False), (False, True)}


@pytest.mark.parametrize(("first", "second"), [(1, 1), (9, 3), (3, 9), (8, 8), (8, 7), (1, 30)])
def test_kept_is_one_token_from_the_longer_at_a_time(first, second):
    for room in range(2, first + second + 2):
        a, b = first, second
        while a + b > room:
            a, b = (a - 1, b) if a > b else (a, b - 1)
        assert kept(first, second, room) == (a, b)


def test_sentences_fill_a_row():
    found, rest = sentences([4, 5, 6, 10, 1, 1], 10)
    assert found == [(0, 9), (9, 15), (15, 25), (25, 27)]
    assert rest == 6


def test_no_row_begins_or_ends_with_a_separator():
    lengths, marks = [4, 1, 5, 1, 9, 1, 3], [False, True, False, True, False, True, False]
    found, _ = sentences(lengths, 10, separators=marks)
    assert found == [(0, 10), (11, 20), (21, 24)]


def test_what_may_be_longer_waits():
    assert sentences([4, 5, 3], 10, final=False) == ([(0, 9)], 2)
    assert sentences([4, 5], 10, final=False) == ([], 0)
    assert sentences([4, 7], 10, final=False) == ([(0, 4)], 1)


def test_short_rows_are_random_and_no_token_is_lost():
    lengths = [5] * 200
    found, _ = sentences(lengths, 50, 0.5, Draws(1))
    sizes = [stop - start for start, stop in found]
    assert max(sizes) == 50
    assert 0.3 < sum(size < 50 for size in sizes) / len(sizes) < 0.7
    assert [start for start, _ in found[1:]] == [stop for _, stop in found[:-1]]


def test_a_long_sentence_is_cut_before_words():
    starts = [True, False, False, True, True, False, True, False, False, False]
    assert pieces(10, starts, 20, 5) == [10]
    assert pieces(10, starts, 9, 5) == [4, 2, 4]
    assert pieces(6, [True] + [False] * 5, 5, 3) == [3, 3]
    assert all(size <= 7 for size in pieces(100, [True, False] * 50, 7, 7))
