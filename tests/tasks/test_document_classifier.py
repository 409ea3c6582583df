"""Texts of any length, read in windows."""

import json

import keras
import numpy as np
import pandas as pd
import pytest

import keras_bert_zoo as kbz
from tests.tiny import tiny_encoder, tiny_tokenizer, to_numpy

FILL = "the film was the film . " * 3
# What tells the two apart stands where a model of 16 tokens does not look.
TEXTS = [f"{FILL} {word} {FILL}" for word in ("good", "awful", "great", "dull")] * 2
LABELS = ["good", "bad"] * 4
QUIET = {"dropout": 0.0, "attention_dropout": 0.0, "initializer_range": 0.3}


def build(cls="DocumentClassifier", **options):
    encoder = options.pop("encoder", None) or tiny_encoder(**QUIET)
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 16, truncation="silent")
    options = {"labels": ["bad", "good"], "seed": 1, **options}
    return getattr(kbz, cls)(encoder, preprocessor, **options)


def ids_of(task, text):
    return task.preprocessor.tokenizer.ids_batch([text])[0]


@pytest.mark.parametrize("overlap", [0, 5])
def test_logits_are_the_mean_over_windows(overlap):
    task = build(overlap=overlap)
    ids = ids_of(task, TEXTS[0])
    starts = [*range(0, len(ids) - 14, 14 - overlap), len(ids) - 14]
    tokenizer = task.preprocessor.tokenizer
    rows = [[tokenizer.cls_id, *ids[s : s + 14], tokenizer.sep_id] for s in starts]
    inputs = {
        "token_ids": np.array(rows, "int32"),
        "segment_ids": np.zeros((len(rows), 16), "int32"),
        "padding_mask": np.ones((len(rows), 16), "int32"),
    }
    expected = to_numpy(task(inputs)).mean(axis=0)
    np.testing.assert_allclose(task.predict([TEXTS[0], "good"])[0], expected, atol=1e-6)


def test_short_texts_are_as_in_a_text_classifier():
    task = build()
    alone = build("TextClassifier", encoder=task.encoder)
    for one, other in zip(task.layers[-1].weights, alone.layers[-1].weights):
        other.assign(np.array(to_numpy(one)))  # by value: JAX frees what a step took
    texts = ["a great film", "", "we hated it"]
    np.testing.assert_allclose(task.predict(texts), alone.predict(texts), atol=1e-6)
    labels = ["good", "bad", "bad"]
    mine = task.evaluate(texts, labels, verbose=0, return_dict=True)
    theirs = alone.evaluate(texts, labels, verbose=0, return_dict=True)
    assert mine == pytest.approx(theirs, rel=1e-5)
    assert task.evaluate(texts, labels, verbose=0) == pytest.approx(list(mine.values()))


def test_learns_what_stands_behind_the_cut():
    recipe = kbz.Recipe(learning_rate=5e-3)
    options = {"epochs": 20, "batch_size": 16, "verbose": 0}
    cut = build("TextClassifier", recipe=recipe)
    cut.fit(TEXTS, LABELS, **options)
    assert cut.evaluate(TEXTS, LABELS, verbose=0)[1] == 0.5  # all texts begin alike
    task = build(recipe=recipe)
    task.fit(TEXTS, LABELS, validation_data=(TEXTS, LABELS), **options)
    scores = task.evaluate(TEXTS, LABELS, verbose=0, return_dict=True)
    assert scores["accuracy"] == 1.0
    assert [row["label"] for row in task.classify(TEXTS)] == LABELS


def test_windows_of_a_text_weigh_one_together():
    task = build()
    texts, labels = [*TEXTS[:2], "good"], ["good", "bad", "good"]
    batches = task._feeder().batches(texts, labels, batch_size=99)
    _, y, weight = batches[0]
    assert weight.sum() == pytest.approx(3)
    assert weight[y == 1].sum() == pytest.approx(2)
    weighted = task._feeder().batches(TEXTS[:2], [0, 1], [3.0, 0.0], batch_size=99)
    assert weighted[0][2].sum() == pytest.approx(3)


def test_saved_and_read_as_one(tmp_path):
    task = build(overlap=3, labels=None, num_classes=2)
    table = pd.DataFrame({"text": TEXTS, "label": LABELS})
    task.fit(table, verbose=0)
    assert task.labels == ["bad", "good"]
    task.save_to_preset(tmp_path / "document")
    task.save(tmp_path / "model.keras")
    for again in (
        kbz.from_preset(str(tmp_path / "document")),
        keras.saving.load_model(tmp_path / "model.keras"),
    ):
        assert type(again) is kbz.DocumentClassifier
        assert again.overlap == 3
        np.testing.assert_array_equal(again.predict(TEXTS), task.predict(TEXTS))
    # A classifier that was trained on texts that were cut reads whole ones.
    cut = build("TextClassifier")
    cut.save_to_preset(tmp_path / "cut")
    whole = kbz.DocumentClassifier.from_preset(str(tmp_path / "cut"), overlap=2)
    np.testing.assert_allclose(whole.predict(["a film"]), cut.predict(["a film"]), atol=1e-6)
    assert not np.allclose(whole.predict(TEXTS), cut.predict(TEXTS), atol=1e-6)
    with pytest.raises(ValueError, match="holds a DocumentClassifier, not a TextClassifier"):
        kbz.TextClassifier.from_preset(str(tmp_path / "document"))


@pytest.mark.parametrize("problem", ["multi_label", "regression"])
def test_other_problems(problem):
    labels = {"multi_label": [["good"], []] * 4, "regression": [1.0, 0.0] * 4}[problem]
    options = {"labels": None, "num_classes": 1} if problem == "regression" else {}
    task = build(problem=problem, **options)
    task.fit(TEXTS, labels, verbose=0)
    scores = task.evaluate(TEXTS, labels, verbose=0, return_dict=True)
    assert set(scores) == {"loss", "mae" if problem == "regression" else "accuracy"}
    logits = task.predict(TEXTS)
    if problem == "regression":
        assert scores["loss"] == pytest.approx(((logits[:, 0] - labels) ** 2).mean(), rel=1e-4)


def test_mistakes_are_explained():
    with pytest.raises(ValueError, match="overlap must be from 0 to 13"):
        build(overlap=14)
    task = build()
    for call in (task.predict, lambda x: task.fit(x, ["good"])):
        with pytest.raises(ValueError, match="pairs were given"):
            call([("a", "b")])
    with pytest.raises(ValueError, match="Labels are missing"):
        task.evaluate(TEXTS)
    with pytest.raises(ValueError, match="ugly"):
        task.fit(["a"], ["ugly"])
    with pytest.raises(ValueError, match="must be in memory"):
        task.evaluate(iter([(["a"], ["good"])]))
    assert task.predict([]).shape == (0, 2)


def test_transformers_reads_it_as_a_sequence_classifier(tmp_path):
    task = build()
    task.save_to_hugging_face(tmp_path / "folder")
    config = json.loads((tmp_path / "folder" / "config.json").read_text())
    assert config["architectures"] == ["BertForSequenceClassification"]
    again = kbz.from_preset(str(tmp_path / "folder"))
    assert type(again) is kbz.TextClassifier
    assert again.labels == ["bad", "good"]
    np.testing.assert_allclose(again.predict(["a film"]), task.predict(["a film"]), atol=1e-6)
