"""Random numbers: those of the original, whatever numpy is installed."""

import numpy as np
import pytest

from keras_bert_zoo.pretraining.corpus.draws import Draws, key_of, permutation

pytestmark = pytest.mark.any_backend

# Of Vigna's splitmix64.c with the state 1234567.
PUBLISHED = [
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
]


def test_numbers_are_those_published():
    draws = Draws.from_state(1234567)
    assert [draws.next() for _ in PUBLISHED] == PUBLISHED


def test_whole_numbers_are_even_over_their_range():
    draws = Draws(3)
    counts = np.bincount([draws.between(2, 6) for _ in range(10_000)], minlength=7)
    assert counts[:2].sum() == 0
    assert abs(counts[2:] - 2000).max() < 4 * np.sqrt(2000)


def test_heads_are_binomial():
    draws = Draws(4)
    found = np.array([draws.heads(100) for _ in range(4000)])
    assert abs(found.mean() - 50) < 4 * 5 / np.sqrt(4000)
    assert abs(found.std() - 5) < 0.3
    assert draws.heads(0) == 0


def test_chance():
    draws = Draws(5)
    assert abs(np.mean([draws.chance(0.1) for _ in range(10_000)]) - 0.1) < 0.015
    assert not draws.chance(0.0)
    assert draws.chance(1.0)


def test_keys_differ_in_order_and_sign():
    keys = [key_of(0, 1), key_of(1, 0), key_of(0, 0), key_of(0), key_of(2**64 + 1), key_of(1, 0, 0)]
    assert len(set(keys[:4] + keys[5:])) == 5


def test_a_permutation_sorts_the_stream_of_its_key():
    draws = Draws(7, 8)
    drawn = [draws.next() for _ in range(50)]
    assert permutation(50, 7, 8).tolist() == sorted(range(50), key=drawn.__getitem__)
    assert permutation(0, 1).tolist() == []
