"""The page about a training: its figures, and the file."""

import html.parser
import re

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.report import write_report
from keras_bert_zoo.report.charts import bars, lines, matrix, ticks
from keras_bert_zoo.report.classes import Judged, judged
from tests.tasks.cases import CASES

TEXTS = ["a great film", "<b>awful</b> food!", "we loved the room", "very dull", "good", "hated"]
LABELS = ["good", "bad", "good", "bad", "good", "bad"]


@pytest.fixture
def answers():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(200, 3)) * 2
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    right = np.array([rng.choice(3, p=row) for row in probabilities])
    return Judged([f"text {i}" for i in range(200)], ["a", "b", "c"], right, probabilities)


def test_confusions_are_those_of_scikit_learn(answers):
    metrics = pytest.importorskip("sklearn.metrics")
    expected = metrics.confusion_matrix(answers.right, answers.answered)
    np.testing.assert_array_equal(answers.confusion(), expected)
    assert answers.accuracy == metrics.accuracy_score(answers.right, answers.answered)


def test_calibration_by_hand(answers):
    error = 0.0
    for low in np.arange(0, 1, 0.1):
        inside = [i for i, s in enumerate(answers.scores) if low <= s < low + 0.1 or s == low == 1]
        if inside:
            hits = [answers.probabilities[i].argmax() == answers.right[i] for i in inside]
            gap = abs(np.mean(hits) - np.mean([answers.scores[i] for i in inside]))
            error += len(inside) / 200 * gap
    assert answers.calibration_error() == pytest.approx(error)
    assert sum(share for _, _, share in answers.calibration()) == pytest.approx(1.0)
    assert answers.calibration_error() < 0.1  # labels were drawn by these probabilities


def test_certain_answers_have_a_bin():
    sure = Judged(["a", "b"], ["x", "y"], np.array([0, 1]), np.eye(2))
    assert sure.calibration() == [(1.0, 1.0, 1.0)]
    edges, right, wrong = sure.histogram()
    assert (right.sum(), wrong.sum(), edges[-1]) == (2, 0, 1.0)


def test_the_hardest_come_first(answers):
    found = answers.hardest(5)
    of_right = sorted(answers.probabilities[np.arange(200), answers.right])
    assert [row[3] for row in found] == of_right[:5]
    assert all(row[1] != row[2] for row in found)


class Reader(html.parser.HTMLParser):
    """Tags that are open, and what the page would fetch."""

    def __init__(self):
        super().__init__()
        self.open, self.fetched = [], []

    def handle_starttag(self, tag, attributes):
        if tag != "meta":
            self.open.append(tag)
        self.fetched += [value for name, value in attributes if name in ("src", "href")]

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def read(path):
    page, reader = path.read_text("utf-8"), Reader()
    reader.feed(page)
    assert reader.open == []
    assert reader.fetched == []
    assert "<script" not in page
    return page


def test_a_page_about_a_classifier(tmp_path):
    task = CASES["text"].build(recipe=kbz.Recipe(1e-2))
    held_out = (TEXTS, LABELS)
    history = task.fit(TEXTS, LABELS, validation_data=held_out, epochs=3, verbose=0)
    page = read(write_report(tmp_path / "report.html", task, history, held_out))
    assert "&lt;b&gt;awful&lt;/b&gt; food!" in page
    assert page.count("<polyline") == 4  # loss and accuracy, of training and validation
    accuracy = task.evaluate(*held_out, verbose=0, return_dict=True)["accuracy"]
    assert f"<th>accuracy</th><td>{accuracy:.4f}</td>" in page
    assert judged(task, *held_out).accuracy == pytest.approx(accuracy)
    cells = [int(n) for n in re.findall(r"rgba\([\d.,]+\)\">(\d+)</td>", page)]
    assert (len(cells), sum(cells)) == (4, len(TEXTS))
    for part in ("Calibration", "Hardest examples", "layer_0", "learning_rate"):
        assert part in page
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize("name", ["pair", "token", "span", "choice", "embed"])
def test_other_tasks_have_their_figures(name, tmp_path):
    case = CASES[name]
    task = case.build()
    page = read(write_report(tmp_path / "page.html", task, {"loss": [1.0]}, (case.x, case.y)))
    figures = task.evaluate(case.x, case.y, verbose=0, return_dict=True)
    assert f"<th>loss</th><td>{figures['loss']:.4f}</td>" in page
    assert "Confusions" not in page


def test_a_page_without_data(tmp_path):
    page = read(write_report(tmp_path / "page.html", CASES["text"].build(), title="<Ünïcode>"))
    assert "<h1>&lt;Ünïcode&gt;</h1>" in page
    assert "Course" not in page


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (3, 47, [10, 20, 30, 40]), (2, 2, [2])],
)
def test_round_numbers_on_axes(low, high, expected):
    assert ticks(low, high) == expected


def test_charts_of_little():
    assert lines({"training": [float("nan")]}, "loss") == ""
    assert lines({"training": [0.5]}, "loss").count("<circle") == 1
    assert "<rect" in bars([0, 1], {"right": [0]}, "texts", "probability")
    assert matrix([[0]], ["&"]).count("<th>&amp;</th>") == 2
