"""The lengths that batches are padded to."""

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from keras_bert_zoo.preprocessing import bucket_for, choose_buckets, grid_buckets
from keras_bert_zoo.preprocessing.buckets import checked_buckets, row_buckets, spare_buckets


def padded(lengths, buckets):
    """Sum of the lengths, each up to its bucket, by looking at every bucket."""
    return sum(min(b for b in buckets if b >= length) for length in lengths)


def least(lengths, most, max_length):
    """The best sum over every set of buckets that there is."""
    others = range(1, max_length)
    return min(
        padded(lengths, (*chosen, max_length))
        for count in range(most)
        for chosen in itertools.combinations(others, count)
    )


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 10), min_size=1, max_size=12),
    st.integers(1, 5),
    st.integers(10, 12),
)
@example([1] * 9 + [9], 2, 10)  # the long row is better off in the bucket that is there anyway
@example([3, 5], 1, 10)
@example([10], 1, 10)
def test_nothing_pads_less(lengths, most, max_length):
    buckets = choose_buckets(lengths, most, max_length)
    assert padded(lengths, buckets) == least(lengths, most, max_length)
    assert buckets == sorted(set(buckets))
    assert buckets[-1] == max_length
    assert len(buckets) <= most


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 700), max_size=200), st.integers(1, 20), st.sampled_from([64, 128, 512])
)
def test_chosen_buckets_hold_every_length(lengths, most, max_length):
    buckets = choose_buckets(lengths, most, max_length)
    assert buckets[-1] == max_length
    assert len(buckets) <= most
    assert buckets == sorted(set(buckets))
    assert all(bucket in lengths or bucket == max_length for bucket in buckets)


def test_chosen_by_hand():
    assert choose_buckets([3, 3, 4, 9, 9, 10], 3, 64) == [4, 10, 64]
    assert choose_buckets([3, 3, 4, 9, 9, 10], 1, 64) == [64]
    assert choose_buckets([3, 3, 4, 9, 9, 10], 99, 64) == [3, 4, 9, 10, 64]
    assert choose_buckets([], 4, 64) == [64]
    assert choose_buckets([900, 5], 4, 64) == [5, 64]
    with pytest.raises(ValueError, match="At least one bucket is needed. Given: 0"):
        choose_buckets([3], 0, 64)


@pytest.mark.parametrize("max_length", [4, 8, 9, 64, 100, 512, 600, 8192])
def test_grid(max_length):
    grid = grid_buckets(max_length)
    assert grid[-1] == max_length
    assert all(type(bucket) is int for bucket in grid)
    assert all(a < b for a, b in itertools.pairwise(grid))
    # A row wastes at most 7 positions, or a quarter of the bucket that it is padded to.
    assert all(b - (a + 1) <= max(7, b / 4) for a, b in itertools.pairwise([0, *grid]))


def test_the_grid_is_small():
    counts = {length: len(grid_buckets(length)) for length in (512, 8192)}
    print(f"lengths of the grid: {counts}")
    assert counts[512] <= 20
    assert counts[8192] <= 40


@settings(deadline=None)
@given(st.lists(st.integers(1, 100), min_size=1, max_size=9), st.data())
def test_bucket_for(buckets, data):
    buckets = sorted(set(buckets))
    length = data.draw(st.integers(1, buckets[-1]))
    assert bucket_for(length, buckets) == min(b for b in buckets if b >= length)


def test_spare_buckets_double():
    assert spare_buckets(76, 512) == [152, 304]
    assert spare_buckets(256, 512) == []
    assert spare_buckets(512, 512) == []


def test_buckets_of_the_caller():
    assert checked_buckets([64, 16, 16], 128) == [16, 64, 128]
    assert checked_buckets((128,), 128) == [128]
    for wrong in (0, -8, 129):
        with pytest.raises(
            ValueError, match=rf"from 1 to max_sequence_length=128. Given: \[{wrong}"
        ):
            checked_buckets([16, wrong], 128)


def test_row_buckets_halve_the_batch():
    assert row_buckets(32) == [4, 8, 16, 32]
    assert row_buckets(13) == [2, 4, 7, 13]
    assert row_buckets(1) == [1]
