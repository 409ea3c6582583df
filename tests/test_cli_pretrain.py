"""`keras-bert-zoo pretrain`: a new encoder from a corpus, and one that goes on."""

import csv

import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.cli import main
from keras_bert_zoo.pretraining import build_corpus
from keras_bert_zoo.pretraining.sizes import SIZES, new_encoder
from tests.pretraining.corpus.texts import documents, write_text
from tests.pretraining.test_pretrainer import tiny_pretrainer
from tests.tiny import tiny_tokenizer


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pretrain")
    write_text(folder / "books.txt", documents(40))
    build_corpus(folder / "books.txt", tiny_tokenizer(), folder / "shards", length=16)
    tiny_pretrainer().task().save_to_preset(folder / "preset")
    return folder


def command(place, *more):
    given = {"--corpus": place / "shards", "--output": place / "new", "--steps": 4}
    paths = [str(text) for pair in given.items() for text in pair]
    return ["pretrain", *paths, "--batch-size", "4", "--report-every", "2", *more]


def test_going_on_from_a_preset(place, capsys):
    run = ["--preset", str(place / "preset"), "--run", str(place / "run")]
    assert main(command(place, *run, "--validation", str(place / "shards"))) == 0
    assert "Saved to" in capsys.readouterr().out
    task = kbz.from_preset(place / "new")
    assert isinstance(task, kbz.MaskedLM)
    with open(place / "run" / "log.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1"]
    assert float(rows[1]["val_loss"]) > 0
    assert list((place / "run" / "checkpoints").glob("*.checkpoint"))


@pytest.mark.parametrize(
    ("more", "code", "told"),
    [
        ([], 2, "one of the arguments --size --preset is required"),
        (["--size", "tyni"], 2, "invalid choice: 'tyni'"),
        (["--size", "tiny", "--objectives", "masked_token"], 2, "Did you mean 'masked_tokens'"),
        (["--size", "tiny", "--corpus", "nowhere"], 1, "nowhere holds no corpus"),
        (["--size", "tiny", "--steps", "0"], 2, "1 or more"),
    ],
)
def test_wrong_usage(place, more, code, told, capsys):
    assert main(command(place, *more)) == code
    assert told in capsys.readouterr().err


def test_another_vocabulary_is_refused(place, capsys, tmp_path):
    words = kbz.Tokenizer.from_vocabulary(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"])
    build_corpus(place / "books.txt", words, tmp_path / "other", length=16)
    more = ["--preset", str(place / "preset"), "--corpus", str(tmp_path / "other")]
    assert main(command(place, *more)) == 1
    assert "was built with another vocabulary" in capsys.readouterr().err


@pytest.mark.parametrize("size", ["tiny", "mini"])
def test_sizes_are_those_of_the_presets(size):
    """Of Google's miniatures, and by their numbers of parameters."""
    published = {"tiny": "bert_tiny_en_uncased", "mini": "bert_mini_en_uncased"}[size]
    info = kbz.registry.get_preset(published)
    encoder = new_encoder(size, 30522)
    assert encoder.count_params() == info.parameters
    for name, value in info.config.items():
        assert getattr(encoder.config, name) == value


@pytest.mark.any_backend
def test_all_sizes_have_heads_of_64_numbers():
    assert all(hidden_dim % 64 == 0 for _, hidden_dim in SIZES.values())
