"""Batches of a corpus, for Keras, tf.data and Grain."""

import json

import keras
import numpy as np
import pytest

from keras_bert_zoo.pretraining import Corpus, CorpusStream
from tests.pretraining.corpus.texts import tiny_corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return tiny_corpus(tmp_path_factory.mktemp("corpus"), count=120)


def assert_same(one, two):
    assert set(one) == set(two)
    for name in one:
        np.testing.assert_array_equal(np.asarray(one[name]), np.asarray(two[name]), name)


@pytest.mark.any_backend
def test_batches_are_padded_examples(corpus):
    stream = CorpusStream(corpus, 4, seed=1, window=16)
    batch = next(stream)
    numbers = stream._order.numbers(0, 4)
    for row, one in enumerate(corpus.read(numbers)):
        size = len(one.token_ids)
        assert batch["token_ids"][row, :size].tolist() == one.token_ids.tolist()
        assert not batch["token_ids"][row, size:].any()
        assert batch["starts_word"][row, :size].tolist() == one.starts_word.tolist()
        assert batch["lengths"][row].tolist() == list(one.lengths)
        assert batch["document"][row] == one.document
    assert batch["token_ids"].shape == (4, 32)
    assert stream.batches_per_epoch == len(corpus) / 4


@pytest.mark.any_backend
def test_a_state_goes_on_exactly(corpus):
    options = {"seed": 2, "window": 16, "host_index": 1, "host_count": 2}
    whole = [CorpusStream(corpus, 5, **options).at(step) for step in range(40)]
    stream = CorpusStream(corpus, 5, **options)
    for _ in range(17):
        next(stream)
    state = json.loads(json.dumps(stream.state()))
    again = CorpusStream.from_state(Corpus(corpus.folder), state)
    for expected, found in zip(whole[17:], again):
        assert_same(found, expected)


@pytest.mark.any_backend
def test_the_state_of_another_corpus(corpus, tmp_path):
    other = tiny_corpus(tmp_path, seed=1)
    with pytest.raises(ValueError, match="another corpus"):
        CorpusStream.from_state(other, CorpusStream(corpus, 2).state())
    with pytest.raises(ValueError, match="batch_size"):
        CorpusStream(corpus, 0)


@pytest.mark.any_backend
def test_collate_is_one_s_own(corpus):
    stream = CorpusStream(corpus, 3, collate=len)
    assert next(stream) == 3
    pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    with pytest.raises(ValueError, match="dictionary of numpy arrays. Given: int"):
        stream.as_tf_dataset()


def test_fit_reads_it(corpus):
    """A model that learns how many tokens a row has, from where the stream is."""

    def collate(examples):
        sizes = np.array([[len(one.token_ids)] for one in examples], "float32")
        return sizes / 32, sizes / 32

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    stream = CorpusStream(corpus, 4, collate=collate, step=3)
    data = stream.as_py_dataset(workers=2)
    np.testing.assert_array_equal(data[2][0], stream.at(5)[0])
    history = model.fit(data, steps_per_epoch=20, epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]


@pytest.mark.any_backend
def test_tf_data_saves_its_place(corpus, tmp_path):
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    stream = CorpusStream(corpus, 4, seed=3, step=2)
    data = stream.as_tf_dataset()
    assert data.element_spec["token_ids"].shape == (4, 32)
    iterator = iter(data)
    for step in range(2, 7):
        assert_same(next(iterator), stream.at(step))
    saved = tf.train.Checkpoint(iterator=iterator).save(str(tmp_path / "place"))
    fresh = iter(CorpusStream(corpus, 4, seed=3, step=2).as_tf_dataset())
    tf.train.Checkpoint(iterator=fresh).restore(saved)
    for step in range(7, 10):
        assert_same(next(fresh), stream.at(step))


@pytest.mark.any_backend
def test_grain_saves_its_place(corpus):
    pytest.importorskip("grain", reason="the extra grain is not installed")
    stream = CorpusStream(corpus, 4, seed=4, step=5)
    iterator = iter(stream.as_grain().to_iter_dataset())
    for step in range(5, 8):
        assert_same(next(iterator), stream.at(step))
    state = iterator.get_state()
    fresh = iter(CorpusStream(corpus, 4, seed=4, step=5).as_grain().to_iter_dataset())
    fresh.set_state(state)
    for step in range(8, 11):
        assert_same(next(fresh), stream.at(step))
