"""What batch inference refuses, before a model is loaded where that can be."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.piped import WorkerEndedError
from keras_bert_zoo.scale import engines, predict
from tests.scale.conftest import WorkerHere
from tests.scale.texts import TEXTS, preprocessor, tagger, write
from tests.tiny import tiny_encoder

pytestmark = pytest.mark.any_backend


@pytest.fixture(autouse=True)
def _none_starts(here):
    yield
    assert not here


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "spark"}, "Unknown engine 'spark'.*'local', 'ray'"),
        ({"text_column": "txt"}, r"a.parquet has no column 'txt'. Did you mean 'text'\?"),
        ({"text_column": "id"}, "the column 'id' holds int64, not texts"),
        ({"columns": ["idd"]}, "no column 'idd'"),
        ({"workers": 0}, "workers must be a whole number"),
        ({"shard_rows": "many"}, "shard_rows must be"),
        ({"topk": 1}, r"A TextClassifier takes no option 'topk'. Did you mean 'top_k'\?"),
    ],
)
def test_options_that_are_none(options, message, data, model, tmp_path):
    with pytest.raises(ValueError, match=message):
        predict(data, model, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_no_input(model, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\*.parquet: no such file"):
        predict(str(tmp_path / "none*.parquet"), model, tmp_path / "out")
    with pytest.raises(ValueError, match=r"There are no rows in .*a.parquet"):
        predict(write(tmp_path / "a.parquet", pa.array([], "string")), model, tmp_path / "out")
    (tmp_path / "a.csv").write_text("text\ngood\n")
    with pytest.raises(ValueError, match=r"a.csv is no Parquet file.*to_parquet"):
        predict(tmp_path / "a.csv", model, tmp_path / "out")
    (tmp_path / "b.parquet").write_text("text\ngood\n")
    with pytest.raises(ValueError, match=r"b.parquet cannot be read as Parquet"):
        predict(tmp_path / "b.parquet", model, tmp_path / "out")


def test_files_of_other_columns(data, model, tmp_path):
    write(data / "c.parquet", TEXTS[:2], more=pa.array([1, 2]))
    with pytest.raises(ValueError, match=r"c.parquet and .*a.parquet have other columns: 'more'"):
        predict(data, model, tmp_path / "out")


def test_a_text_that_is_null_is_told_at_once(model, tmp_path):
    path = write(tmp_path / "a.parquet", [*TEXTS[:13], None, "good"])
    with pytest.raises(ValueError, match=r"a.parquet, row 13 \(counted from 0\).*'text' is null"):
        predict(path, model, tmp_path / "out")


def test_folders_that_hold_something_else(data, model, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.doc").write_text("")
    with pytest.raises(ValueError, match=r"holds 'thesis.doc', and no answers"):
        predict(data, model, tmp_path / "out")
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="is a file"):
        predict(data, model, tmp_path / "file")
    with pytest.raises(ValueError, match="in the folder that is read"):
        predict(data, model, data / "out")


def test_tasks_that_are_not_supported(data, tmp_path):
    task = kbz.MaskedLM(tiny_encoder(), preprocessor())
    with pytest.raises(ValueError, match=r"for a MaskedLM.*Supported: TextClassifier, Document"):
        predict(data, task, tmp_path / "out")
    task.save_to_preset(tmp_path / "mask")
    with pytest.raises(ValueError, match=r"for a MaskedLM"):
        predict(data, tmp_path / "mask", tmp_path / "out")
    with pytest.raises(ValueError, match=r"A TokenClassifier reads 1 column of texts"):
        predict(data, tagger(), tmp_path / "out", text_column=["text", "text"])


class Mortal(WorkerHere):
    """Ends at the rows of the second file."""

    def do(self, given, read=lambda amount: None):
        if "b.parquet" in str(given):
            raise WorkerEndedError("code -9")
        return super().do(given, read)


def test_rows_that_end_every_worker_are_named(data, model, tmp_path, monkeypatch):
    started = []

    def worker(self, place):
        started.append(Mortal())
        return started[-1]

    monkeypatch.setattr(engines.Machine, "worker", worker)
    message = r"3 workers ended.*code -9.*b.parquet, rows 0 to 14\."
    with pytest.raises(WorkerEndedError, match=message):
        predict(data, model, tmp_path / "out", shard_rows=25)
    assert len(started) == 3
    assert pq.read_table(tmp_path / "out").num_rows == 25  # what is finished stays


def test_a_null_that_no_statistics_tell(model, tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    table = pa.table({"text": ["good"] * 11 + [None]})
    pq.write_table(table, path, row_group_size=5, write_statistics=False)
    monkeypatch.setattr(engines.Machine, "worker", lambda self, place: WorkerHere())
    with pytest.raises(ValueError, match=r"a.parquet, row 11 \(counted from 0\)"):
        predict(path, model, tmp_path / "out", shard_rows=3)
