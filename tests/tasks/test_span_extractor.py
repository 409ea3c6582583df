"""What a user of SpanExtractor relies on: training, data in every form, saving."""

import json

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.layers.span_head import SpanHead
from keras_bert_zoo.preprocessing.squad import read_squad
from keras_bert_zoo.training.span_loss import SpanAccuracy, SpanLoss
from tests.preprocessing.test_squad import official, question
from tests.tasks.questions import ANSWERS, ROWS, build
from tests.tiny import tiny_encoder, to_numpy


@pytest.fixture(scope="module")
def task():
    """A trained one; tests must leave it as it is."""
    keras.utils.set_random_seed(3)
    task = build(16, encoder=tiny_encoder())  # too short for some contexts
    task.history_of_fit = task.fit(ROWS, ANSWERS, epochs=24, batch_size=16, verbose=0).history
    return task


@pytest.fixture(scope="module")
def untrained():
    keras.utils.set_random_seed(4)
    return build()


# ---------------------------------------------------------------- training


def test_learns(task):
    losses = task.history_of_fit["loss"]
    assert losses[-1] < 0.2 * losses[0]
    figures = task.evaluate(ROWS, ANSWERS, verbose=0, return_dict=True)
    assert set(figures) == {"loss", "start_accuracy", "end_accuracy", "span_accuracy"}
    assert figures["span_accuracy"] > 0.9
    scores = task.score(ROWS, ANSWERS)
    assert scores["exact"] > 90
    assert (scores["HasAns_total"], scores["NoAns_total"]) == (36, 12)
    given = [one["answer"] or None for one in task.answer(ROWS)]
    right = np.mean([one == answer for one, answer in zip(given, ANSWERS)])
    assert scores["exact"] == pytest.approx(100 * right)


def test_figures_are_those_of_the_formula(untrained):
    """Loss and accuracies by hand, from what the model gives for each row."""
    featurizer, inputs = untrained.featurizer, untrained._feeder().encode(ROWS)
    features = featurizer.features(ROWS, ANSWERS, kbz.preprocessing.TruncationReport(32))
    y = np.array([feature.target for feature in features])
    logits = to_numpy(untrained(inputs)).astype("float64")
    log_sum = np.log(np.exp(logits).sum(1))
    true = np.take_along_axis(logits, y[:, None, :], axis=1)[:, 0]
    right = logits.argmax(1) == y
    figures = untrained.evaluate(ROWS, ANSWERS, batch_size=20, verbose=0, return_dict=True)
    assert figures["loss"] == pytest.approx((log_sum - true).mean(), abs=1e-5)
    assert figures["start_accuracy"] == pytest.approx(right[:, 0].mean(), abs=1e-6)
    assert figures["end_accuracy"] == pytest.approx(right[:, 1].mean(), abs=1e-6)
    assert figures["span_accuracy"] == pytest.approx(right.all(1).mean(), abs=1e-6)


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        part = slice(12 * index, 12 * index + 12)
        return ROWS[part], ANSWERS[part]


def marked():
    """The rows with their answers, as SQuAD has them on Hugging Face."""
    found = [[] if a is None else [r["context"].index(a)] for a, r in zip(ANSWERS, ROWS)]
    answers = [
        {"text": [a] * len(start), "answer_start": start} for a, start in zip(ANSWERS, found)
    ]
    return [{**row, "id": str(n), "answers": answers[n]} for n, row in enumerate(ROWS)]


def forms():
    pandas = pytest.importorskip("pandas")
    datasets = pytest.importorskip("datasets")
    rows = marked()
    columns = {key: [row[key] for row in rows] for key in rows[0]}
    texts = (columns["question"], columns["context"])
    spans = [
        (a["answer_start"][0], a["answer_start"][0] + len(a["text"][0])) if a["text"] else None
        for a in columns["answers"]
    ]
    return {
        "dictionaries": (rows, None),
        "dictionaries and strings": (ROWS, ANSWERS),
        "columns": (columns, None),
        "tuple": (texts, columns["answers"]),
        "pairs and positions": (list(zip(*texts)), spans),
        "frame": (pandas.DataFrame(rows, index=range(9, 57)), None),
        "frame with named answers": (pandas.DataFrame(rows).rename(columns={"answers": "y"}), "y"),
        "datasets.Dataset": (datasets.Dataset.from_list(rows), None),
        "PyDataset": (Batches(), None),
    }


@pytest.mark.parametrize("form", forms())
def test_every_form_of_data(untrained, form):
    x, y = forms()[form]
    expected = untrained.evaluate(ROWS, ANSWERS, batch_size=12, verbose=0, return_dict=True)
    figures = untrained.evaluate(x, y, batch_size=12, verbose=0, return_dict=True)
    assert figures == pytest.approx(expected, abs=1e-5)
    predicted = untrained.predict(ROWS if form == "PyDataset" else x, verbose=0)
    assert [len(row) for row in predicted] == [1 + len(row["context"].split()) for row in ROWS]


def test_fit_takes_what_evaluate_takes():
    rows = marked()
    task = build()
    task.compile(keras.optimizers.SGD(0.1))  # once for all of these
    options = {"batch_size": 12, "verbose": 0}
    history = task.fit(rows, validation_split=0.25, **options).history
    assert np.isfinite(history["val_loss"]).all()
    task.fit({key: [row[key] for row in rows] for key in rows[0]}, **options)
    task.fit(ROWS, ANSWERS, sample_weight=np.ones(48), **options)
    assert np.isfinite(task.fit(Batches(), verbose=0).history["loss"]).all()
    assert np.isfinite(task.train_on_batch(ROWS[:12], ANSWERS[:12])).all()


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (ROWS[:1], [{"text": "good", "answer_start": 900}], "Row 0: .* not at answer_start=900"),
        (ROWS[:1], ["pizza"], "Row 0: the answer 'pizza' is not in the context"),
        (ROWS[:2], ["film"], "2 texts and 1 labels"),
        (ROWS[:2], None, "Labels are missing"),
        ([], [], "empty"),
        ([("a", "")], [(0, 1)], "not in its context of 0"),
    ],
    ids=str,
)
def test_wrong_data(untrained, x, y, words):
    with pytest.raises(ValueError, match=words):
        untrained.fit(x, y, verbose=0)


# ---------------------------------------------------------------- saving


def test_saved_tasks_answer_the_same(task, tmp_path):
    before = task.answer(ROWS, top_k=2)
    task.save(tmp_path / "task.keras")
    task.save_to_preset(tmp_path / "preset")
    for again in (
        keras.saving.load_model(tmp_path / "task.keras"),
        kbz.from_preset(tmp_path / "preset"),
        kbz.SpanExtractor.from_preset(tmp_path / "preset"),
    ):
        assert again.answer(ROWS, top_k=2) == before
        assert again.get_config().keys() == task.get_config().keys()


def test_options_are_saved_and_can_be_changed(tmp_path):
    options = {"stride": 7, "max_query_length": 5, "max_answer_length": 4, "n_best": 3}
    options.update(no_answer="never", null_threshold=1.5)
    build(**options).save_to_preset(tmp_path)
    again = kbz.from_preset(tmp_path)
    assert {key: again.get_config()[key] for key in options} == options
    other = kbz.SpanExtractor.from_preset(tmp_path, stride=3, max_sequence_length=16)
    assert (other.featurizer.stride, other.preprocessor.max_sequence_length) == (3, 16)
    assert other.featurizer.preprocessor is other.preprocessor
    assert max(f.length for f in other.run([("a", "good " * 50)])[1]) == 16


def test_the_parts_are_rebuilt_from_their_configs():
    head = SpanHead(initializer_range=0.4, name="head")
    loss, metric = SpanLoss(name="mine"), SpanAccuracy("end")
    for part in (head, loss, metric):
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(part))
        assert type(again) is type(part)
        assert again.get_config() == part.get_config()
    assert SpanAccuracy().name == "span_accuracy"
    with pytest.raises(ValueError, match="Unknown part 'begin'"):
        SpanAccuracy("begin")


def test_files_are_taken_as_they_are_read(untrained, tmp_path):
    path = tmp_path / "squad.json"
    none = {"text": [], "answer_start": []}
    path.write_text(json.dumps(official(question(), question(id="r", answers=none))))
    rows = read_squad(path)
    assert np.isfinite(untrained.evaluate(rows, verbose=0)).all()
    assert (untrained.score(rows)["HasAns_total"], untrained.score(rows)["NoAns_total"]) == (1, 1)
