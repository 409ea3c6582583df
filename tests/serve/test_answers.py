"""Every task says over HTTP what it says itself."""

import pytest
from fastapi.testclient import TestClient

from keras_bert_zoo.serve import Settings, create_app
from keras_bert_zoo.serve.answers import TABLE, answers_for
from keras_bert_zoo.serve.description import prediction_answer
from tests.serve.served import CASES, LONG, same
from tests.tasks import cases as task_cases
from tests.tiny import tiny_classifier


@pytest.fixture
def client():
    """Makes clients of tasks, and stops their servers."""
    opened = []

    def make(task, **settings):
        one = TestClient(create_app(task, Settings(**{"max_batch_size": 4, **settings})))
        opened.append(one.__enter__())
        return one

    yield make
    for one in opened:
        one.__exit__(None, None, None)


@pytest.mark.parametrize("name", CASES)
def test_says_what_the_task_says(name, client):
    case = CASES[name]
    task = case.build()
    expected = case.direct(task)
    one = client(task)
    answer = one.post("/predict", json=case.body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert same(found["predictions"], expected)
    assert (found["task"], found["model"]) == (case.cls, case.cls)
    prediction_answer(answers_for(task, Settings())).model_validate(found)  # as described
    single = one.post("/predict", json=case.single)
    assert single.status_code == 200, single.text
    assert same(single.json()["predictions"], expected[:1])


def test_every_task_of_texts_is_served():
    assert {case.cls for case in CASES.values()} == set(TABLE)
    known = {case.cls for case in task_cases.CASES.values()} | {"MultiTaskClassifier"}
    assert known - set(TABLE) == {"AnswerClassifier"}


@pytest.mark.any_backend
def test_documents_are_ordered_for_a_query(client):
    task = CASES["pair"].build()
    documents = ["was good", "awful", "a film"]
    answer = client(task).post("/predict", json={"query": "a film", "documents": documents})
    assert same(answer.json()["predictions"], [{"ranking": task.rank("a film", documents)}])


@pytest.mark.any_backend
def test_says_what_was_cut(client):
    answer = client(tiny_classifier()).post("/predict", json={"texts": ["good", LONG]}).json()
    assert answer["warnings"] == [
        "Input 1 was cut: the model reads 32 tokens, special ones included, and did not see the "
        f"last {12 * 10 - 30} of {12 * 10}."
    ]
    assert answer["tokens"] == 1 + 12 * 10


@pytest.mark.any_backend
def test_refuses_what_would_be_cut_if_it_is_to(client):
    task = CASES["text"].build(truncation="error")
    answer = client(task).post("/predict", json={"text": LONG})
    assert answer.status_code == 422
    assert "longer than the 16 tokens" in answer.json()["error"]["message"]


@pytest.mark.any_backend
def test_reads_all_of_a_long_text_up_to_a_limit(client):
    one = client(CASES["token"].build(), max_tokens=100)
    assert one.post("/predict", json={"text": "a film " * 40}).json()["warnings"] == []
    answer = one.post("/predict", json={"text": LONG})
    assert answer.status_code == 422
    assert answer.json()["error"]["message"] == "A text may have 100 tokens. Given: 120. Split it."


@pytest.mark.any_backend
def test_a_task_that_cannot_be_served_is_refused():
    visual = task_cases.CASES["visual-answer"].build()
    with pytest.raises(ValueError, match="A AnswerClassifier cannot be served. Tasks that can be"):
        create_app(visual)
    bare = CASES["text"].build()
    bare.preprocessor = None
    with pytest.raises(ValueError, match="no preprocessor"):
        create_app(bare)
