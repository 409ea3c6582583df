"""Several heads over one encoder."""

import keras
import numpy as np
import pandas as pd
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.preprocessing import Labels, MixedBatches, TextBatches
from keras_bert_zoo.preprocessing.mixed_batches import turns_of
from tests.marks import cases
from tests.tiny import tiny_encoder, tiny_tokenizer, to_numpy

MOODS = ["a great film", "awful food", "we loved the room", "dull", "", "the film was good"]
MOOD_LABELS = ["good", "bad", "good", "bad", "bad", "good"]
PAIRS = [("a film", "was good"), ("the room", "awful"), ("we", "loved it")]
STARS = [1.0, 0.2, 0.8]
TASKS = {"mood": ["bad", "good"], "stars": {"problem": "regression"}}
DATA = {"mood": (MOODS, MOOD_LABELS), "stars": (PAIRS, STARS)}


def build(tasks=TASKS, encoder=None, **options):
    encoder = encoder or tiny_encoder(num_layers=1, dropout=0.0, attention_dropout=0.0)
    packing = {"buckets": [16], **options.pop("packing", {})}  # JAX compiles each length anew
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 16, **packing)
    return kbz.MultiTaskClassifier(encoder, preprocessor, tasks=tasks, seed=1, **options)


@pytest.fixture
def task():
    return build()


NUMBERED = {name: Labels(num_classes=16) for name in ("long", "short", "a", "b")}


def text_batches(rows, **options):
    labels = np.arange(len(rows), dtype="int32")
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 16, buckets=[16])
    rows = [(row,) for row in rows]
    return TextBatches(rows, labels, preprocessor=preprocessor, batch_size=1, **options)


# ------------------------------------------------------------------ the order


@pytest.mark.any_backend
@pytest.mark.parametrize(
    ("sampling", "expected"),
    [("proportional", [16, 4, 1]), ("square_root", [12, 6, 3]), ("uniform", [7, 7, 7])],
)
def test_turns_follow_the_sampling(sampling, expected):
    batches = {str(size): text_batches(["a"] * size) for size in (16, 4, 1)}
    assert list(turns_of(batches, sampling).values()) == expected


@pytest.mark.any_backend
@pytest.mark.parametrize("sampling", ["proportional", "square_root", "uniform"])
def test_rare_tasks_come_round_and_none_is_forgotten(sampling):
    sizes = {"long": 12, "short": 3}
    batches = {
        name: text_batches(["a"] * size, shuffle=True, seed=3) for name, size in sizes.items()
    }
    mixed = MixedBatches(batches, NUMBERED, sampling, shuffle=True, seed=3)
    seen = {name: [] for name in sizes}
    for _ in range(6):
        for index in range(mixed.num_batches):
            _, labels, weights = mixed[index]
            (name,) = [name for name in sizes if weights[name].any()]
            seen[name].append(int(labels[name][0]))
        mixed.on_epoch_end()
    assert mixed.epoch == 6
    for name, size in sizes.items():
        counts = np.bincount(seen[name], minlength=size)
        assert counts.max() - counts.min() <= 1  # all rows come equally often
        assert len(seen[name]) == 6 * mixed.turns_of[name]
        passes = {tuple(seen[name][i : i + size]) for i in range(0, len(seen[name]), size)}
        assert len(passes) > 1  # in new orders


@pytest.mark.any_backend
def test_a_batch_is_the_same_whenever_it_is_asked_for():
    def mixed():
        batches = {
            name: text_batches(["a"] * size, shuffle=True) for name, size in (("a", 5), ("b", 2))
        }
        return MixedBatches(batches, NUMBERED, "uniform", shuffle=True, seed=2, epoch=4)

    first, second = mixed(), mixed()
    forwards = [first[index][1:] for index in range(7)]
    backwards = [second[index][1:] for index in reversed(range(7))][::-1]
    for one, other in zip(forwards, backwards):
        for a, b in zip(keras.tree.flatten(one), keras.tree.flatten(other), strict=True):
            np.testing.assert_array_equal(a, b)
    with pytest.raises(IndexError, match="7 batches"):
        first[7]


# ------------------------------------------------------------------ training


def test_a_later_pass_in_the_given_order():
    """Without shuffling all passes are alike, also those of a task that goes on training."""
    batches = {name: text_batches(["a"] * size) for name, size in (("a", 5), ("b", 2))}
    first = MixedBatches(batches, NUMBERED, "proportional")
    later = MixedBatches(batches, NUMBERED, "proportional", epoch=4)
    for index in range(first.num_batches):
        keras.tree.map_structure(np.testing.assert_array_equal, first[index], later[index])


def test_a_batch_of_one_task_is_an_update_of_its_classifier():
    """What trains here is exactly what trains in a `TextClassifier`."""
    multi = build()
    alone = multi.classifier("mood")
    start = [to_numpy(weight) for weight in alone.weights]
    other = [to_numpy(weight) for weight in multi.get_layer("head_stars").weights]
    multi.compile(keras.optimizers.SGD(0.1))
    mine = multi.fit({"mood": DATA["mood"]}, epochs=3, batch_size=2, verbose=0).history["loss"]
    trained = [to_numpy(weight) for weight in multi.classifier("mood").weights]
    for weight, value in zip(alone.weights, start):
        weight.assign(value)
    alone.compile(keras.optimizers.SGD(0.1))
    theirs = alone.fit(*DATA["mood"], epochs=3, batch_size=2, verbose=0).history["loss"]
    np.testing.assert_allclose(mine, theirs, rtol=1e-5)
    for one, another in zip(trained, alone.weights, strict=True):
        np.testing.assert_allclose(one, to_numpy(another), atol=1e-6)
    for before, after in zip(other, multi.get_layer("head_stars").weights, strict=True):
        np.testing.assert_array_equal(before, to_numpy(after))


@pytest.mark.parametrize("fixed", cases([False, True], slow_on_tensorflow=[True]))
def test_all_tasks_are_learnt_together(fixed):
    encoder = tiny_encoder(dropout=0.0, attention_dropout=0.0)
    packing = {"fixed_batch_shape": fixed}
    task = build(encoder=encoder, recipe=kbz.Recipe(learning_rate=5e-3), packing=packing)
    history = task.fit(DATA, epochs=20, batch_size=2, verbose=0, validation_data=DATA).history
    assert history["mood_accuracy"][-1] == 1.0
    assert history["val_stars_mae"][-1] < 0.2 < history["val_stars_mae"][0]
    for name in ("mood", "stars"):
        assert len(history[f"val_{name}_loss"]) == 20
    shares = history["val_mood_loss"][-1] + history["val_stars_loss"][-1]
    # On TensorFlow Keras does not know the size of a batch whose shape is open, and counts the
    # last, smaller one in full when it averages the shares (not the loss).
    exact = fixed or keras.config.backend() != "tensorflow"
    assert history["val_loss"][-1] == pytest.approx(shares, rel=1e-4 if exact else 0.3)
    result = task.evaluate(DATA, verbose=0)
    assert result["mood"]["accuracy"] == history["val_mood_accuracy"][-1] == 1.0
    assert result["stars"]["mae"] == pytest.approx(history["val_stars_mae"][-1], rel=1e-4)
    rows = 6 * result["mood"]["loss"] + 3 * result["stars"]["loss"]
    assert history["val_loss"][-1] == pytest.approx(rows / 9, rel=1e-4)
    assert [row["label"] for row in task.classify(MOODS, "mood")] == MOOD_LABELS


def test_tables_splits_and_weights(task):
    table = pd.DataFrame({"text": MOODS, "label": MOOD_LABELS})
    task.fit({"mood": table, "stars": (PAIRS, STARS, [1, 2, 0])}, verbose=0)
    task.fit(DATA, validation_split=0.4, verbose=0)
    unnamed = build({"mood": {"num_classes": 2}, "stars": TASKS["stars"]}, sampling="uniform")
    unnamed.fit({"mood": table}, verbose=0)
    assert unnamed.tasks["mood"]["labels"] == ["bad", "good"]


# ------------------------------------------------------------------ answers, files


def test_one_pass_answers_for_all_tasks(task):
    logits = task.predict(MOODS)
    assert logits["mood"].shape == (6, 2)
    assert logits["stars"].shape == (6, 1)
    for name in TASKS:
        expected = task.classifier(name).predict(MOODS)
        np.testing.assert_allclose(logits[name], expected, atol=1e-6)
    one = task.classify("a great film")
    assert one["mood"] == task.classify("a great film", "mood")
    assert set(one["stars"]) == {"value"}
    assert len(task.classify(["a film"], "mood", top_k=None)[0]) == 2
    assert task.classify([]) == []
    assert task.predict([])["stars"].shape == (0, 1)


def test_saved_and_loaded_as_one_preset(task, tmp_path):
    task.fit(DATA, verbose=0)
    expected = task.predict(MOODS)
    task.save_to_preset(tmp_path / "preset")
    task.save(tmp_path / "model.keras")
    for again in (
        kbz.from_preset(str(tmp_path / "preset")),
        keras.saving.load_model(tmp_path / "model.keras"),
    ):
        assert type(again) is kbz.MultiTaskClassifier
        assert again.tasks == task.tasks
        for name, logits in again.predict(MOODS).items():
            np.testing.assert_array_equal(logits, expected[name])
    task.classifier("mood").save_to_preset(tmp_path / "mood")
    mood = kbz.from_preset(str(tmp_path / "mood"))
    np.testing.assert_allclose(mood.predict(MOODS), expected["mood"], atol=1e-6)


def test_encoder_without_pooler_has_one_for_each_task(tmp_path):
    task = build(encoder=tiny_encoder(use_pooler=False))
    task.fit(DATA, verbose=0)
    assert {"head_mood_pooler", "head_stars_pooler"} <= {layer.name for layer in task.layers}
    task.save_to_preset(tmp_path / "preset")
    again = kbz.from_preset(str(tmp_path / "preset"))
    for name, logits in again.predict(PAIRS).items():
        np.testing.assert_array_equal(logits, task.predict(PAIRS)[name])


def test_new_heads_on_a_preset(task, tmp_path):
    task.save_to_preset(tmp_path / "preset")
    new = kbz.MultiTaskClassifier.from_preset(str(tmp_path / "preset"), tasks={"kind": ["a", "b"]})
    assert new.tasks == {"kind": {"labels": ["a", "b"], "num_classes": 2, "problem": "single"}}
    with pytest.raises(ValueError, match="holds a MultiTaskClassifier, not a TextClassifier"):
        kbz.TextClassifier.from_preset(str(tmp_path / "preset"))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda task: task.fit({"moods": DATA["mood"]}), "mood"),
        (lambda task: task.fit(MOODS, MOOD_LABELS), "Give data for each task"),
        (lambda task: task.fit(DATA, MOOD_LABELS), "Leave y out"),
        (lambda task: task.fit({"mood": (MOODS, ["ugly"] * 6)}), "ugly"),
        (lambda task: task.fit({"mood": (MOODS, MOOD_LABELS, None, 1)}), "tuple of 4"),
        (lambda task: task.fit({"mood": MOODS}), "Labels are missing"),
        (lambda task: task.fit(DATA, class_weight={"good": 2}), "Leave class_weight out"),
        (lambda task: task.classify("a", "moods"), "mood"),
        (lambda task: task.classify("a", top_k=2), "top_k must be from 1 to 1"),
        (lambda task: task.compile(metrics=["accuracy"]), "metrics for each task"),
        (lambda task: task.train_on_batch(DATA), "no train_on_batch"),
        (lambda task: build({}), "at least one"),
        (lambda task: build({"a/b": ["x", "y"]}), "without '/'"),
        (lambda task: build({"a": {"label": ["x", "y"]}}), "labels"),
        (lambda task: build(sampling="fair"), "uniform"),
        (lambda task: build({"a": ["x"]}), "Give two or more"),
    ],
)
def test_mistakes_are_explained(task, call, message):
    with pytest.raises(ValueError, match=message):
        call(task)


def test_transformers_has_no_place_for_several_heads(tmp_path):
    with pytest.raises(ValueError, match="transformers has no place for"):
        build().save_to_hugging_face(tmp_path / "folder")
    assert not (tmp_path / "folder").exists()
