"""Batch inference: the answers of the task, in the order of the input, once each."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.scale import predict
from tests.scale.texts import (
    TEXTS,
    embedder,
    files,
    preprocessor,
    read,
    scorer,
    tagger,
    two_files,
    write,
)
from tests.tiny import tiny_classifier, tiny_electra, tiny_encoder


def assert_scores(found, expected):
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_labels_in_the_order_of_the_input(here, data, model, tmp_path):
    report = predict(data, str(model), tmp_path / "out", shard_rows=8)
    found, expected = read(tmp_path / "out"), kbz.from_preset(model).classify(TEXTS)
    assert found.column_names == ["id", "text", "label", "score"]
    assert found["text"].to_pylist() == TEXTS
    assert found["id"].to_pylist() == [*range(25), *range(15)]
    assert found["label"].to_pylist() == [one["label"] for one in expected]
    assert_scores(found["score"].to_pylist(), [one["score"] for one in expected])
    assert len(here) == 1  # which loaded the model once
    assert (report.rows, report.shards, report.done_before) == (40, 8, 0)
    assert report.rows_per_second == pytest.approx(40 / report.seconds)
    assert "40 rows in 8 shards" in str(report)
    # What reads a folder as one table is not stopped by the manifest.
    assert pq.read_table(tmp_path / "out").num_rows == 40


def test_a_task_and_its_preset_are_one(here, data, model, tmp_path):
    predict(data, kbz.from_preset(model), tmp_path / "out")
    before = files(tmp_path / "out")
    assert not [name for name in before if name.startswith(".")]
    report = predict(data, model, tmp_path / "out")
    assert (report.done_before, report.rows_before) == (report.shards, 40)
    assert files(tmp_path / "out") == before
    task = kbz.from_preset(model)
    task.seed += 1  # of training
    assert predict(data, task, tmp_path / "out").done_before == report.shards


def test_vectors(here, data, tmp_path):
    task = embedder()
    predict(data, task, tmp_path / "out", columns=["id"], prompt="query", truncate_dim=4)
    found = read(tmp_path / "out")
    assert found.schema.field("vector").type == pa.list_(pa.float32(), 4)
    assert found.column_names == ["id", "vector"]
    expected = task.embed(TEXTS, prompt="query", truncate_dim=4)
    assert_scores(np.stack(found["vector"].to_pylist()), expected)


def test_entities(here, data, tmp_path):
    task = tagger()
    predict(data, task, tmp_path / "out", columns=[])
    found, expected = read(tmp_path / "out")["entities"].to_pylist(), task.extract(TEXTS)
    assert any(expected)
    for one, other in zip(found, expected, strict=True):
        assert_scores([e.pop("score") for e in one], [e.pop("score") for e in other])
        assert one == other


def test_pairs(here, tmp_path):
    path = write(tmp_path / "a.parquet", pair=pa.array(TEXTS[::-1]))
    columns, task = {"text_column": ["text", "pair"], "columns": ["id"]}, scorer()
    predict(path, task, tmp_path / "out", **columns)
    found, pairs = read(tmp_path / "out"), list(zip(TEXTS, TEXTS[::-1]))
    assert_scores(found["score"].to_pylist(), task.score(pairs))
    for one, other in zip(found["labels"].to_pylist(), task.classify(pairs, top_k=None)):
        assert [e["label"] for e in one] == [e["label"] for e in other]


@pytest.mark.parametrize(
    ("problem", "count", "kind"),
    [
        ("regression", 1, "float"),
        ("regression", 3, "fixed_size_list<element: float>[3]"),
        ("multi_label", 2, "list<element: struct<label: int32, score: float>>"),
    ],
)
def test_other_problems(problem, count, kind, here, tmp_path):
    task = tiny_classifier(problem=problem, num_classes=count)
    path = write(tmp_path / "a.parquet", TEXTS[:3])
    predict(path, task, tmp_path / "out", columns=["id"])
    name = "value" if problem == "regression" else "labels"
    column = read(tmp_path / "out")[name]
    assert str(column.type).replace("item", "element") == kind
    expected = task.classify(TEXTS[:3], top_k=None)
    if problem == "regression":
        expected = [one["value"] for one in expected]
        assert_scores(column.to_pylist(), expected)
    else:
        assert [len(one) for one in column.to_pylist()] == [2, 2, 2]


@pytest.mark.parametrize("name", ["DocumentClassifier", "EarlyExitClassifier"])
def test_other_classifiers(name, here, data, tmp_path):
    task = getattr(kbz, name)(tiny_encoder(), preprocessor(), labels=["bad", "good"], seed=1)
    predict(data, task, tmp_path / "out", top_k="all")
    found, expected = read(tmp_path / "out")["labels"].to_pylist(), task.classify(TEXTS, top_k=None)
    for one, other in zip(found, expected, strict=True):
        assert [e["label"] for e in one] == [e["label"] for e in other]
        assert_scores([e["score"] for e in one], [e["score"] for e in other])


def test_words_that_were_replaced(here, data, tmp_path):
    task = kbz.ReplacedTokenDetector(tiny_electra(), preprocessor(), seed=1)
    predict(data, task, tmp_path / "out", threshold=0.0)
    found, expected = read(tmp_path / "out")["words"].to_pylist(), task.detect(TEXTS, threshold=0)
    for one, other in zip(found, expected, strict=True):
        assert [e["text"] for e in one] == [e["text"] for e in other]
        assert_scores([e["score"] for e in one], [e["score"] for e in other])


def test_only_what_is_missing_is_written(here, data, model, tmp_path):
    out = tmp_path / "out"
    predict(data, model, out, shard_rows=8)
    before = files(out)
    names = sorted(name for name in before if name.startswith("shard"))
    (out / names[2]).unlink()
    (out / names[4]).write_bytes(before[names[4]][:50])
    (out / f".{names[2]}.77.tmp").write_bytes(b"what a killed worker left")
    kept = (out / names[0]).stat().st_mtime_ns
    report = predict(data, model, out, shard_rows=8)
    assert report.done_before == len(names) - 2
    assert files(out) == before
    assert (out / names[0]).stat().st_mtime_ns == kept
    assert json.loads((out / "_predictions.json").read_text())["finished"]


def test_texts_that_are_cut_are_counted(here, tmp_path):
    task = kbz.TextClassifier(tiny_encoder(), preprocessor(8), num_classes=2)
    path = write(tmp_path / "a.parquet", ["good", "good " * 9, "bad " * 9])
    with pytest.warns(UserWarning, match="2 of 3 texts were longer than the model"):
        report = predict(path, task, tmp_path / "out")
    assert report.cut_texts == 2
    assert "2 texts were cut" in str(report)


def test_a_text_that_the_task_refuses_is_named(here, tmp_path):
    task = tiny_classifier(preprocessor=preprocessor(8, truncation="error"))
    texts = ["good"] * 30
    texts[23] = "good " * 9
    path = write(tmp_path / "a.parquet", texts)
    with pytest.raises(ValueError, match=r"a.parquet, row 23 \(counted from 0\): Truncation"):
        predict(path, task, tmp_path / "out", shard_rows=20)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shard_rows": 7}, "shard_rows: 10, now 7"),
        ({"columns": ["id"]}, r"columns: \['id', 'text'\], now \['id'\]"),
        ({"top_k": 2}, r"options: .*'top_k': 2"),
        ({"task": tiny_classifier}, "another task"),
    ],
)
def test_other_answers_are_refused_by_name(changes, message, here, data, model, tmp_path):
    predict(data, model, tmp_path / "out", shard_rows=10)
    task = changes.pop("task", lambda: model)()
    if task is not model:
        task.encoder.weights[0].assign(task.encoder.weights[0] + 1)
    with pytest.raises(ValueError, match=f"{message}.*Name a new folder"):
        predict(data, task, tmp_path / "out", **{"shard_rows": 10, **changes})


def test_other_inputs_are_refused_by_name(here, data, model, tmp_path):
    predict(data, model, tmp_path / "out")
    texts = [text.swapcase() for text in TEXTS[:25]]
    write(data / "a.parquet", texts)
    with pytest.raises(ValueError, match=r"input 'a.parquet' has changed"):
        predict(data, model, tmp_path / "out")
    (data / "a.parquet").unlink()
    with pytest.raises(ValueError, match=r"'a.parquet' is not there any more"):
        predict(data, model, tmp_path / "out")


def test_a_plan_of_which_nothing_is_done_is_replaced(here, data, model, tmp_path):
    with pytest.raises(ValueError, match=r"top_k must be from 1 to 2") as told:
        predict(data, model, tmp_path / "out", top_k=3)
    assert "row" not in str(told.value)  # it is no text that is to blame
    assert predict(data, model, tmp_path / "out", top_k=2).rows == 40


def test_the_names_of_answers_may_be_taken(here, tmp_path, model):
    path = write(tmp_path / "a.parquet", TEXTS[:3], label=pa.array(["x", "y", "z"]))
    with pytest.raises(ValueError, match=r"has a column 'label'.*prefix"):
        predict(path, model, tmp_path / "out")
    predict(path, model, tmp_path / "out", prefix="predicted_")
    names = ["id", "text", "label", "predicted_label", "predicted_score"]
    assert read(tmp_path / "out").column_names == names


def test_the_pattern_and_the_folder_are_one(here, data, model, tmp_path):
    predict(data, model, tmp_path / "out")
    report = predict(str(data / "*.parquet"), model, tmp_path / "out")
    assert report.done_before == report.shards
    two_files(tmp_path / "moved")
    assert predict(tmp_path / "moved", model, tmp_path / "out").done_before == report.shards
