"""Batches by their number in the run."""

import keras
import numpy as np
import pytest

from keras_bert_zoo.preprocessing.array_batches import ArrayBatches
from keras_bert_zoo.preprocessing.fingerprint import fingerprint
from keras_bert_zoo.training.resumable_data import ResumableData
from tests.training.interrupted import Numbers, Passes

pytestmark = pytest.mark.any_backend


def first_number(batch):
    return float(batch[0][0, 0])


def test_a_stream_begins_anywhere():
    data = ResumableData(Numbers())
    whole = [first_number(data[i]) for i in range(9)]
    data.start_at(5)
    assert [first_number(data[i]) for i in range(4)] == whole[5:]
    assert (data.num_batches, data.pass_length) == (None, None)
    assert data.digest_of(7) == fingerprint(Numbers()[7])
    assert data.digest_of(99) is None


def test_passes_follow_one_another():
    whole = []
    for epoch in range(3):
        source = Passes()
        source.start_epoch(epoch)
        whole += [first_number(source[i]) for i in range(10)]
    data, seen = ResumableData(Passes()), []
    data.start_at(7)
    for left in (3, 10, 10):
        assert data.num_batches == left
        data.on_epoch_begin()
        seen += [first_number(data[i]) for i in range(left)]
        data.on_epoch_end()
    assert seen == whole[7:]


def test_the_end_of_an_epoch_within_a_pass_changes_nothing():
    data = ResumableData(Passes())
    data[0], data[1]
    data.on_epoch_end()
    assert (data.start, data.num_batches, data.source.epoch) == (0, 10, 0)
    with pytest.raises(IndexError, match="10 batches are left. Asked for: 10"):
        data[10]


def test_where_data_stands_by_itself_is_where_a_run_begins():
    source = Passes()
    source.start_epoch(2)
    assert ResumableData(source).first_position() == 20
    stream = Numbers()
    stream.start_at(4)
    assert ResumableData(stream).first_position() == 4


def test_a_batch_is_known_again():
    data = ResumableData(Numbers())
    told = fingerprint(data[3])
    assert data.is_same(3, told)
    assert not data.is_same(4, told)


def test_data_without_a_beginning_is_refused():
    class Endless(keras.utils.PyDataset):
        num_batches = None

    with pytest.raises(TypeError, match="Endless has no end .* and no start_at"):
        ResumableData(Endless())
    with pytest.raises(TypeError, match="A list cannot be begun in the middle"):
        ResumableData([1, 2])


def test_fingerprints_tell_things_apart():
    x = np.arange(6, dtype="float32")
    things = [x, x + 1, x.reshape(2, 3), x.astype("float64"), [x], {"a": x}, {"b": x}, None]
    things += [
        "ab",
        ["a", "b"],
        ["ab", ""],
        b"ab",
        1,
        1.5,
        True,
        ("a", None),
        np.array(["a", "b"], object),
    ]
    found = [fingerprint(one) for one in things]
    assert len(set(found)) == len(found)
    assert found[0] == fingerprint(x.copy())
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})


def test_array_batches():
    x = {"ids": np.arange(10), "mask": np.ones((10, 2))}
    data = ArrayBatches(x, np.arange(10) * 2, batch_size=4, shuffle=True, seed=1)
    first = [data[i] for i in range(3)]
    for inputs, labels in first:
        np.testing.assert_array_equal(inputs["ids"] * 2, labels)
    rows = np.concatenate([inputs["ids"] for inputs, _ in first])
    assert sorted(rows) == list(range(10))
    assert data.batch_name(2) == f"rows {min(rows[8:])}, {max(rows[8:])}"
    data.on_epoch_end()
    assert data.epoch == 1
    assert [data[i][1].tolist() for i in range(3)] != [labels.tolist() for _, labels in first]
    data.start_epoch(0)
    assert [data[i][1].tolist() for i in range(3)] == [labels.tolist() for _, labels in first]
    with pytest.raises(IndexError, match="There are 3 batches"):
        data[3]
    with pytest.raises(ValueError, match=r"Given: \[3, 4\] rows"):
        ArrayBatches(np.ones(3), np.ones(4))
