"""What is cut is counted and said."""

import threading
import warnings

import pytest

from keras_bert_zoo.preprocessing import TruncationReport, TruncationWarning


def report(**counts):
    return TruncationReport(8, **counts)


def test_counts():
    counted = report()
    counted.add([5, 9, 20], [0, 3, 14])
    counted.add([6], [0])
    assert counted == report(texts=4, tokens=40, cut_texts=2, cut_tokens=17)
    assert str(counted) == "2 of 4 texts were cut to 8 tokens: 17 of 40 tokens were dropped."


def test_large_counts_are_readable():
    counted = report(texts=1_234_567, tokens=89_000_000, cut_texts=1_000, cut_tokens=65_432)
    assert str(counted).startswith("1,000 of 1,234,567 texts were cut to 8 tokens: 65,432 of")


def test_warns_only_if_something_was_cut():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report(texts=4, tokens=40).warn()
    with pytest.warns(TruncationWarning, match='1 of 4 texts.*truncation="error" refuses') as seen:
        report(texts=4, tokens=40, cut_texts=1, cut_tokens=2).warn()
    assert len(seen) == 1


def test_many_threads_count_together():
    counted = report()

    def work():
        for _ in range(500):
            counted.add([3, 9], [0, 1])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted == report(texts=8000, tokens=48_000, cut_texts=4000, cut_tokens=4000)
