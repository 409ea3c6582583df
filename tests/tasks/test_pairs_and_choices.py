"""Pairs that are scored and ranked, labels never seen, choices of any number."""

import numpy as np
import pytest

import keras_bert_zoo as kbz
from tests.tiny import tiny_encoder, tiny_tokenizer

DOCUMENTS = ["the food was good", "a film", "we hated the room", ""]


def build(cls, **options):
    return cls(tiny_encoder(), kbz.Preprocessor(tiny_tokenizer(), 32), seed=1, **options)


# --------------------------------------------------------------------------------- pairs


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_classes": 1, "problem": "multi_label"},
        {"labels": ["no", "yes"]},
        {"labels": ["yes", "no"], "positive": "yes"},
    ],
    ids=["number", "relevance", "last class", "named class"],
)
def test_ranking_is_sorting_by_score(options):
    task = build(kbz.PairScorer, **options)
    pairs = [("a great film", document) for document in DOCUMENTS]
    scores, logits = task.score(pairs), task.predict(pairs, verbose=0)
    if task.problem == "regression":
        expected = logits[:, 0]
    elif task.num_classes == 1:
        expected = 1 / (1 + np.exp(-logits[:, 0]))
    else:
        place = task.labels.index("yes")
        expected = np.exp(logits[:, place]) / np.exp(logits).sum(axis=1)
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    ranked = task.rank("a great film", DOCUMENTS)
    assert [r["index"] for r in ranked] == np.argsort(-scores, kind="stable").tolist()
    assert [r["document"] for r in ranked] == [DOCUMENTS[r["index"]] for r in ranked]
    assert task.rank("a great film", DOCUMENTS, top_k=2) == ranked[:2]
    assert task.rank("a", []) == []


def test_inference_and_similarity_are_learnt():
    pairs = [("the food was good", "good food"), ("the food was good", "bad food")] * 8
    task = build(kbz.PairScorer, labels=["contradiction", "entailment"], recipe=kbz.Recipe(1e-2))
    task.fit(pairs, ["entailment", "contradiction"] * 8, epochs=25, batch_size=8, verbose=0)
    assert task.classify(pairs[:2])[0]["label"] == "entailment"
    number = build(kbz.PairScorer, recipe=kbz.Recipe(1e-2))
    number.fit(pairs, [1.0, 0.0] * 8, epochs=25, batch_size=8, verbose=0)
    high, low = number.score(pairs[:2])
    assert high > low


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="positive class"):
        build(kbz.PairScorer, labels=["a", "b"], positive="c")
    with pytest.raises(TypeError, match="one query"):
        build(kbz.PairScorer).rank(["a"], ["b"])


# --------------------------------------------------------------------------------- zero-shot


def inference(**options):
    return build(kbz.PairScorer, labels=["ENTAILMENT", "neutral", "contradiction"], **options)


def test_zero_shot_is_entailment_of_each_label():
    scorer = inference()
    task = kbz.ZeroShotClassifier(scorer)
    labels, texts = ["food", "film", "room"], ["the food was good", "a"]
    pairs = [(text, f"This example is {label}.") for text in texts for label in labels]
    logits = scorer.predict(pairs, verbose=0).reshape(2, 3, 3)
    single = np.exp(logits[:, :, 0]) / np.exp(logits[:, :, 0]).sum(axis=1, keepdims=True)
    many = 1 / (1 + np.exp(logits[:, :, 2] - logits[:, :, 0]))
    for options, expected in (({}, single), ({"multi_label": True}, many)):
        answers = task.classify(texts, labels, **options)
        for answer, row in zip(answers, expected):
            assert {a["label"]: a["score"] for a in answer} == pytest.approx(
                dict(zip(labels, row.tolist())), rel=1e-4
            )
            assert [a["score"] for a in answer] == sorted(
                (a["score"] for a in answer), reverse=True
            )
        assert task.classify(texts[0], labels, **options) == answers[0]
    assert task.classify([], labels) == []


def test_zero_shot_mistakes_are_named():
    task = kbz.ZeroShotClassifier(inference())
    with pytest.raises(ValueError, match="must have {} where"):
        task.classify("a", ["b"], template="about it")
    with pytest.raises(ValueError, match="different labels"):
        task.classify("a", ["b", "b"])
    with pytest.raises(ValueError, match="Which class means entailment"):
        kbz.ZeroShotClassifier(build(kbz.PairScorer, labels=["a", "b"]))
    two = kbz.ZeroShotClassifier(build(kbz.PairScorer, labels=["yes", "no"]), entailment="yes")
    with pytest.raises(ValueError, match="no class of that name|no class"):
        two.classify("a", ["b"], multi_label=True)


# --------------------------------------------------------------------------------- choices

PROMPT, CHOICES = "the food was", ["good", "bad and dull", "a film"]


def test_each_choice_is_a_pair_with_its_prompt():
    """The logits of a `TextClassifier` with the same weights, one pair at a time."""
    task = build(kbz.MultipleChoice)
    (logits,) = task.predict([(PROMPT, CHOICES)], verbose=0)
    scorer = kbz.PairScorer(task.encoder, task.preprocessor)
    scorer.get_layer("head").set_weights(task.get_layer("head").get_weights())
    expected = scorer.predict([(PROMPT, choice) for choice in CHOICES], verbose=0)[:, 0]
    np.testing.assert_allclose(logits, expected, atol=1e-5)
    answer = task.choose(PROMPT, CHOICES)
    assert answer["index"] == int(logits.argmax())
    assert answer["choice"] == CHOICES[answer["index"]]
    np.testing.assert_allclose(answer["scores"], np.exp(logits) / np.exp(logits).sum(), atol=1e-5)


FORMS = {
    "dictionaries": [{"question": PROMPT, "choices": CHOICES}],
    "one dictionary": {"question": PROMPT, "choices": CHOICES},
    "columns": {"question": [PROMPT], "choices": [CHOICES]},
    "two lists": ([PROMPT], [CHOICES]),
    "arc": [{"question": PROMPT, "choices": {"text": CHOICES, "label": ["A", "B", "C"]}}],
    "numbered": [{"context": PROMPT, **{f"ending{i}": c for i, c in enumerate(CHOICES)}}],
}


@pytest.mark.parametrize("form", FORMS)
def test_examples_in_any_form(form):
    task = build(kbz.MultipleChoice)
    assert task.featurizer.read(FORMS[form])[0] == [(PROMPT, CHOICES)]


def test_swag_rows_begin_their_choices_alike():
    row = {"sent1": "the film", "sent2": "it was", "ending0": "good", "ending1": "bad", "label": 1}
    rows, labels = build(kbz.MultipleChoice).featurizer.read([row])
    assert rows == [("the film", ["it was good", "it was bad"])]
    assert labels == [1]


@pytest.mark.parametrize("label", [1, "1", "B", "b", "bad and dull", np.int64(1)])
def test_labels_in_any_form(label):
    task = build(kbz.MultipleChoice)
    report = kbz.preprocessing.TruncationReport(0)
    (feature,) = task.featurizer.features([(PROMPT, CHOICES)], [label], report)
    assert feature.target == 1


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([(PROMPT, CHOICES)], [3], "none of its 3 choices"),
        ([(PROMPT, [])], [0], "no choices"),
        ([(PROMPT, ["a", None])], [0], "Leave out choices that are missing"),
        ([PROMPT], [0], "An example is"),
        ([{"question": PROMPT}], [0], "An example is"),
    ],
)
def test_wrong_examples_are_named(x, y, words):
    with pytest.raises(ValueError, match=words):
        build(kbz.MultipleChoice).fit(x, y, verbose=0)


def test_choices_are_learnt():
    task = build(kbz.MultipleChoice, recipe=kbz.Recipe(1e-2))
    x = [(PROMPT, ["good", "bad"]), (PROMPT, ["dull", "bad", "good"]), (PROMPT, ["bad", "good"])]
    task.fit(x * 6, [0, 2, 1] * 6, epochs=12, batch_size=6, verbose=0)
    assert [answer["choice"] for answer in task.choose(x)] == ["good"] * 3
