"""Texts that leave an encoder before its end."""

import dataclasses

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.checkpoints.fill import carry_over
from keras_bert_zoo.families import FAMILIES
from keras_bert_zoo.tasks.exit_steps import Steps, leave_early, places_kept, uncertainty
from keras_bert_zoo.tasks.exits import Exits
from tests.parity.families import REFERENCES, ours, tiny
from tests.parity.references import edit_config
from tests.tiny import NEGATIVE, POSITIVE, sentences, tiny_encoder, tiny_tokenizer, to_numpy

LAYERS = 3
LABELS = ["negative", "positive"]
TEXTS, NAMES = sentences(24)
# What is learnt in a few steps.
EASY, EASY_NAMES = [*POSITIVE, *NEGATIVE], ["positive"] * 5 + ["negative"] * 5
QUICK = {"dropout": 0.0, "attention_dropout": 0.0, "initializer_range": 0.3, "num_layers": LAYERS}
FAST = kbz.Recipe(2e-2)
# What a family has that exits could trip over, where it is not there anyway.
CHANGES = {
    "roberta": {"use_pooler": False},
    "deberta_v2": {"convolution_size": 3},
    "modernbert": {"global_every": 2, "local_window": 4},
}


def build(encoder=None, *, preprocessor=True, **options):
    encoder = encoder or tiny_encoder(num_layers=LAYERS)
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 32) if preprocessor else None
    return kbz.EarlyExitClassifier(encoder, preprocessor, **{"labels": LABELS, "seed": 1} | options)


def drawn(task, seed=0):
    """Gives the task's matrices random numbers that are the same on each backend."""
    rng = np.random.default_rng(seed)
    for weight in task.weights:
        if weight.name in ("kernel", "embeddings"):
            weight.assign(rng.normal(scale=0.3, size=weight.shape).astype("float32"))
    return task


def assert_close(one, other, atol=1e-5):
    np.testing.assert_allclose(one, other, atol=atol, rtol=1e-5)


# ------------------------------------------------------------------------------ uncertainty


def test_uncertainty_is_the_share_of_the_highest_entropy():
    of = lambda *shares: uncertainty(np.log(np.array(shares) + 1e-300))  # noqa: E731
    assert of(0.5, 0.5) == 1
    assert of(0.25, 0.25, 0.25, 0.25) == 1
    assert of(0.5, 0.5, 0, 0) == pytest.approx(0.5)
    assert of(1, 0, 0) == pytest.approx(0)
    # By hand: (0.25 log 4 + 0.75 log (4/3)) / log 2.
    assert of(0.25, 0.75) == pytest.approx(0.8112781244591328)
    # Logits as large as they get, of either sign, in any number of axes.
    assert uncertainty(np.array([[[9e4, -9e4]], [[7, 7]]])).tolist() == [[0], [1]]


# ------------------------------------------------------------------------------ each exit


@pytest.mark.parametrize("family", FAMILIES)
def test_an_exit_is_a_classifier_on_an_encoder_that_ends_there(family, tmp_path):
    task = build(small(family), preprocessor=False)
    inputs = ours(family)
    logits = task.predict_on_batch(inputs)
    assert logits.shape == (4, 2, 2)
    for index in range(2):
        cut = truncated(task, index)
        assert_close(logits[:, index], cut.predict_on_batch(inputs))
        if index == 0 and family in ("bert", "deberta_v2", "modernbert"):
            cut.save_to_hugging_face(tmp_path / family)
            special = REFERENCES[family].config.items()  # of the tokenizer that is not there
            edit_config(tmp_path / family, **{k: v for k, v in special if "token_id" in k})
            assert_close(logits[:, index], by_transformers(family, tmp_path / family))
    assert np.abs(np.diff(logits, axis=1)).max() > 1e-3  # they are not all the same
    # One step at a time gives the same.
    found, blocks = task.run(inputs, uncertainty=0.0)
    assert blocks.tolist() == [2] * 4
    assert_close(found, logits[:, -1], 1e-6)
    found, blocks = task.run(inputs, uncertainty=1.0)
    assert blocks.tolist() == [1] * 4
    assert_close(found, logits[:, 0], 1e-6)


def small(family, **changes):
    numbers = {"num_layers": 2, "initializer_range": 0.3, **CHANGES.get(family, {}), **changes}
    return tiny(family, **numbers)


def truncated(task, index):
    """A `TextClassifier` of the first blocks, made anew, with the weights of this exit."""
    config = dataclasses.replace(task.encoder.config, num_layers=index + 1)
    one = kbz.TextClassifier(FAMILIES[config.family].build(config), labels=LABELS)
    values = {weight.path: np.array(to_numpy(weight)) for weight in task.weights}
    if index < task.encoder.config.num_layers - 1:
        start = f"exit_{index}"
        own = {path: value for path, value in values.items() if path.startswith(start)}
        assert own
        for path, value in own.items():
            layer, rest = path.split("/", 1)
            part = layer.removeprefix(start).removeprefix("_") or "head"
            values[f"{part}/{rest}"] = value
    for weight in one.weights:
        weight.assign(values[weight.path])
    return one


def by_transformers(family, folder):
    import torch
    import transformers

    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    names = {"input_ids": "token_ids", "attention_mask": "padding_mask"}
    if REFERENCES[family].segments:
        names["token_type_ids"] = "segment_ids"
    given = {key: torch.tensor(ours(family)[name]).long() for key, name in names.items()}
    with torch.no_grad():
        return model(**given).logits.numpy()


def test_groups_of_albert():
    task = build(small("albert", num_layers=4, num_groups=2), preprocessor=False)
    assert len({id(block) for block in task.encoder.blocks}) == 2
    inputs = ours("albert")
    found, _ = task.run(inputs, uncertainty=0.0)
    assert_close(found, to_numpy(task(inputs))[:, -1], 1e-6)


# ------------------------------------------------------------------------------ leaving


@pytest.fixture(scope="module")
def unsure():
    """A task whose texts leave by all of its exits at a middling uncertainty."""
    return drawn(build(tiny_encoder(num_layers=4)), 2)


@pytest.fixture(scope="module")
def logits(unsure):
    """Of all exits, each text by itself."""
    return np.concatenate([unsure.predict_on_batch([text]) for text in TEXTS])


@pytest.mark.parametrize("batch_size", [1, 7, 32])
def test_each_text_has_the_answer_of_the_first_exit_that_is_sure(unsure, logits, batch_size):
    first = exits_at(logits, 0.6)
    found, blocks = unsure.run(TEXTS, batch_size, uncertainty=0.6)
    assert blocks.tolist() == (first + 1).tolist()
    assert set(blocks) == {1, 2, 3, 4}  # this test would not see much otherwise
    assert_close(found, logits[np.arange(len(TEXTS)), first])


def exits_at(logits, threshold):
    """Number of the exit by which each text leaves."""
    sure = uncertainty(logits) < threshold
    sure[:, -1] = True
    return sure.argmax(axis=1)


def test_account(unsure, logits):
    rows = unsure.exits(TEXTS, NAMES, [0.0, 0.6, 1.0])
    assert [row["uncertainty"] for row in rows] == [0, 0.6, 1]
    assert rows[0]["left"] == [0, 0, 0, 24]
    assert rows[2]["left"] == [24, 0, 0, 0]
    for row, exit_ in zip(rows, (np.full(24, 3), exits_at(logits, 0.6), np.zeros(24, int))):
        assert row["left"] == np.bincount(exit_, minlength=4).tolist()
        assert row["blocks"] == pytest.approx((exit_ + 1).mean())
        found = logits[np.arange(24), exit_].argmax(-1)
        assert row["accuracy"] == pytest.approx((np.array(LABELS)[found] == NAMES).mean())
    (alone,) = unsure.exits(TEXTS, uncertainty=0.6)
    assert alone == {key: value for key, value in rows[1].items() if key != "accuracy"}


class Counted:
    """`Steps` that note how many rows go through each block."""

    def __init__(self, steps):
        self.steps, self.count, self.begin, self.rows = steps, steps.count, steps.begin, []

    def advance(self, x, inputs, index):
        self.rows.append(len(to_numpy(x)))
        return self.steps.advance(x, inputs, index)


@pytest.mark.parametrize("sizes", [None, [2, 4, 8, 16]])
def test_those_that_have_left_are_not_computed(unsure, sizes):
    inputs = unsure.preprocessor(TEXTS[:16])
    steps = Counted(Steps(unsure.get_layer("exits")))
    _, blocks = leave_early(steps, inputs, 16, 0.6, sizes)
    waiting = [int((blocks > index).sum()) for index in range(max(blocks))]
    held = waiting if sizes is None else [min(s for s in sizes if s >= n) for n in waiting]
    assert steps.rows == held
    assert len(set(held)) > 1
    # Rows that fill a batch up are not waited for.
    steps.rows.clear()
    logits, blocks = leave_early(steps, inputs, 3, 0.0, sizes)
    assert logits.shape == (3, 2)
    assert blocks.tolist() == [4] * 3
    assert steps.rows == [3 if sizes is None else 4] * 4


def test_places():
    waiting = np.array([False, True, False, True, True])
    assert places_kept(waiting).tolist() == [1, 3, 4]
    assert places_kept(waiting, [1, 2]).tolist() == [1, 3, 4]
    assert places_kept(waiting, [2, 4, 8]).tolist() == [1, 3, 4, 0]
    assert places_kept(waiting, [8]).tolist() == [1, 3, 4, 0, 2]


def test_answers_come_in_every_form(unsure):
    unsure.uncertainty = 0.6
    expected, _ = unsure.run(TEXTS)
    assert_close(unsure.predict(TEXTS, uncertainty=0.6), expected)
    one = unsure.classify(TEXTS[0])
    first = unsure.classify(TEXTS)[0]
    assert one == {**first, "score": pytest.approx(first["score"], abs=1e-6)}
    assert one["label"] == LABELS[expected[0].argmax()]
    assert len(unsure.classify(TEXTS[:2], top_k=None)[0]) == 2
    # Encoded inputs, and batches that come one by one.
    encoded = unsure.preprocessor(TEXTS)
    assert_close(unsure.predict(encoded, batch_size=16), expected)
    batches = (TEXTS[start : start + 9] for start in range(0, 24, 9))
    assert_close(unsure.predict(batches, verbose=0), expected)
    assert unsure.predict([]).shape == (0, 2)


def test_few_programs_are_compiled():
    if keras.config.backend() != "jax":
        pytest.skip("only JAX compiles every shape")
    count = {}
    for family in ("bert", "modernbert"):
        task = build(small(family, num_layers=5), preprocessor=False)
        task.run(ours(family), uncertainty=0.0)
        count[family] = len(task._steps._programs)
    # ModernBERT: the first block has no norm, the others are near or far.
    assert count == {"bert": 1, "modernbert": 3}


# ------------------------------------------------------------------------------ learning


def test_learns_and_leaves():
    task = build(tiny_encoder(**QUICK), recipe=FAST)
    task.fit(EASY, EASY_NAMES, epochs=20, verbose=0)
    figures = task.evaluate(EASY, EASY_NAMES, verbose=0, return_dict=True)
    assert figures.keys() == {"loss", "accuracy", "exits_accuracy"}
    assert min(figures["accuracy"], figures["exits_accuracy"]) > 0.9
    none, some = task.exits(EASY, EASY_NAMES, [0.0, 0.6])
    assert none["accuracy"] == pytest.approx(figures["accuracy"])
    assert some["blocks"] < 0.8 * LAYERS
    assert some["accuracy"] > 0.9
    assert [row["label"] for row in task.classify(EASY, uncertainty=0.6)] == EASY_NAMES


@pytest.mark.parametrize("learn_from", ["labels", "last_exit"])
def test_new_exits_of_a_trained_classifier(learn_from, tmp_path):
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 32)
    trained = drawn(kbz.TextClassifier(tiny_encoder(**QUICK), preprocessor, labels=LABELS))
    trained.save_to_preset(tmp_path / "trained")
    options = {"frozen": True, "learn_from": learn_from, "recipe": FAST}
    task = kbz.EarlyExitClassifier.from_preset(tmp_path / "trained", **options)
    assert task.labels == LABELS
    assert {path.split("_")[0] for path in task.conversion_report.new} == {"exit"}
    expected = trained.predict(EASY, verbose=0)
    assert_close(task.predict(EASY, verbose=0, uncertainty=0.0), expected, 1e-6)
    old = {weight.path: np.array(to_numpy(weight)) for weight in task.weights}
    # The last exit's part of the loss stays.
    stays = {"labels": 3 / 6, "last_exit": 1}[learn_from]
    stays *= trained.evaluate(EASY, EASY_NAMES, verbose=0)[0]
    before = task.evaluate(EASY, EASY_NAMES, verbose=0)[0] - stays
    task.fit(EASY, EASY_NAMES, epochs=15, verbose=0)
    assert 0 < task.evaluate(EASY, EASY_NAMES, verbose=0)[0] - stays < 0.95 * before
    for weight in task.weights:
        same = np.array_equal(to_numpy(weight), old[weight.path])
        assert same is not weight.path.startswith("exit_")


def test_goes_on_from_a_file_as_it_is(tmp_path):
    task = build(recipe=FAST, frozen=True, learn_from="last_exit")
    task.fit(EASY, EASY_NAMES, verbose=0)
    task.save(tmp_path / "task.keras")
    again = keras.saving.load_model(tmp_path / "task.keras")
    assert (again.frozen, again.learn_from) == (True, "last_exit")
    assert len(again.trainable_variables) == len(task.trainable_variables)
    for one in (task, again):
        one.fit(EASY, EASY_NAMES, verbose=0)
    ours_, theirs = (one.predict(EASY, uncertainty=1.0, verbose=0) for one in (again, task))
    assert_close(ours_, theirs, 1e-6)


def test_what_is_frozen_has_no_dropout():
    for family in ("bert", "modernbert", "xlnet"):
        rates = {"dropout": 0.5, "attention_dropout": 0.5}
        if family == "modernbert":
            rates["feed_forward_dropout"] = 0.5
        for frozen in (True, False):
            task = build(small(family, **rates), preprocessor=False, frozen=frozen, dropout=0.5)
            inputs, modes = ours(family), (True, False)
            learning, not_learning = (to_numpy(task(inputs, training=mode)) for mode in modes)
            assert np.allclose(learning[:, -1], not_learning[:, -1], atol=1e-6) is frozen
            assert not np.allclose(learning[:, 0], not_learning[:, 0], atol=1e-3)


# ------------------------------------------------------------------------------ files


@pytest.mark.parametrize("family", ["bert", "modernbert"])
def test_reads_a_classifier_of_transformers(family, tmp_path):
    REFERENCES[family].build("ForSequenceClassification", tmp_path, num_labels=3)
    task = kbz.EarlyExitClassifier.from_preset(tmp_path)
    expected = by_transformers(family, tmp_path)
    assert_close(task.predict(ours(family), uncertainty=0.0), expected)
    assert_close(to_numpy(task(ours(family)))[:, -1], expected)
    new = task.conversion_report.new
    assert new
    assert all(path.startswith("exit_") for path in new)
    alone = task.classifier()
    assert type(alone) is kbz.TextClassifier
    assert_close(to_numpy(alone(ours(family))), expected, 1e-6)
    with pytest.raises(ValueError, match="no place for the weight exit_0"):
        task.save_to_hugging_face(tmp_path / "back")


def test_options_of_a_preset_are_changed_when_it_is_loaded(unsure, tmp_path):
    unsure.save_to_preset(tmp_path / "preset")
    again = kbz.EarlyExitClassifier.from_preset(tmp_path / "preset", uncertainty=0.9, frozen=True)
    assert (again.uncertainty, again.frozen) == (0.9, True)
    np.testing.assert_array_equal(again.run(TEXTS)[1], unsure.run(TEXTS, uncertainty=0.9)[1])
    with pytest.raises(ValueError, match="holds an? EarlyExitClassifier, not a TextClassifier"):
        kbz.TextClassifier.from_preset(tmp_path / "preset")


def test_carry_over():
    one, other = build(), build(tiny_encoder(num_layers=LAYERS + 1))
    assert carry_over(one, other) == [w.path for w in other.weights if w.path not in paths(one)]
    assert any("layer_3" in path for path in carry_over(one, other))
    for weight in other.weights:
        if weight.path in paths(one):
            np.testing.assert_array_equal(to_numpy(weight), to_numpy(paths(one)[weight.path]))


def paths(model):
    return {weight.path: weight for weight in model.weights}


# ------------------------------------------------------------------------------ mistakes


def test_mistakes_are_explained(unsure):
    with pytest.raises(ValueError, match="'single'. Given: 'regression'"):
        build(problem="regression", labels=None, num_classes=1)
    with pytest.raises(ValueError, match="learn_from 'label'. Did you mean 'labels'"):
        build(learn_from="label")
    with pytest.raises(ValueError, match="from 0 .* to 1 .* Given: 1.5"):
        build(uncertainty=1.5)
    with pytest.raises(ValueError, match="Given: -0.1"):
        unsure.predict(TEXTS, uncertainty=-0.1)
    with pytest.raises(ValueError, match="24 texts and 2 labels"):
        unsure.exits(TEXTS, NAMES[:2])
    with pytest.raises(ValueError, match="empty"):
        unsure.exits([])


def test_exits_is_a_layer_of_known_shape():
    task = build()
    assert isinstance(task.get_layer("exits"), Exits)
    assert tuple(task.output.shape) == (None, LAYERS, 2)
