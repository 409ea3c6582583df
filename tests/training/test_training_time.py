"""How long a training takes: the arithmetic, with a clock of our own, and what is tried."""

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.training import training_time
from keras_bert_zoo.training.training_time import in_words
from tests.tiny import sentences, tiny_classifier

SECONDS = 0.5  # of a row, in these tests


@pytest.fixture
def tried(monkeypatch):
    """Rows that were predicted: each takes half a second of this clock, at first ten more."""
    clock, calls = [100.0], []

    def timed(task):
        def predict(x, batch_size, verbose):
            rows = len(x[0]) if isinstance(x, tuple) else len(x)
            clock[0] += SECONDS * rows + (0 if calls else 10)
            task.truncation_report = None
            calls.append(x)

        monkeypatch.setattr(task, "predict", predict)
        monkeypatch.setattr("time.perf_counter", lambda: clock[0])
        return calls

    return timed


@pytest.mark.parametrize(
    ("recipe", "passes"),
    [({}, 1), ({"r_drop": 1.0}, 2), ({"adversarial": 0.5}, 3), ({"accumulate": 4}, 1)],
    ids=str,
)
def test_the_arithmetic(tried, recipe, passes):
    task = tiny_classifier(recipe=kbz.Recipe(**recipe))
    calls, texts = tried(task), sentences(100)[0]
    task.truncation_report = "as it was"
    found = training_time(task, texts, batch_size=8, epochs=3)
    assert found == pytest.approx(3.5 * passes * SECONDS * 100 * 3)
    assert [len(call) for call in calls] == [16] * 3
    assert len(set(map(id, calls))) == 1
    assert set(calls[0]) <= set(texts)
    assert task.truncation_report == "as it was"


def test_few_rows_are_all_tried(tried):
    task = tiny_classifier()
    calls = tried(task)
    assert training_time(task, ["a", "b", "c"]) == pytest.approx(3.5 * SECONDS * 3)
    assert sorted(calls[0]) == ["a", "b", "c"]


def test_what_it_draws_from(tried):
    pandas = pytest.importorskip("pandas")
    first, second = [f"a {n}" for n in range(50)], [f"b {n}" for n in range(50)]
    task = tiny_classifier()
    calls = tried(task)
    for x in ((first, second), {"a": first, "b": second}, (np.array(first), second)):
        training_time(task, x, batch_size=4)
        assert len(calls[-1]) == 2
        assert len(calls[-1][0]) == 8
        assert [a[1:] for a in calls[-1][0]] == [b[1:] for b in calls[-1][1]]  # rows stay together
    training_time(task, pandas.DataFrame({"text": first, "label": 0}), batch_size=4)
    assert list(calls[-1].columns) == ["text", "label"]
    assert len(calls[-1]) == 8
    training_time(task, pandas.Series(first, index=range(900, 950)), batch_size=4)
    assert len(set(calls[-1]) & set(first)) == 8


def test_what_cannot_be_drawn_from():
    task = tiny_classifier()
    with pytest.raises(ValueError, match="x is empty"):
        training_time(task, [])
    with pytest.raises(TypeError, match="data in memory, and x is a generator"):
        training_time(task, (text for text in ["a"]))


def test_a_real_one():
    task = tiny_classifier()
    before = task.get_weights()
    assert 0 < training_time(task, sentences(20)[0], batch_size=4) < 60
    for old, new in zip(before, task.get_weights()):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "5 s"),
        (42, "40 s"),
        (89, "90 s"),
        (200, "3 min"),
        (5300, "88 min"),
        (8000, "2 h 10 min"),
    ],
)
def test_in_words(seconds, words):
    assert in_words(seconds) == words
