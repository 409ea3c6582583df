"""The command line on every task: train, judge and use, with the files that each one has."""

import json

import pytest

from keras_bert_zoo.cli import main
from keras_bert_zoo.highlight import page, terminal
from tests.tasks.cases import CASES
from tests.tiny import tiny_classifier

CONLL = "we\tO\nloved\tO\nthe\tO\nfood\tB-FOOD\n\nawful\tO\nroom\tB-ROOM\n"
CONTEXT = "the food was awful !"
SQUAD = {
    "version": "v2.0",
    "data": [
        {
            "title": "a",
            "paragraphs": [
                {
                    "context": CONTEXT,
                    "qas": [
                        {
                            "id": "1",
                            "question": "what was awful?",
                            "answers": [{"text": "the food", "answer_start": 0}],
                            "is_impossible": False,
                        },
                        {"id": "2", "question": "we?", "answers": [], "is_impossible": True},
                    ],
                }
            ],
        }
    ],
}
CHOICES = [{"question": "a film", "choices": ["good", "bad", "dull"], "label": 2}] * 3
FILES = {
    "token": ("a.conll", CONLL),
    "span": ("a.json", json.dumps(SQUAD)),
    "choice": ("a.jsonl", "\n".join(map(json.dumps, CHOICES))),
    "mask": ("a.txt", "the food was good\nwe loved the room\n\nawful film\n"),
    "embed": ("a.csv", "a,b\nthe food,food\nwe loved it,loved\n"),
    "document": ("a.csv", f"text,label\nthe food was awful,bad\n{'we loved it ' * 40},good\n"),
    "pair": ("a.csv", "text,text_b,label\nthe food,food,yes\nwe loved it,room,no\n"),
}
USES = {
    "document": (["the food was awful " * 40], "label"),
    "token": (["the food was awful"], "entities"),
    "span": (["--question", "what?", CONTEXT], "answer"),
    "choice": (["a film", "good", "bad"], "choice"),
    "mask": (["the [MASK] was good"], "fills"),
    "embed": (["the food"], "vector"),
}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """A preset to start from."""
    folder = tmp_path_factory.mktemp("preset") / "encoder"
    tiny_classifier().save_to_preset(folder)
    return str(folder)


def finetune(encoder, task, tmp_path, *more):
    name, text = FILES[task]
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    options = ["--preset", encoder, "--task", task, "--train", str(path), "--epochs", "1"]
    if task == "pair":
        options += ["--text-column", "text,text_b"]
    output = tmp_path / "output"
    return main(["finetune", *options, "--output", str(output), *more]), output, path


@pytest.mark.parametrize("task", FILES)
def test_train_judge_and_use(task, encoder, tmp_path, capsys):
    path = tmp_path / FILES[task][0]
    judged = [] if task == "embed" else ["--test", str(path)]
    code, output, path = finetune(encoder, task, tmp_path, *judged)
    printed = capsys.readouterr()
    assert code == 0, printed.err
    assert "Saved to" in printed.out
    assert ("test " in printed.out) is bool(judged)
    if task == "pair":
        return
    if task != "embed":
        assert main(["evaluate", str(output), "--data", str(path)]) == 0
        figures = json.loads(capsys.readouterr().out)
        assert figures["rows"] >= 2
        assert len(figures) > 1
    words, key = USES[task]
    assert main(["predict", str(output), *words]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert key in json.loads(line)


def test_files_of_inputs(encoder, tmp_path, capsys):
    _, output, path = finetune(encoder, "span", tmp_path)
    capsys.readouterr()
    assert main(["predict", str(output), "--file", str(path)]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["id"] for row in rows] == ["1", "2"]
    target = tmp_path / "answers.jsonl"
    assert main(["predict", str(output), "--file", str(path), "--output", str(target)]) == 0
    assert len(target.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("task", "text", "words"),
    [
        ("token", "a\tO\nb\tO\n", "one tag only"),
        ("token", "a\n", "line 1: 1 column"),
        ("span", "{}", "a.json"),
        ("choice", '{"question": "a", "choices": ["b"]}', "no column of labels"),
        ("embed", "a\nthe food\n", "the text column 'a' only"),
        ("mask", "", "holds no texts"),
    ],
)
def test_what_is_wrong_with_a_file(task, text, words, encoder, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(FILES, task, (FILES[task][0], text))
    code, output, _ = finetune(encoder, task, tmp_path)
    assert code == 1
    assert words in capsys.readouterr().err
    assert not output.exists()


@pytest.mark.parametrize(
    ("task", "more", "words"),
    [
        ("token", ["--labels", "a,b"], "--labels is for texts with labels"),
        ("mask", ["--problem", "regression"], "--problem is for"),
        ("span", ["--predict", "a"], "--predict is for"),
    ],
)
def test_options_of_other_tasks(task, more, words, encoder, tmp_path, capsys):
    code, output, _ = finetune(encoder, task, tmp_path, *more)
    assert code == 2
    assert words in capsys.readouterr().err
    assert not output.exists()


def test_what_a_preset_cannot_do(encoder, tmp_path, capsys):
    CASES["token"].build().save_to_preset(tmp_path / "tagger")
    assert main(["predict", str(tmp_path / "tagger"), "a", "--format", "csv"]) == 2
    assert "written as JSON lines" in capsys.readouterr().err
    assert main(["predict", str(tmp_path / "tagger"), "a", "--question", "b"]) == 2
    assert main(["predict", encoder, "a", "--question", "b"]) == 2
    assert "--question is for presets that answer questions" in capsys.readouterr().err


def test_entities_and_answers_to_look_at(encoder, tmp_path, capsys, monkeypatch):
    code, output, _ = finetune(encoder, "token", tmp_path)
    assert code == 0
    texts = ["the food was awful", "we loved it"]
    capsys.readouterr()
    assert main(["predict", str(output), *texts, "--format", "jsonl"]) == 0
    entities = [json.loads(line)["entities"] for line in capsys.readouterr().out.splitlines()]
    for variable, color in (("NO_COLOR", False), ("FORCE_COLOR", True)):
        monkeypatch.setenv(variable, "1")
        assert main(["predict", str(output), *texts, "--format", "text"]) == 0
        known = []
        expected = [terminal(t, e, color=color, known=known) for t, e in zip(texts, entities)]
        assert capsys.readouterr().out.splitlines() == expected
    assert main(["predict", str(output), *texts, "--output", str(tmp_path / "a.html")]) == 0
    rows = [(text, row, None) for text, row in zip(texts, entities)]
    written = (tmp_path / "a.html").read_text("utf-8")
    assert written == page(rows, "keras-bert-zoo predict")
    code, output, _ = finetune(encoder, "span", tmp_path)
    assert code == 0
    asked = ["--question", "what?", "--format", "html"]
    capsys.readouterr()
    assert main(["predict", str(output), *asked, CONTEXT]) == 0
    assert "<b>what?</b>" in capsys.readouterr().out
    code, output, _ = finetune(encoder, "mask", tmp_path)
    assert main(["predict", str(output), "a [MASK]", "--format", "html"]) == 2
    assert "this is a MaskedLM" in capsys.readouterr().err
    assert main(["predict", encoder, "a", "--format", "text"]) == 2
    assert "mark stretches" in capsys.readouterr().err
