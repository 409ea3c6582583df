"""`keras-bert-zoo scale`: answers for Parquet files from the shell."""

import pyarrow as pa
import pytest

from keras_bert_zoo.cli import main
from tests.scale.texts import TEXTS, read, write

pytestmark = pytest.mark.any_backend


def test_predict(here, data, model, tmp_path, capsys):
    command = ["scale", "predict", str(model), "--input", str(data / "*.parquet")]
    command += ["--output", str(tmp_path / "out"), "--columns", "id", "--option", "top_k=2"]
    command += ["--shard-rows", "30"]
    assert main(command) == 0
    said = capsys.readouterr()
    assert "40 rows in 2 shards" in said.out
    assert "2 of 2 shards, 100%" in said.err
    assert read(tmp_path / "out").column_names == ["id", "labels"]
    assert main([*command, "--prefix", "p_"]) == 1
    assert "prefix: '', now 'p_'" in capsys.readouterr().err


def test_pairs_of_columns(here, model, tmp_path, capsys):
    write(tmp_path / "a.parquet", TEXTS[:3], pair=pa.array(TEXTS[:3]))
    command = ["scale", "predict", str(model), "--input", str(tmp_path / "a.parquet")]
    command += ["--output", str(tmp_path / "out"), "--text-column"]
    assert main([*command, "text,pairs"]) == 1
    assert "no column 'pairs'. Did you mean 'pair'?" in capsys.readouterr().err
    assert main([*command, "text,pair"]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scale"], "name what to do: predict"),
        (["scale", "predict", "m", "--input", "a"], "--output"),
        (["scale", "predict", "m", "--input", "a", "--output", "b", "--engine", "spark"], "ray"),
    ],
)
def test_wrong_usage(arguments, message, capsys):
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
