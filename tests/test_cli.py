"""The command, run in this process; what it promises of a process is tested in one of its own."""

import csv
import io
import json
import os
import re
import subprocess
import sys
import types
import warnings
from pathlib import Path

import keras
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.cli import main
from keras_bert_zoo.cli.data import Labelled, baseline, split
from keras_bert_zoo.cli.failures import LONGEST, one_line
from keras_bert_zoo.cli.runtime import BACKENDS, choose_backend
from tests.tiny import NEGATIVE, POSITIVE, tiny_classifier, tiny_encoder, tiny_tokenizer

BACKEND = keras.config.backend()
ROWS = [("text", "label")]
ROWS += [(text, "good") for text in POSITIVE] * 2 + [(text, "bad") for text in NEGATIVE] * 2


def write(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return str(path)


def write_json(path, rows):
    Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(path)


@pytest.fixture(scope="module", autouse=True)
def _compiles_little():
    """Most of the time would go into compiling. `test_python_m` compiles as users do."""
    if BACKEND == "jax":  # there it takes longer still without
        import jax

        jax.config.update("jax_disable_most_optimizations", True)
        yield
        jax.config.update("jax_disable_most_optimizations", False)
        return
    with pytest.MonkeyPatch.context() as monkeypatch:
        always = property(lambda self: True, lambda self, value: None)
        monkeypatch.setattr(kbz.TextClassifier, "run_eagerly", always)
        yield


@pytest.fixture(scope="module")
def presets(tmp_path_factory, _compiles_little):
    """Folders of untrained classifiers, by their problem."""
    folder = tmp_path_factory.mktemp("presets")
    kinds = {
        "single": {"labels": ["bad", "good"]},
        "three": {"num_classes": 3},
        "stars": {"labels": [1, 2, 3]},
        "multi_label": {"labels": ["food", "room", "film"], "problem": "multi_label"},
        "regression": {"num_classes": 1, "problem": "regression"},
    }
    keras.utils.set_random_seed(0)
    encoder = tiny_encoder(num_layers=1)
    for name, options in kinds.items():
        task = tiny_classifier(encoder=encoder, **options)
        task.save_to_preset(folder / name)
    return folder


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder to work in, with a table to train on."""
    monkeypatch.chdir(tmp_path)
    write("train.csv", ROWS)
    return tmp_path


@pytest.fixture
def run(capsys):
    def run(*argv):
        code = main([str(item) for item in argv])
        return types.SimpleNamespace(code=code, **capsys.readouterr()._asdict())

    return run


@pytest.fixture
def finetune(run, presets, files):
    def finetune(*argv, preset="single", train="train.csv"):
        options = ["--train", train, "--output", "model", "--epochs", "1", "--batch-size", "10"]
        return run("finetune", "--preset", presets / preset, *options, *argv)

    return finetune


def failure(result, code=1):
    """The one line that stderr holds."""
    assert result.code == code, result.err
    assert result.err.count("\n") == 1
    assert result.err.startswith("keras-bert-zoo: error: ")
    return result.err


@pytest.fixture
def refused(finetune, files):
    """The message of a training that is refused; nothing may be left of it."""

    def refused(*argv, code=1, **options):
        before = sorted(os.listdir(files))
        message = failure(finetune(*argv, **options), code)
        assert sorted(os.listdir(files)) == before
        assert "model" not in before
        return message

    return refused


# -------------------------------------------------------------------------------------- finetune


def test_what_a_training_takes_is_told(finetune):
    told = finetune().out
    assert "Training: 10 rows of 32 tokens: about " in told
    assert told.index("Training: ") < told.index("Saved to")
    assert "on this machine" not in told  # it is over sooner than it is told


def test_how_long_a_training_takes_is_told(finetune, monkeypatch):
    monkeypatch.setattr("keras_bert_zoo.cli.finetune.LONG", 0)
    told = finetune().out
    assert re.search(r"\n1 epoch of 20 rows: about \d+ s on this machine\n", told)


def test_finetune(finetune):
    result = finetune(
        *("--validation-split", "0.2", "--predict", "a great film", "--seed", "3"),
        *("--learning-rate", "1e-3", "--max-length", "16"),
    )
    assert result.code == 0, result.err
    assert "train: 16 rows of train.csv: bad 8, good 8" in result.out
    assert "validation: 4 rows of train.csv: bad 2, good 2" in result.out
    assert "validation accuracy" in result.out
    assert "against 0.500 for always saying 'good'" in result.out
    assert "'a great film': " in result.out
    assert "up to 16 tokens" in result.out
    task = kbz.from_preset("model")
    assert task.labels == ["bad", "good"]
    assert task.recipe.learning_rate == 1e-3
    assert task.preprocessor.max_sequence_length == 16
    assert task.seed == 3


def test_finetune_on_pairs(finetune, run, files):
    rows = [{"premise": a, "hypothesis": b, "gold": a == b} for a in POSITIVE for b in POSITIVE[:2]]
    train = write_json("pairs.jsonl", rows)
    result = finetune("--label-column", "gold", train=train)
    assert result.code == 0, result.err
    assert "texts in 'premise' and 'hypothesis', labels in 'gold'" in result.out
    assert kbz.from_preset("model").labels == ["false", "true"]
    result = run("predict", "model", "--file", train)
    answer = json.loads(result.out.splitlines()[0])
    assert list(answer) == ["text", "pair", "label", "score"]
    assert (answer["text"], answer["pair"]) == (POSITIVE[0], POSITIVE[0])
    assert len(result.out.splitlines()) == len(rows)


def test_finetune_multi_label(finetune, files):
    rows = [("text", "labels"), ("lovely food!", "food|nice"), ("dull film", "film"), ("a", "")]
    result = finetune(
        *("--problem", "multi_label", "--label-separator", "|", "--truncation", "error"),
        *("--validation", write("many.csv", rows)),
        train="many.csv",
    )
    assert result.code == 0, result.err
    assert "film 1, food 1, nice 1" in result.out
    assert "against 0.667 for always saying no label" in result.out
    task = kbz.from_preset("model")
    assert (task.problem, task.labels) == ("multi_label", ["film", "food", "nice"])
    assert task.preprocessor.truncation == "error"


def test_finetune_regression(finetune, files):
    rows = [("text", "score"), *((text, 2.5) for text in POSITIVE), *((t, -1) for t in NEGATIVE)]
    result = finetune(
        *("--problem", "regression", "--test", write("numbers.csv", rows)), train="numbers.csv"
    )
    assert result.code == 0, result.err
    assert "from -1 to 2.5, 0.75 on average" in result.out
    assert "test mean absolute error" in result.out
    assert "against 1.750 for always saying 2.5" in result.out
    assert kbz.from_preset("model").problem == "regression"


def test_finetune_forgets_the_lengths_of_other_data(finetune, files, monkeypatch):
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 16, buckets=[8, 16])
    tiny_classifier(preprocessor=preprocessor).save_to_preset("used")
    monkeypatch.setattr(
        kbz.TextClassifier, "fit", lambda *_, **__: types.SimpleNamespace(history={})
    )
    assert finetune("--max-length", "32", preset=files / "used").code == 0
    assert kbz.from_preset("model").preprocessor.buckets == [8, 16, 24, 32]


def test_finetune_replaces_a_preset_and_on_demand_anything(finetune, files, monkeypatch):
    monkeypatch.setattr(
        kbz.TextClassifier, "fit", lambda *_, **__: types.SimpleNamespace(history={})
    )
    assert finetune().code == 0
    assert finetune("--labels", "bad,good,fair").code == 0
    assert kbz.from_preset("model").labels == ["bad", "good", "fair"]
    (files / "model" / "config.json").unlink()
    assert "holds something that is not a preset" in failure(finetune())
    assert finetune("--overwrite").code == 0
    assert sorted(os.listdir(files)) == ["model", "train.csv"]


def test_an_interrupted_training_leaves_nothing(refused, monkeypatch):
    def fit(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(kbz.TextClassifier, "fit", fit)
    assert "interrupted" in refused(code=130)


def test_out_of_memory(refused, monkeypatch):
    def fit(*args, **kwargs):
        raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate")

    monkeypatch.setattr(kbz.TextClassifier, "fit", fit)
    assert "give a smaller --batch-size" in refused()


def test_a_mistake_of_ours_is_shown_whole(finetune, monkeypatch):
    def fit(*args, **kwargs):
        raise RuntimeError("a bug")

    monkeypatch.setattr(kbz.TextClassifier, "fit", fit)
    with pytest.raises(RuntimeError, match="a bug"):
        finetune()


# ------------------------------------------------------------------------- what finetune refuses

GOOD, BAD = ("lovely food!", "good"), ("bad food.", "bad")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "train.csv is empty"),
        ([("text", "label")], "train.csv holds only a header (text, label)"),
        ([("text", "label"), GOOD, GOOD], "has one label only, 'good', in all of its 2 rows"),
        ([("text", "label"), GOOD, ("", "bad"), BAD], "line 3: the cell of column 'text' is empty"),
        ([("text", "label"), GOOD, (" ", "x"), ("", "x")], "empty (and 1 more rows)"),
        ([("text", "label"), GOOD, ("bad food.", " ")], "line 3: the label (column 'label') is em"),
        ([("text", "label"), GOOD, ("bad food.", "bad", "x")], "train.csv, line 3: 3 cells"),
        ([("text", "label"), GOOD, ("bad food.",)], "train.csv, line 3: 1 cells"),
        ([("text", "label", "text"), ("a", "b", "c")], "names 'text' more than once"),
        ([("a", "b", "label"), ("a", "b", "c")], "Which column holds the texts? train.csv has the"),
        ([("text", "stars"), ("a", "b")], "Which column holds the labels? train.csv has the"),
    ],
)
def test_refused_training_data(refused, files, rows, message):
    write("train.csv", rows)
    assert message in refused()


def test_refused_files(refused, files):
    assert "There is no file 'trian.csv'. Did you mean 'train.csv'?" in refused(train="trian.csv")
    assert "is a folder. Name a file in it" in refused(train=files)
    assert "Accepted: .csv, .tsv" in refused(train=__file__)
    Path("latin.csv").write_bytes("text,label\ncaf\xe9,good\n".encode("latin1"))
    assert "latin.csv, line 2: byte 0xe9 is not UTF-8" in refused(train="latin.csv")
    write_json("null.jsonl", [{"text": "a", "label": "x"}, {"text": None, "label": "y"}])
    assert "null.jsonl, line 2: the cell of column 'text' is empty" in refused(train="null.jsonl")
    write_json("ids.jsonl", [{"text": 7, "label": "x"}])
    assert "column 'text' holds 7, which is not a text" in refused(train="ids.jsonl")
    write_json("many.jsonl", [{"text": "a", "label": ["x", "y"]}])
    assert "--problem multi_label" in refused(train="many.jsonl")


def test_refused_columns(refused):
    message = refused("--text-column", "txt")
    assert "no column 'txt'. Did you mean 'text'? train.csv has the columns: 'text', 'l" in message
    assert "Did you mean 'label'?" in refused("--label-column", "lable")


def test_refused_labels(refused, files):
    write("other.csv", [*ROWS[:3], ("it was dull", "goood")])
    for option in ("--validation", "--test"):
        message = refused(option, "other.csv")
        assert "other.csv, line 4: the label 'goood' is not one of the labels in train" in message
        assert "Did you mean 'good'? Accepted: 'bad', 'good'." in message
    assert "label 'bad' is not one of --labels" in refused("--labels", "good,fair")
    assert "names one more than once" in refused("--labels", "good,good", code=2)
    assert "takes no --labels" in refused("--labels", "a,b", "--problem", "regression", code=2)
    message = refused("--problem", "regression")
    assert "train.csv, line 2: the label 'good' (column 'label') is not a number" in message
    write("none.csv", [("text", "label"), ("a", ""), ("b", ";")])
    assert "no label in any of its 2 rows" in refused("--problem", "multi_label", train="none.csv")


def test_refused_parts(refused, files):
    assert "of 20 rows leaves one part empty" in refused("--validation-split", "0.01")
    write("pairs.csv", [("premise", "hypothesis", "label"), ("a", "b", "good")])
    assert "train.csv has 1 text columns and pairs.csv has 2" in refused("--test", "pairs.csv")
    assert "--predict takes single texts" in refused("--predict", "a", train="pairs.csv")


def test_refused_output(refused, finetune, files, monkeypatch):
    Path("taken").mkdir()
    Path("taken/notes.txt").write_text("mine")
    Path("data").mkdir()
    write("data/train.csv", ROWS)
    assert "train.csv is a file" in refused("--output", "train.csv")
    assert "train.csv is a file" in refused("--output", "train.csv/model")
    assert "holds something that is not a preset" in refused("--output", "taken")
    assert "the folder that this runs in" in refused("--output", ".", "--overwrite")
    message = refused("--output", "data", "--overwrite", train="data/train.csv")
    assert "and would be replaced with it" in message
    Path("data/base").mkdir()
    message = refused("--output", "data", "--overwrite", "--preset", "data/base")
    assert "data holds data/base" in message
    assert Path("taken/notes.txt").read_text() == "mine"
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "may not be written to" in refused("--output", "new")


def test_refused_presets(refused, run, files):
    message = refused("--preset", "all_minilm_l6_v3")
    assert "No preset is called 'all_minilm_l6_v3'. Did you mean 'all_minilm_l6_v2'" in message
    assert "run `keras-bert-zoo presets`" in message
    assert "There is no folder './nowhere'" in refused("--preset", "./nowhere")
    Path("bare").mkdir()
    assert "is empty" in refused("--preset", "bare")
    Path("bare/config.json").write_text('{"model_type": "t5"}')
    refused("--preset", "bare")
    Path("bare/config.json").write_text("{")
    assert "cannot be read as JSON" in refused("--preset", "bare")
    assert "cannot be read as JSON" in failure(run("predict", "bare", "a"))
    assert "cannot be read as JSON" in failure(run("inspect", "bare"))


def test_refused_lengths(refused, files):
    assert "--max-length 99 is more than the" in refused("--max-length", "99")
    write("long.csv", [*ROWS[:2], ("the " * 40, "good")])
    message = refused("--truncation", "error", "--test", "long.csv")
    assert "1 of 2 texts are longer than the 32 tokens" in message
    assert "--truncation warn or silent" in message


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--epochs", "0", "argument --epochs: must be a whole number of 1 or more. Given: '0'"),
        ("--batch-size", "x", "argument --batch-size: must be a whole number"),
        ("--learning-rate", "-1", "argument --learning-rate: must be a number above 0"),
        ("--learning-rate", "nan", "must be a number above 0"),
        ("--learning-rate", "inf", "must be a number above 0"),
        ("--max-length", "3", "a whole number of 4 or more"),
        ("--seed", "-1", "a whole number from 0 to 4294967295"),
        ("--validation-split", "1", "must be between 0 and 1"),
        ("--precision", "float8", "argument --precision: invalid choice: 'float8'"),
        ("--problem", "multi", "argument --problem: invalid choice"),
        ("--truncation", "cut", "argument --truncation: invalid choice"),
        ("--output", "", "argument --output: must not be empty"),
        ("--backend", "mxnet", "argument --backend: invalid choice"),
        ("--epoch", "3", "unknown argument: --epoch 3. Did you mean '--epochs'. See: keras-bert"),
    ],
)
def test_refused_options(refused, option, value, message):
    assert message in refused(option, value, code=2)


def test_usage(run):
    assert "name a command: finetune, evaluate" in failure(run(), 2)
    assert "invalid choice: 'finetun'" in failure(run("finetun"), 2)
    assert "the following arguments are required: --preset" in failure(run("finetune"), 2)
    both = ("--validation", "a.csv", "--validation-split", "0.1")
    needed = ("--preset", "a", "--train", "a.csv", "--output", "b")
    assert "not allowed with argument" in failure(run("finetune", *needed, *both), 2)
    assert "give texts or --file, not both" in failure(run("predict", "a", "b", "--file", "c"), 2)
    assert "--text-column needs --file" in failure(run("predict", "a", "--text-column", "c"), 2)


def test_debug_shows_where(finetune):
    with pytest.raises(FileNotFoundError):
        finetune("--debug", train="nowhere.csv")


# -------------------------------------------------------------------------------------- evaluate


def test_evaluate(run, presets, files):
    result = run("evaluate", presets / "single", "--data", "train.csv", "--batch-size", "10")
    assert result.code == 0, result.err
    numbers = json.loads(result.out)
    assert result.out.count("\n") == 1
    assert set(numbers) == {"rows", "accuracy", "loss", "baseline"}
    assert (numbers["rows"], numbers["baseline"]) == (20, 0.5)
    assert "train.csv: 20 rows, accuracy" in result.err
    assert "against 0.500 for always saying 'good'" in result.err


@pytest.mark.parametrize("name", ["stars", "three"])
def test_evaluate_labels_that_are_numbers(run, presets, files, name):
    labels = {"stars": [1, 2, 3], "three": [0, 1, 2]}[name]
    rows = [{"text": "a", "label": labels[0]}, {"text": "b", "label": str(labels[2])}]
    result = run("evaluate", presets / name, "--data", write_json("rows.jsonl", rows))
    assert result.code == 0, result.err
    task = kbz.from_preset(presets / name)
    said = [answer["label"] for answer in task.classify(["a", "b"])]
    right = [said[0] == labels[0], said[1] == labels[2]]
    assert json.loads(result.out)["accuracy"] == sum(right) / 2


def test_evaluate_other_problems(run, presets, files):
    write("many.csv", [("text", "labels"), ("lovely food!", "food; room"), ("a", "")])
    result = run("evaluate", presets / "multi_label", "--data", "many.csv")
    assert json.loads(result.out)["baseline"] == pytest.approx(4 / 6)
    write("numbers.csv", [("text", "score"), ("lovely food!", "2"), ("a", "1e0"), ("b", "-1")])
    result = run("evaluate", presets / "regression", "--data", "numbers.csv")
    assert json.loads(result.out)["baseline"] == pytest.approx(1)
    assert "mean absolute error" in result.err


def test_evaluate_refuses(run, presets, files):
    write("other.csv", [*ROWS[:3], ("it was dull", "goood")])
    message = failure(run("evaluate", presets / "single", "--data", "other.csv"))
    assert "other.csv, line 4: the label 'goood' is not one of the labels that the" in message
    assert "Did you mean 'good'? Accepted: 'bad', 'good'." in message
    assert "There is no file" in failure(run("evaluate", presets / "single", "--data", "no.csv"))
    assert "There is no folder" in failure(run("evaluate", "./no", "--data", "train.csv"))


# -------------------------------------------------------------------------------------- predict


def test_predict_texts(run, presets):
    result = run("predict", presets / "single", "good food", "--top-k", "2", "-", "bad")
    assert result.code == 0, result.err
    rows = [json.loads(line) for line in result.out.splitlines()]
    assert [row["text"] for row in rows] == ["good food", "-", "bad"]
    assert [len(row["labels"]) for row in rows] == [2, 2, 2]
    first, second = rows[0]["labels"]
    assert first["score"] + second["score"] == pytest.approx(1)
    assert first["score"] >= second["score"]


def test_predict_from_standard_input_in_pieces(run, presets, monkeypatch):
    texts = ["good", "", "bad food", "it was\u2028dull", "never"]
    raw = "\n".join(texts).encode()
    stdin = types.SimpleNamespace(buffer=io.BytesIO(raw), isatty=lambda: False)
    monkeypatch.setattr(sys, "stdin", stdin)
    monkeypatch.setattr("keras_bert_zoo.cli.predict.CHUNK", 2)
    result = run("predict", presets / "single")
    rows = [json.loads(line) for line in result.out.splitlines()]
    assert [row["text"] for row in rows] == texts
    whole = kbz.from_preset(presets / "single").classify(texts)
    assert [row["label"] for row in rows] == [answer["label"] for answer in whole]
    assert [row["score"] for row in rows] == pytest.approx([a["score"] for a in whole], abs=1e-5)


def test_predict_nothing(run, presets, files, monkeypatch):
    stdin = types.SimpleNamespace(buffer=io.BytesIO(b""), isatty=lambda: False)
    monkeypatch.setattr(sys, "stdin", stdin)
    for source in ([], ["--file", "none.txt"], ["--file", "none.jsonl"]):
        Path("none.txt").touch()
        Path("none.jsonl").touch()
        result = run("predict", presets / "single", *source)
        assert (result.code, result.out, result.err) == (0, "", "")


def test_predict_a_file_to_csv(run, presets, files):
    write("in.csv", [("id", "review"), ("1", 'good, "food"'), ("2", ""), ("3", "caf\xe9")])
    result = run("predict", presets / "single", "--file", "in.csv", "--output", "out.csv",
                 "--text-column", "review")  # fmt: skip
    assert (result.code, result.out) == (0, "")
    with open("out.csv", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["text"] for row in rows] == ['good, "food"', "", "caf\xe9"]
    assert list(rows[0]) == ["text", "label", "score"]
    result = run("predict", presets / "single", "--file", "in.csv", "--text-column", "review",
                 "--format", "csv", "--top-k", "all")  # fmt: skip
    assert result.out.splitlines()[0] == "text,label_1,score_1,label_2,score_2"
    assert sorted(os.listdir(files)) == ["in.csv", "out.csv", "train.csv"]


def test_predict_other_problems(run, presets):
    row = json.loads(run("predict", presets / "regression", "good").out)
    assert list(row) == ["text", "value"]
    row = json.loads(run("predict", presets / "multi_label", "good").out)
    assert {item["label"] for item in row["labels"]} == {"food", "room", "film"}
    row = json.loads(run("predict", presets / "multi_label", "good", "--top-k", "1").out)
    assert list(row) == ["text", "label", "score"]
    row = json.loads(run("predict", presets / "three", "good").out)
    assert row["label"] in (0, 1, 2)


def test_predict_warns_once_of_what_is_cut(run, presets, files, monkeypatch):
    monkeypatch.setattr("keras_bert_zoo.tables.CHUNK", 1)
    Path("long.txt").write_text("the " * 40 + "\nshort\n" + "the " * 50 + "\n")
    result = run("predict", presets / "single", "--file", "long.txt")
    assert result.code == 0
    assert result.err == (
        "keras-bert-zoo: warning: 2 texts were cut to 32 tokens: 30 tokens were dropped. "
        "--truncation error refuses such texts.\n"
    )
    options = ("--file", "long.txt", "--output", "out.jsonl", "--truncation")
    assert run("predict", presets / "single", *options, "silent").err == ""
    Path("out.jsonl").write_text("as it was")
    message = failure(run("predict", presets / "single", *options, "error"))
    assert "texts are longer than the 32 tokens" in message
    assert Path("out.jsonl").read_text() == "as it was"
    assert sorted(os.listdir(files)) == ["long.txt", "out.jsonl", "train.csv"]


def test_predict_refuses(run, presets, files):
    def refusal(*argv):
        message = failure(run("predict", presets / "single", *argv))
        assert sorted(os.listdir(files)) == before
        return message

    write("in.csv", [("id", "remark"), ("1", "good")])
    write_json("null.jsonl", [{"text": "a"}, {"text": None}])
    before = sorted(os.listdir(files))
    assert "There is no file 'im.csv'. Did you mean 'in.csv'?" in refusal("--file", "im.csv")
    assert "Which column holds the texts? in.csv" in refusal("--file", "in.csv")
    assert "null.jsonl, line 2: the cell" in refusal("--file", "null.jsonl", "--output", "out.csv")
    assert "knows 2 labels only" in refusal("a", "--top-k", "3")
    assert "there is no folder 'no'" in refusal("a", "--output", "no/out.csv")
    assert "is a folder. Name a file" in refusal("a", "--output", files)
    message = refusal("--file", "in.csv", "--text-column", "remark", "--output", "in.csv")
    assert "is the file that is read" in message
    assert "No preset is called" in failure(run("predict", "no_such_thing", "a"))


def test_a_reader_that_goes_away(run, presets, monkeypatch):
    def write(stream):
        raise BrokenPipeError

    monkeypatch.setattr("keras_bert_zoo.cli.predict.WRITERS", {"jsonl": write})
    monkeypatch.setattr("keras_bert_zoo.cli._forget_stdout", lambda: None)
    result = run("predict", presets / "single", "a")
    assert (result.code, result.err) == (141, "")


# --------------------------------------------------------------------------- presets and inspect


def test_presets(run):
    assert "all_minilm_l6_v2" in run("presets").out
    rows = json.loads(run("presets", "--json", "--language", "zh").out)
    assert [row["name"] for row in rows] == ["bert_base_zh"]
    assert "Unknown family 'brt'. Did you mean 'bert'?" in failure(
        run("presets", "--family", "brt")
    )


def test_inspect_a_task(run, presets):
    facts = json.loads(run("inspect", presets / "single", "--json").out)
    assert (facts["task"], facts["problem"]) == ("TextClassifier", "single")
    assert facts["labels"] == ["bad", "good"]
    assert facts["encoder"]["hidden_dim"] == 16
    assert facts["tokenizer"]["kind"] == "WordPiece"
    assert facts["tokenizer"]["lowercase"] is True
    assert facts["parameters"] == kbz.from_preset(presets / "single").count_params()
    text = run("inspect", presets / "single").out
    assert "bad, good" in text
    assert "tensors missing        0" in text


def hugging_face_folder(folder, leave_out=(), **arrays):
    """A tiny BERT as Hugging Face saves it, without tokenizer."""
    numpy = pytest.importorskip("safetensors.numpy")
    from keras_bert_zoo.checkpoints.name_map import locate
    from keras_bert_zoo.families.bert import WEIGHT_NAMES

    encoder = tiny_encoder(num_layers=1)
    for variable in encoder.weights:
        place = locate(variable.path, WEIGHT_NAMES)
        array = keras.ops.convert_to_numpy(variable)
        arrays[place.name] = (array.T if place.transposed else array).copy()
    config = {"model_type": "bert", "vocab_size": 92, "num_hidden_layers": 1, "hidden_size": 16,
              "num_attention_heads": 2, "intermediate_size": 32,
              "max_position_embeddings": 32}  # fmt: skip
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# A model\n")
    arrays = {name: array for name, array in arrays.items() if name not in leave_out}
    numpy.save_file(arrays, str(folder / "model.safetensors"))
    return folder


@pytest.mark.parametrize("cls", ["MaskedLM", "MultipleChoice", "SpanExtractor", "TextEmbedder"])
def test_inspect_tasks_without_labels(run, files, cls):
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 16)
    task = getattr(kbz, cls)(tiny_encoder(num_layers=1), preprocessor)
    task.save_to_preset(files / "saved")
    facts = json.loads(run("inspect", files / "saved", "--json").out)
    assert facts["task"] == cls
    assert not {"problem", "labels"} & facts.keys()
    if cls == "TextEmbedder":
        task.save_to_sentence_transformers(files / "folder")
    else:
        task.save_to_hugging_face(files / "folder")
    facts = json.loads(run("inspect", files / "folder", "--json").out)
    assert facts["task"] == cls
    assert facts["report"].keys() <= {"source", "weights", "used", "honoured", "ignored"}


def test_inspect_a_tagger(run, files):
    task = kbz.TokenClassifier(tiny_encoder(num_layers=1), None, entity_types=["PER"])
    task.save_to_preset(files / "saved")
    facts = json.loads(run("inspect", files / "saved", "--json").out)
    assert facts["task"] == "TokenClassifier"
    assert "B-PER" in facts["labels"]


def test_inspect_an_encoder(run, files):
    folder = hugging_face_folder(files / "encoder")
    facts = json.loads(run("inspect", folder, "--json").out)
    assert facts["format"] == "Hugging Face"
    assert facts["task"].startswith("none")
    assert facts["licence"] == "mit"
    assert facts["encoder"]["num_layers"] == 1
    assert facts["tokenizer"].startswith("none that can be read")
    assert "missing" not in facts["report"]
    assert "train one with `keras-bert-zoo finetune`" in failure(run("predict", folder, "a"))


def test_inspect_what_does_not_fit(run, files):
    name = "pooler.dense.bias"
    folder = hugging_face_folder(files / "encoder", leave_out=[name])
    assert json.loads(run("inspect", folder, "--json").out)["report"]["missing"] == [name]
    assert f"tensors missing        1 ({name})" in run("inspect", folder).out
    write("train.csv", ROWS)
    arguments = ("--preset", folder, "--train", "train.csv", "--output", "model")
    message = failure(run("finetune", *arguments))
    assert f"1 tensors missing ({name})." in message
    assert not Path("model").exists()


# -------------------------------------------------------------------------------------- the parts


def test_split_takes_evenly_from_all_labels():
    labels = ["a"] * 80 + ["b"] * 20
    data = Labelled("x.csv", ["text", "label"], [[str(n) for n in range(100)]], labels, labels)
    train, validation = split(data, 0.1, seed=0)
    assert (len(train), len(validation)) == (90, 10)
    assert (validation.labels.count("a"), validation.labels.count("b")) == (8, 2)
    assert not set(train.texts[0]) & set(validation.texts[0])
    assert validation.texts == split(data, 0.1, seed=0)[1].texts
    assert validation.texts != split(data, 0.1, seed=1)[1].texts


def test_baselines():
    assert baseline(["a", "a", "b"], ["a", "b"], "single", ["a", "b"]) == (0.5, "'a'")
    assert baseline([1.0, 2.0, 9.0], [2.0, 4.0], "regression", None) == (1.0, "2")
    many = baseline([["a"], ["a", "b"], []], [["a"], ["b"]], "multi_label", ["a", "b"])
    assert many == (0.5, "'a'")


def test_backends(monkeypatch):
    other = next(name for name in BACKENDS if name != BACKEND)
    with pytest.raises(ValueError, match=f"Keras is running on {BACKEND} already"):
        choose_backend(other)
    choose_backend(BACKEND)
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    installed = lambda name: name == "jax"  # noqa: E731
    monkeypatch.setattr("keras_bert_zoo.cli.runtime.is_installed", installed)
    with pytest.raises(ImportError, match=r"'torch' is not installed: .* use --backend jax"):
        choose_backend()
    choose_backend("jax")
    assert os.environ["KERAS_BACKEND"] == "jax"
    monkeypatch.setenv("KERAS_BACKEND", "")
    monkeypatch.setenv("KERAS_HOME", "nowhere")
    choose_backend()
    assert os.environ["KERAS_BACKEND"] == "jax"


def test_messages_on_one_line():
    assert one_line(ValueError("None of these:\n  - a.\n  - b.")) == "None of these: a. b."
    assert one_line(FileNotFoundError(2, "No such file", "a.csv")) == "a.csv: No such file."
    assert one_line(ValueError("")) == "ValueError"
    assert len(one_line(ValueError("x" * 5000))) < LONGEST + 10


def test_warnings_are_as_they_were(run):
    before = (warnings.showwarning, list(warnings.filters))
    run("presets")
    assert (warnings.showwarning, list(warnings.filters)) == before


# -------------------------------------------------------------------------- processes of their own


def process(*argv, text=None, **env):
    root = Path(kbz.__file__).parents[1]
    return subprocess.run(
        [sys.executable, *map(str, argv)],
        input=text,
        env={**os.environ, "PYTHONPATH": str(root), **env},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )


def test_python_m(presets):
    answer = process("-m", "keras_bert_zoo", "predict", presets / "single", text="good\nbad\n")
    assert answer.returncode == 0, answer.stderr
    assert [json.loads(line)["text"] for line in answer.stdout.splitlines()] == ["good", "bad"]
    assert answer.stderr == ""


def test_python_m_tells_of_errors():
    answer = process("-m", "keras_bert_zoo", "predict", "a", "--file", "nowhere.txt")
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr == "keras-bert-zoo: error: There is no file 'nowhere.txt'.\n"


@pytest.mark.parametrize("argument", ["--help", "--version", "presets"])
def test_what_needs_no_keras(argument):
    program = (
        "import sys\nfrom keras_bert_zoo.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit as end: assert end.code == 0\n"
        "heavy = {'keras', 'numpy', 'tensorflow', 'jax', 'torch'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    answer = process("-c", program, argument)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout
