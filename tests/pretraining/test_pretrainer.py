"""Learning from text, whatever the objective: losses fall, and are those of numpy."""

import csv

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.pretraining import MaskedTokens, Pretrainer
from keras_bert_zoo.pretraining.objectives import OBJECTIVES
from keras_bert_zoo.pretraining.throughput import training_flops
from tests.pretraining.sources import LENGTH, TEXTS, source
from tests.tiny import tiny_encoder, tiny_tokenizer


def tiny_pretrainer(objectives=("masked_tokens",), dropout=0.0, **options):
    keras.utils.set_random_seed(0)
    encoder = tiny_encoder(num_layers=1, dropout=dropout, attention_dropout=dropout)
    options = {"length": LENGTH, "recipe": kbz.Recipe(1e-2), "seed": 0, **options}
    return Pretrainer(encoder, tiny_tokenizer(), list(objectives), **options)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    pretrainer = tiny_pretrainer()
    history = pretrainer.fit(
        TEXTS,
        batch_size=8,
        steps_per_epoch=10,
        epochs=4,
        validation_data=TEXTS,
        log_dir=folder,
        verbose=0,
    )
    return pretrainer, history.history, folder


def test_the_loss_falls(trained):
    _, history, _ = trained
    losses = history["masked_tokens_loss"]
    assert losses[0] > np.log(60) > losses[-1] + 0.5
    assert history["loss"] == losses
    assert history["masked_tokens_accuracy"][-1] > history["masked_tokens_accuracy"][0]
    assert history["val_loss"][-1] < history["val_loss"][0]


def test_what_is_written_about_a_run(trained):
    _, history, folder = trained
    with open(folder / "log.csv", newline="") as file:
        written = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in written] == pytest.approx(history["loss"])
    assert all(float(row["tokens_per_second"]) > 0 for row in written)
    pytest.importorskip("tensorboard")
    assert list(folder.glob("events.out.tfevents.*"))


def test_logged_numbers_are_those_of_numpy(trained):
    pretrainer, _, _ = trained
    batches = pretrainer.batches(TEXTS, 8, shuffle=False, seed=0)
    losses, right, count = [], 0.0, 0.0
    for step in range(batches.batches_per_pass):
        x, y = batches.at(step)
        logits = np.asarray(pretrainer.predict_on_batch(x)["masked_tokens"], "float64")
        labels, weight = y["masked_tokens/labels"], y["masked_tokens/weight"]
        log = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        picked = np.take_along_axis(log, labels[..., None], -1)[..., 0]
        losses.append(-(picked * weight).sum() / weight.sum())
        right += ((logits.argmax(-1) == labels) * weight).sum()
        count += weight.sum()
    found = pretrainer.evaluate(TEXTS, batch_size=8, return_dict=True, verbose=0)
    assert found["loss"] == pytest.approx(np.mean(losses), abs=1e-5)
    assert found["masked_tokens_accuracy"] == pytest.approx(right / count, abs=1e-5)


def test_it_becomes_a_task(trained):
    pretrainer, _, _ = trained
    task = pretrainer.task()
    assert isinstance(task, kbz.MaskedLM)
    assert task.encoder is pretrainer.encoder
    x, _ = pretrainer.batches(TEXTS, 8).at(0)
    np.testing.assert_allclose(
        np.asarray(task.predict_on_batch(x)),
        np.asarray(pretrainer.predict_on_batch(x)["masked_tokens"]),
        atol=1e-6,
    )
    classifier = pretrainer.task(kbz.TextClassifier, labels=["no", "yes"])
    assert classifier.classify("a great film")["label"] in ("no", "yes")


def test_it_is_saved_with_its_optimizer(tmp_path):
    pretrainer = tiny_pretrainer()
    pretrainer.fit(TEXTS, batch_size=8, verbose=0)
    pretrainer.save(tmp_path / "half.keras")
    loaded = keras.saving.load_model(tmp_path / "half.keras")
    x, y = pretrainer.batches(TEXTS, 8).at(3)
    expected = pretrainer.test_on_batch(x, y)
    np.testing.assert_allclose(loaded.test_on_batch(x, y), expected, rtol=1e-6)
    assert loaded.seed == pretrainer.seed
    assert int(loaded.optimizer.iterations) == 3
    for mine, theirs in zip(loaded.optimizer.variables, pretrainer.optimizer.variables):
        values = (keras.ops.convert_to_numpy(one.value) for one in (mine, theirs))
        np.testing.assert_array_equal(*values)


def test_batches_are_a_pure_function_of_the_step():
    pretrainer = tiny_pretrainer()
    one, other = (pretrainer.batches(source(), 8) for _ in range(2))
    other.start_at(5)
    for first, second in ((one.at(5), other[0]), (one.at(2), other.at(2))):
        keras.tree.map_structure(np.testing.assert_array_equal, first, second)
    assert one.fingerprint() == other.fingerprint()
    assert one.fingerprint() != pretrainer.batches(source(), 4).fingerprint()
    assert one.batches_per_pass == 3  # one of 25 is in another pass
    assert sorted(one.order(4)) == list(range(25))


def test_operations_are_counted_by_hand():
    pretrainer = tiny_pretrainer()
    config, batch = pretrainer.encoder.config, 8
    block = 4 * 16 * 16 + 2 * 16 * 32
    attention = 2 * LENGTH * 16
    head = 2 * batch * 3 * (16 * 16 + 16 * config.vocabulary_size)  # 3 of 16 tokens
    expected = 3 * (2 * batch * LENGTH * (block + attention) + head)
    assert training_flops(pretrainer, batch, LENGTH) == expected


def test_utilisation_is_a_share_of_the_peak():
    history = tiny_pretrainer().fit(TEXTS, batch_size=4, peak_flops=1e12, verbose=0).history
    share = history["flops_per_second"][0] / 1e12
    assert history["utilisation"][0] == pytest.approx(share, rel=1e-6)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"objectives": []}, "one or more objectives"),
        ({"objectives": ["masked_tokens", MaskedTokens(0.2)]}, "each once"),
        ({"objectives": ["masked_token"]}, "Did you mean 'masked_tokens'"),
        ({"length": 64}, "length=64 is more than the 32 positions"),
    ],
)
def test_what_does_not_fit_is_told(options, told):
    with pytest.raises(ValueError, match=told):
        tiny_pretrainer(**options)


@pytest.mark.parametrize(
    ("texts", "error", "told"),
    [
        ([], ValueError, "nothing to learn from"),
        ([""], ValueError, "nothing to learn from"),
        ([3], TypeError, "a list of texts"),
        (["good"], ValueError, "fewer than batch_size=32"),
    ],
)
def test_wrong_texts(texts, error, told):
    with pytest.raises(error, match=told):
        tiny_pretrainer().fit(texts)


@pytest.mark.any_backend
def test_every_objective_has_its_name():
    from keras_bert_zoo.pretraining import objectives

    for name, (module, _) in OBJECTIVES.items():
        assert name == module
        assert objectives.objective(name).name == name
