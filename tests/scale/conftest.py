"""Workers that are no processes: starting one takes seconds."""

import pytest

from keras_bert_zoo.scale import engines
from keras_bert_zoo.scale.worker import Worker
from tests.scale.texts import two_files
from tests.tiny import tiny_classifier


class WorkerHere(Worker):
    """A worker in this process."""

    is_loaded = False

    def stop(self):
        pass


@pytest.fixture
def here(monkeypatch):
    """Has workers run in this process; returns those that were started."""
    started = []

    def worker(self, place):
        started.append(WorkerHere())
        return started[-1]

    monkeypatch.setattr(engines.Machine, "worker", worker)
    return started


@pytest.fixture
def data(tmp_path):
    """A folder of Parquet files with the texts of `texts.TEXTS`."""
    return two_files(tmp_path / "data")


@pytest.fixture
def model(tmp_path):
    """The folder of a classifier."""
    tiny_classifier().save_to_preset(tmp_path / "model")
    return tmp_path / "model"
