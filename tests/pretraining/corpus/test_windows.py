"""The order of reading: a permutation in every epoch, local in the files, disjoint on hosts."""

import numpy as np
import pytest

from keras_bert_zoo.pretraining.corpus.windows import WindowOrder

pytestmark = pytest.mark.any_backend
SIZES = [5, 5, 2, 5, 5, 5, 1, 5, 4]
TOTAL = sum(SIZES)


def test_each_epoch_has_every_number_once():
    order = WindowOrder(SIZES, seed=3, window=8)
    epochs = [order.numbers(epoch * TOTAL, TOTAL).tolist() for epoch in range(4)]
    assert all(sorted(epoch) == list(range(TOTAL)) for epoch in epochs)
    assert len(set(map(tuple, epochs))) == 4


@pytest.mark.parametrize("hosts", [1, 2, 3, 5])
def test_hosts_share_an_epoch(hosts):
    orders = [WindowOrder(SIZES, 1, 8, host, hosts) for host in range(hosts)]
    assert {len(order) for order in orders} == {TOTAL // hosts}
    left_out = []
    for epoch in range(6):
        found = [n for order in orders for n in order.numbers(epoch * len(order), len(order))]
        assert len(set(found)) == len(found) == TOTAL // hosts * hosts
        left_out.append(frozenset(range(TOTAL)) - set(found))
    if TOTAL % hosts:
        assert len(set(left_out)) > 1


def test_any_place_is_reached_at_once():
    order = WindowOrder(SIZES, seed=5, window=7, host_index=1, host_count=2)
    whole = order.numbers(0, 200)
    for place in (0, 1, 6, 7, 17, 18, 19, 60, 150):
        fresh = WindowOrder(SIZES, seed=5, window=7, host_index=1, host_count=2)
        np.testing.assert_array_equal(fresh.numbers(place, 50), whole[place : place + 50])
    assert order.numbers(3, 0).tolist() == []


def test_a_window_is_of_few_groups():
    sizes = [100] * 50
    order = WindowOrder(sizes, seed=0, window=200)
    for window in range(25):
        groups = order.numbers(window * 200, 200) // 100
        assert len(set(groups)) <= 3
    firsts = [order.numbers(window * 200, 1)[0] // 100 for window in range(25)]
    assert firsts != sorted(firsts)


def test_all_examples_come_first_equally_often():
    counts = np.zeros(TOTAL)
    for seed in range(2000):
        counts[WindowOrder(SIZES, seed, window=8).numbers(0, 8)] += 1
    expected = 2000 * 8 / TOTAL
    assert abs(counts - expected).max() < 5 * np.sqrt(expected)


def test_what_cannot_be():
    with pytest.raises(ValueError, match="counted from 0"):
        WindowOrder(SIZES, host_index=2, host_count=2)
    with pytest.raises(ValueError, match="too few for 50 hosts"):
        WindowOrder(SIZES, host_count=50)
    with pytest.raises(ValueError, match="window"):
        WindowOrder(SIZES, window=0)
