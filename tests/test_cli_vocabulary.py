"""`keras-bert-zoo vocabulary`: learning one from files, putting it into a model."""

import json

import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.cli import main
from tests.tiny import SIZE, sentences, tiny_classifier

pytestmark = pytest.mark.any_backend


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(sentences(100)[0]), "utf-8")
    return str(path)


@pytest.fixture
def preset(tmp_path):
    tiny_classifier().save_to_preset(tmp_path / "model")
    return str(tmp_path / "model")


def test_train_and_adapt(texts, preset, tmp_path, capsys):
    words, model = str(tmp_path / "words"), str(tmp_path / "adapted")
    options = ["--like", preset, "--size", "120", "--output", words]
    assert main(["vocabulary", "train", texts, *options]) == 0
    assert "counts exact" in capsys.readouterr().out
    tokenizer = kbz.Tokenizer.from_folder(words)
    assert main(["vocabulary", "train", texts, *options]) == 0  # its own folder is replaced
    capsys.readouterr()
    assert main(["vocabulary", "adapt", preset, model, "--tokenizer", words, "--debug"]) == 0
    *_, line = capsys.readouterr().out.strip().split("\n")
    assert json.loads(line)["old_size"] == SIZE
    task = kbz.from_preset(model)
    assert task.preprocessor.tokenizer.vocabulary() == tokenizer.vocabulary()
    assert task.encoder.config.vocabulary_size == json.loads(line)["new_size"]
    assert task.classify("a great film")["label"] in ("negative", "positive")


def test_tokens_one_by_one(preset, tmp_path, capsys):
    model = str(tmp_path / "larger")
    tokens = ["--mode", "extend", "--token", "mRNA", "--token", "tRNA"]
    assert main(["vocabulary", "adapt", preset, model, *tokens]) == 0
    assert json.loads(capsys.readouterr().out.strip().split("\n")[-1])["new_size"] == SIZE + 2
    assert kbz.from_preset(model).encoder.config.vocabulary_size == SIZE + 2


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["vocabulary"], 2, "the following arguments are required: ACTION"),
        (["vocabulary", "learn"], 2, "invalid choice: 'learn'"),
        (["vocabulary", "train", "TEXTS"], 2, "required: --output"),
        (["vocabulary", "train", "TEXTS", "--output", "OUT", "--sise", "9"], 2, "unknown argument"),
        (["vocabulary", "train", "missing", "--output", "OUT"], 1, "missing does not exist"),
        (["vocabulary", "train", "TEXTS", "--output", "MODEL"], 1, "is there already"),
        (["vocabulary", "train", "TEXTS", "--output", "OUT", "--size", "9"], 1, "has no room"),
        (
            ["vocabulary", "train", "TEXTS", "--output", "OUT", "--like", "MODEL", "--cased"],
            2,
            "--cased is settled by --like",
        ),
        (["vocabulary", "adapt", "MODEL", "OUT"], 2, "one of the arguments --tokenizer --token"),
        (["vocabulary", "adapt", "MODEL", "OUT", "--token", "a b"], 2, "say --mode extend"),
        (["vocabulary", "adapt", "MODEL", "MODEL", "--tokenizer", "MODEL"], 1, "holds the model"),
    ],
)
def test_mistakes(texts, preset, tmp_path, capsys, arguments, code, message):
    names = {"TEXTS": texts, "MODEL": preset, "OUT": str(tmp_path / "out")}
    assert main([names.get(name, name) for name in arguments]) == code
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
