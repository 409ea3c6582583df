"""`keras-bert-zoo corpus`: shards from the shell."""

import json

import pytest

from keras_bert_zoo.cli import main
from keras_bert_zoo.pretraining import Corpus
from tests.pretraining.corpus.texts import documents, write_text
from tests.tiny import tiny_tokenizer

pytestmark = pytest.mark.any_backend


@pytest.fixture
def command(tmp_path):
    write_text(tmp_path / "books.txt", documents(40))
    tiny_tokenizer().save(tmp_path / "tokenizer")
    options = {"--input": "*.txt", "--tokenizer": "tokenizer", "--output": "shards"}
    paths = [text for name, path in options.items() for text in (name, str(tmp_path / path))]
    return ["corpus", "build", *paths, "--length", "32", "--workers", "1"]


def test_build_and_info(command, tmp_path, capsys):
    assert main([*command, "--short-seq-prob", "0", "--shard-size", "2kB"]) == 0
    said = capsys.readouterr()
    corpus = Corpus(tmp_path / "shards")
    assert f"{len(corpus):,} examples of segment_pairs, of length 32" in said.out
    assert f"{len(corpus.manifest['shards'])} shards, 100%" in said.err
    assert corpus.manifest["settings"]["short_seq_prob"] == 0
    assert main(["corpus", "info", str(tmp_path / "shards"), "--verify", "--examples", "1"]) == 0
    said = capsys.readouterr().out
    assert "\n0: " in said
    assert "\n   | " in said
    assert "Every shard is as it was written." in said
    assert main(["corpus", "info", str(tmp_path / "shards"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == corpus.manifest


def test_other_settings_are_refused(command, capsys):
    assert main(command) == 0
    capsys.readouterr()
    assert main([*command, "--seed", "4"]) == 1
    said = capsys.readouterr().err
    assert "seed: 0, now 4" in said
    assert "Name a new folder" in said


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["corpus"], 2, "name what to do: build, info"),
        (["corpus", "build"], 2, "--input, --tokenizer, --output"),
        (["corpus", "info", "nowhere"], 1, "nowhere holds no corpus"),
        (["corpus", "build", "--packing", "pairs"], 2, "segment_pairs"),
        (["corpus", "build", "--short-seq-prob", "2"], 2, "from 0 to 1"),
    ],
)
def test_wrong_usage(arguments, code, message, capsys):
    assert main(arguments) == code
    assert message in capsys.readouterr().err


def test_no_such_input(command, capsys):
    command[3] = "nowhere/*.txt"
    assert main(command) == 1
    assert "nowhere/*.txt: no such file" in capsys.readouterr().err
