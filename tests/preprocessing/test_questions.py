"""Questions and answers in every form in which they are kept."""

import numpy as np
import pytest

from keras_bert_zoo.preprocessing.answers import answer_spans
from keras_bert_zoo.preprocessing.questions import read_questions

pytestmark = pytest.mark.any_backend
CONTEXT = "the food was good and the room was lovely ."

ROWS = [{"question": "a", "context": "b"}, {"question": "c", "context": "d"}]


def forms():
    pandas = pytest.importorskip("pandas")
    datasets = pytest.importorskip("datasets")
    columns = {"question": ["a", "c"], "context": ["b", "d"]}
    return {
        "dictionaries": ROWS,
        "columns": columns,
        "tuple": (["a", "c"], ["b", "d"]),
        "pairs": [("a", "b"), ["c", "d"]],
        "array": np.array([["a", "b"], ["c", "d"]]),
        "series": tuple(pandas.DataFrame(columns)[name] for name in columns),
        "frame": pandas.DataFrame(columns, index=[7, 9]),
        "data set": datasets.Dataset.from_dict(columns),
        "bytes": (np.array([b"a", b"c"]), np.array([b"b", b"d"])),
    }


@pytest.mark.parametrize("form", forms())
def test_every_form_of_questions(form):
    assert read_questions(forms()[form]) == (ROWS, None)


def test_answers_that_come_with_the_rows():
    rows = [{**row, "answers": n, "gold": -n, "id": f"q{n}"} for n, row in enumerate(ROWS)]
    with_ids = [{**row, "id": f"q{n}"} for n, row in enumerate(ROWS)]
    assert read_questions(rows) == (with_ids, [0, 1])
    assert read_questions(rows, "gold") == (with_ids, [0, -1])
    assert read_questions(rows, ["x", "y"])[1] == ["x", "y"]
    columns = {key: [row[key] for row in rows] for key in rows[0]}
    assert read_questions(columns) == (with_ids, [0, 1])
    assert read_questions({"question": "a", "context": "b"}) == (ROWS[:1], None)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ("Who?", None, "comes with the text"),
        (["Who?"], None, "Row 0 is 'Who\\?' \\(str\\)"),
        ([("a", "b"), ("c",)], None, "Row 1 is"),
        ([{"question": "a"}], None, "Row 0 has no 'context'"),
        ([{**ROWS[0], "answers": []}, ROWS[1]], None, "Row 1 has no 'answers', where row 0 has"),
        ({"question": ["a"], "context": ["b", "c"]}, None, "1 of question, 2 of context"),
        ({"query": ["a"], "context": ["b"]}, None, r"no column 'question'; there are \['query'"),
        (ROWS, "gold", "'gold' is not one of"),
        ([("a", None)], None, "Row 0 is None"),
        ((["a"], ["b"], ["c"]), None, "3 were given"),
        ({"token_ids": [], "padding_mask": []}, None, "the encoder's inputs"),
    ],
    ids=str,
)
def test_questions_that_cannot_be_read(x, y, words):
    with pytest.raises((TypeError, ValueError), match=words):
        read_questions(x, y)


@pytest.mark.parametrize(
    "given",
    [
        "food",
        b"food",
        ["food"],
        {"text": "food", "answer_start": 4},
        {"text": "food"},
        [{"text": "food", "answer_start": 4}],
        {"text": ["food"], "answer_start": [4]},
        {"text": np.array(["food"]), "answer_start": np.array([4], "int32")},
        {"text": ["food"]},
        (4, 8),
        [4, 8],
        np.array([4, 8]),
        [(4, 8)],
    ],
    ids=str,
)
def test_every_form_of_an_answer(given):
    assert answer_spans(given, CONTEXT, "Row 0") == [(4, 8)]


@pytest.mark.parametrize(
    "given", [None, "", [], (), float("nan"), {"text": [], "answer_start": []}, [""], np.array([])]
)
def test_every_form_of_no_answer(given):
    assert answer_spans(given, CONTEXT, "Row 0") == []


def test_several_answers_and_the_first_of_several_places():
    assert answer_spans(["the", "room"], CONTEXT, "") == [(0, 3), (26, 30)]
    assert answer_spans({"text": "the", "answer_start": 22}, CONTEXT, "") == [(22, 25)]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("pizza", "Row 3: the answer 'pizza' is not in the context"),
        ("Food", "letter for letter"),
        (
            {"text": "food", "answer_start": 5},
            "not at answer_start=5, where the context has 'ood '",
        ),
        ({"text": "food", "answer_start": -1}, "not at answer_start=-1"),
        ({"text": "food", "answer_start": "4"}, "not at answer_start='4'"),
        ({"text": ["food"], "answer_start": [4, 5]}, "1 answers, but answer_start="),
        ({"answer": "food"}, "has 'answer'"),
        ((4, 400), "from character 4 to 400 is not in its context of 43"),
        ((4, 4), "0 <= start < end"),
        (4.5, "Given: 4.5"),
        ({"text": 4}, "must be str"),
    ],
    ids=str,
)
def test_answers_that_cannot_be_right(given, words):
    with pytest.raises((TypeError, ValueError), match=words):
        answer_spans(given, CONTEXT, "Row 3")
