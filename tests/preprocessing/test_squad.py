"""Files of questions in the layouts of SQuAD."""

import json
import warnings

import pytest

from keras_bert_zoo.preprocessing.squad import read_squad

pytestmark = pytest.mark.any_backend
CONTEXT = "the food was good and the room was lovely ."


def question(**changes):
    given = {"text": ["food"], "answer_start": [4]}
    return {
        "id": "q",
        "title": "t",
        "question": "?",
        "context": CONTEXT,
        "answers": given,
        **changes,
    }


def official(*questions):
    """The same in the official layout."""
    qas = [
        {
            **{key: value for key, value in q.items() if key not in ("context", "title")},
            "answers": [
                {"text": t, "answer_start": s}
                for t, s in zip(q["answers"]["text"], q["answers"]["answer_start"])
            ],
        }
        for q in questions
    ]
    paragraphs = [{"context": CONTEXT, "qas": qas}]
    return {"version": "v2.0", "data": [{"title": "t", "paragraphs": paragraphs}]}


EXPECTED = {
    "id": "q",
    "title": "t",
    "question": "?",
    "context": CONTEXT,
    "answers": [{"text": "food", "answer_start": 4}],
    "is_impossible": False,
}
NONE = {"text": [], "answer_start": []}


@pytest.mark.parametrize("layout", ["official", "lines", "one line", "list", "data"])
def test_every_layout_of_a_file(layout, tmp_path):
    path = tmp_path / "squad.json"
    both = [question(), question(id="r", answers=NONE)]
    text = {
        "official": json.dumps(official(*both)),
        "lines": "\ufeff" + "\r\n".join(map(json.dumps, both)) + "\n\n",
        "one line": json.dumps(both[0]) + "\n",
        "list": json.dumps(both, indent=1),
        "data": json.dumps({"data": both}),
    }[layout]
    path.write_text(text, encoding="utf-8")
    expected = [EXPECTED, {**EXPECTED, "id": "r", "answers": [], "is_impossible": True}]
    assert read_squad(path) == (expected[:1] if layout == "one line" else expected)


def test_impossible_questions_have_no_answers(tmp_path):
    path = tmp_path / "squad.json"
    path.write_text(json.dumps(official(question(is_impossible=True))))
    (row,) = read_squad(path)
    assert (row["answers"], row["is_impossible"]) == ([], True)


def test_wrong_positions(tmp_path):
    path = tmp_path / "squad.json"
    half = {"text": ["food", "food"], "answer_start": [5, 4]}
    wrong = {"text": ["food"], "answer_start": [5]}
    path.write_text(json.dumps(official(question(id="x", answers=half), question(answers=wrong))))
    place = r"data\[0\].paragraphs\[0\].qas\[0\], id 'x': the answer 'food' is not at"
    with pytest.raises(ValueError, match=f"squad.json, {place} answer_start=5.*'ood '"):
        read_squad(path)
    with pytest.warns(UserWarning, match="2 answers .* 1 of 2 questions"):
        rows = read_squad(path, strict=False)
    assert rows == [{**EXPECTED, "id": "x"}]
    path.write_text(json.dumps(official(question())))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_squad(path, strict=False) == [EXPECTED]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "squad.json is not valid JSON"),
        ('{"a": 1}', "'data' is missing; it must be a list. It has: 'a'"),
        ('{"data": [{"title": "t"}]}', r"data\[0\]: 'paragraphs' is missing"),
        ('{"data": [3]}', r"data\[0\]: must be an object, not 3"),
        ('{"data": [{"paragraphs": [{"qas": []}]}]}', r"paragraphs\[0\]: 'context' is missing"),
        ('{"question": "a"}\n{"question": "b"}', "line 1: 'context' is missing"),
        ('{"question": "a", "context": "b"}\n{oops\n', "line 2: not valid JSON"),
        ('[{"question": 3, "context": "b"}]', "item 1: 'question' is 3; it must be a str"),
        ("3", "must be an object, not 3"),
        (json.dumps([question(answers="food")]), r"item 1 \(id 'q'\): answers must be a list"),
        (json.dumps([question(answers=[{"text": "food"}])]), "'answer_start' is missing"),
        (json.dumps([question(answers={"text": ["a"], "answer_start": []})]), "1 answers, but 0"),
    ],
    ids=str,
)
def test_files_that_cannot_be_read(text, words, tmp_path):
    path = tmp_path / "squad.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=words):
        read_squad(path)


def test_files_that_are_not_there(tmp_path):
    (tmp_path / "squad.json").write_bytes(b"\xff\xff")
    with pytest.raises(FileNotFoundError, match="Did you mean 'squad.json'"):
        read_squad(tmp_path / "squad.jso")
    with pytest.raises(ValueError, match="byte 0 is not UTF-8"):
        read_squad(tmp_path / "squad.json")
