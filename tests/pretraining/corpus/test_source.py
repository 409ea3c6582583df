"""A corpus that was built, read in any order."""

import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from keras_bert_zoo.pretraining import Corpus
from keras_bert_zoo.pretraining.corpus import records
from tests.pretraining.corpus.texts import tiny_corpus
from tests.tiny import tiny_tokenizer

pytestmark = pytest.mark.any_backend


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(records, "TOKENS_AT_ONCE", 160)  # row groups of five
        yield tiny_corpus(tmp_path_factory.mktemp("corpus"), count=120, packing="doc_sentences")


@pytest.fixture(autouse=True)
def _small_groups(monkeypatch):
    monkeypatch.setattr(records, "TOKENS_AT_ONCE", 160)


def table(corpus):
    """All rows, read by pyarrow alone."""
    import pyarrow.parquet as pq

    names = [corpus.folder / shard["file"] for shard in corpus.manifest["shards"]]
    return [row for name in names for row in pq.read_table(name).to_pylist()]


def test_rows_are_those_of_the_files(corpus):
    expected = table(corpus)
    assert len(corpus) == len(expected) == corpus.manifest["rows"] > 100
    numbers = np.random.default_rng(0).permutation(len(corpus))
    for number, one in zip(numbers, corpus.read(numbers)):
        row = expected[number]
        assert one.token_ids.tolist() == row["token_ids"]
        assert one.token_ids.dtype == np.int32
        assert one.starts_word.tolist() == row["starts_word"]
        assert one.starts_word.dtype == bool
        assert (list(one.lengths), one.document) == (row["lengths"], row["document"])
    assert corpus.group_sizes.max() == 5
    assert corpus.group_sizes.sum() == len(corpus)


def test_little_is_kept_and_all_is_right(corpus):
    small = Corpus(corpus.folder, cache=1)
    numbers = np.random.default_rng(1).integers(0, len(corpus), 200)
    for one, two in zip(small.read(numbers), corpus.read(numbers)):
        np.testing.assert_array_equal(one.token_ids, two.token_ids)
    assert len(small._unpacked) == 1


def test_threads_and_other_processes(corpus):
    fresh = pickle.loads(pickle.dumps(corpus))
    numbers = np.random.default_rng(2).permutation(len(corpus)).reshape(-1, 2)[:50]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(fresh.read, numbers))
    for pair, own in zip(found, numbers):
        for one, number in zip(pair, own):
            np.testing.assert_array_equal(one.token_ids, corpus[number].token_ids)


def test_order_has_every_number_once(corpus):
    first, second = corpus.order(seed=1, epoch=0), corpus.order(seed=1, epoch=1)
    assert sorted(first) == sorted(second) == list(range(len(corpus)))
    assert first.tolist() != second.tolist()
    np.testing.assert_array_equal(first, Corpus(corpus.folder).order(seed=1, epoch=0))


def test_its_tokenizer(corpus):
    assert corpus.tokenizer("a great film") == tiny_tokenizer()("a great film")


def test_numbers_that_there_are_not(corpus):
    for number in (-1, len(corpus)):
        with pytest.raises(IndexError, match=f"No example {number}"):
            corpus.read([0, number])
    assert corpus.read([]) == []


def test_folders_that_hold_none(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no corpus"):
        Corpus(tmp_path)
    (tmp_path / "corpus.json").write_text("{}")
    with pytest.raises(ValueError, match="no manifest of a corpus"):
        Corpus(tmp_path)
    (tmp_path / "corpus.json").write_text(json.dumps({"format": "x", "version": 1}))
    with pytest.raises(ValueError, match="'x' of version 1"):
        Corpus(tmp_path)


def test_damage_is_found(tmp_path):
    corpus = tiny_corpus(tmp_path)
    corpus.verify()
    path = corpus.folder / corpus.manifest["shards"][1]["file"]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{path.name} is not what was written"):
        Corpus(corpus.folder).verify()
    path.write_bytes(content[:-1])
    with pytest.raises(ValueError, match=rf"{path.name} has \d+ bytes, not \d+"):
        Corpus(corpus.folder)
    path.unlink()
    with pytest.raises(ValueError, match=f"{path.name} is missing"):
        Corpus(corpus.folder)
