"""Scores of answers: by hand, and as a second, plainer writing of the official rules has them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_bert_zoo.metrics import exact_match, normalize_answer, squad_scores, token_f1

pytestmark = pytest.mark.any_backend


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The  Eiffel-Tower!", "eiffeltower"),
        ("a cat, an owl\tand\nthe dog", "cat owl and dog"),
        ("Theatre of Athens", "theatre of athens"),
        ("U.S.A.", "usa"),
        ("A.", ""),
        ("ÉCOLE", "école"),
        # Only ASCII punctuation is taken out, but an article beside any other mark is one too.
        ("l’a the—end", "l’ —end"),
    ],
)
def test_normal_form(text, normal):
    assert normalize_answer(text) == normal


@pytest.mark.parametrize(
    ("prediction", "golds", "exact", "f1"),
    [
        ("The Eiffel Tower", ["eiffel tower."], 1, 1),
        ("tower", ["eiffel tower", "tower"], 1, 1),
        ("tower in Paris", ["The Eiffel Tower"], 0, 2 * (1 / 3) * (1 / 2) / (1 / 3 + 1 / 2)),
        ("new new york", ["new york new york"], 0, 2 * 1 * (3 / 4) / (1 + 3 / 4)),
        ("x", ["y"], 0, 0),
        ("", [], 1, 1),
        ("the", [], 1, 1),
        ("x", [], 0, 0),
        ("", ["y"], 0, 0),
        # Answers that normalise to nothing do not count beside others, but do if there is none.
        ("", ["the", "y"], 0, 0),
        ("", ["the"], 1, 1),
    ],
)
def test_answers_by_hand(prediction, golds, exact, f1):
    assert exact_match(prediction, golds) == exact
    assert token_f1(prediction, golds) == pytest.approx(f1)


def test_version_1_by_hand():
    scores = squad_scores({"a": "x y", "b": "z"}, {"a": ["x"], "b": ["w", "z"]})
    assert scores == {
        "exact": 50.0,
        "f1": pytest.approx((200 / 3 + 100) / 2),
        "total": 2,
        "HasAns_exact": 50.0,
        "HasAns_f1": pytest.approx((200 / 3 + 100) / 2),
        "HasAns_total": 2,
    }


def test_version_2_by_hand():
    """The wrong answer `b` and the needless one `c` have high probabilities of none."""
    predictions = {"a": "x", "b": "y", "c": "z", "d": ""}
    references = {"a": ["x"], "b": ["w"], "c": [], "d": []}
    probability = {"a": 0.1, "b": 0.6, "c": 0.7, "d": 0.9}
    plain = squad_scores(predictions, references)
    assert (plain["exact"], plain["HasAns_exact"], plain["NoAns_exact"]) == (50, 50, 50)
    assert "best_exact" not in plain
    gated = squad_scores(predictions, references, probability, threshold=0.65)
    assert (gated["exact"], gated["HasAns_f1"], gated["NoAns_f1"]) == (75, 50, 100)
    assert (gated["best_exact"], gated["best_exact_thresh"]) == (75, 0.1)
    assert (gated["best_f1"], gated["best_f1_thresh"]) == (75, 0.1)
    assert list(gated)[-4:] == ["best_exact", "best_exact_thresh", "best_f1", "best_f1_thresh"]
    # A probability at the threshold leaves the prediction.
    assert squad_scores(predictions, references, probability, 0.7)["NoAns_exact"] == 50


def slow_normal(text):
    kept = "".join(c for c in text.lower() if c not in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
    return [word for word in kept.split() if word not in ("a", "an", "the")]


def slow_pair(prediction, gold):
    """Exact match and F1, by crossing out words one by one."""
    ours, theirs = slow_normal(prediction), slow_normal(gold)
    rest, hits = list(theirs), 0
    for word in ours:
        if word in rest:
            rest.remove(word)
            hits += 1
    if not ours and not theirs:
        return 1.0, 1.0
    return float(ours == theirs), 2 * hits / (len(ours) + len(theirs))


def slow_best(raw, predictions, references, probability):
    """The best of all thresholds, the first of those if several are; 0 for none at all."""
    best, at = -1.0, None
    for threshold in [-1.0, *sorted(probability.values())]:
        score = 0.0
        for key, golds in references.items():
            if probability[key] > threshold:
                score += not golds
            else:
                score += raw[key] if golds else not predictions[key]
        if score > best + 1e-9:
            best, at = score, max(threshold, 0.0)
    return 100 * best / len(references), at


WORDS = ["the", "a", "Cat", "cat.", "dog", "dog dog", "", "U.S.", "us", "!"]
TEXT = st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join)
QUESTION = st.tuples(TEXT, st.lists(TEXT, max_size=3), st.integers(0, 10))


@settings(max_examples=200, deadline=None)
@given(st.lists(QUESTION, min_size=1, max_size=6, unique_by=lambda q: q[2]), st.integers(0, 10))
def test_equals_the_plainer_writing(questions, cut):
    predictions = {i: q[0] for i, q in enumerate(questions)}
    references = {i: q[1] for i, q in enumerate(questions)}
    probability = {i: q[2] / 10 for i, q in enumerate(questions)}
    raw = []
    for prediction, golds, _ in questions:
        usable = [gold for gold in golds if slow_normal(gold)] or [""]
        pairs = [slow_pair(prediction, gold) for gold in usable]
        raw.append([max(column) for column in zip(*pairs)])
    scores = squad_scores(predictions, references, probability, threshold=cut / 10)
    for place, name in enumerate(("exact", "f1")):
        values = {i: row[place] for i, row in enumerate(raw)}
        gated = [
            float(not references[i]) if probability[i] > cut / 10 else value
            for i, value in values.items()
        ]
        assert scores[name] == pytest.approx(100 * sum(gated) / len(gated))
        for prefix, kind in (("HasAns", True), ("NoAns", False)):
            part = [gated[i] for i in references if bool(references[i]) == kind]
            assert scores.get(f"{prefix}_total", 0) == len(part)
            if part:
                assert scores[f"{prefix}_{name}"] == pytest.approx(100 * sum(part) / len(part))
        best, at = slow_best(values, predictions, references, probability)
        assert scores[f"best_{name}"] == pytest.approx(best)
        assert scores[f"best_{name}_thresh"] == at


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({}, {}), "There are no references"),
        (({"a": "x"}, {"a": [], "b": []}), "predictions lacks 1 of 2 questions, such as 'b'"),
        (({"a": "x"}, {"a": []}, {}), "no_answer_probability lacks 1 of 1 questions"),
        (({"a": "x"}, {"a": "x"}), "must be a list of str. Given: 'x'"),
    ],
)
def test_what_is_wrong_is_said(arguments, message):
    with pytest.raises(ValueError, match=message):
        squad_scores(*arguments)
