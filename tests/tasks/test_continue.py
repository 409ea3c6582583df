"""Saving in the middle of training changes nothing of what comes after."""

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from tests.tiny import sentences, tiny_classifier, tiny_tokenizer

TEXTS, LABELS = sentences(40)


def fresh(**options):
    """Dropout is on, the rate changes with the step, the order with the epoch."""
    keras.utils.set_random_seed(11)
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 32, buckets=[32], **options)
    task = tiny_classifier(preprocessor=preprocessor)
    task.compile(total_steps=15)
    return task


def train(task, epochs, **options):
    history = task.fit(TEXTS, LABELS, batch_size=8, epochs=epochs, verbose=0, **options)
    return history.history["loss"]


@pytest.fixture(scope="module")
def uninterrupted():
    task = fresh()
    return train(task, 3), task.get_weights()


@pytest.mark.parametrize("numbered", [False, True], ids=["epochs anew", "initial_epoch"])
def test_fit_save_load_fit_is_as_if_uninterrupted(uninterrupted, numbered, tmp_path):
    losses, weights = uninterrupted
    first = fresh()
    begun = train(first, 1)
    first.save(tmp_path / "task.keras")
    keras.utils.set_random_seed(999)  # nothing may depend on the state of this process
    again = keras.saving.load_model(tmp_path / "task.keras")
    assert int(again.optimizer.iterations) == 5
    rest = train(again, 3, initial_epoch=1) if numbered else train(again, 2)
    np.testing.assert_allclose(begun + rest, losses, atol=1e-6)
    for one, other in zip(again.get_weights(), weights):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_what_compile_was_given_survives(tmp_path):
    task = fresh(fixed_batch_shape=True)
    train(task, 1)
    task.save(tmp_path / "task.keras")
    again = keras.saving.load_model(tmp_path / "task.keras")
    optimizer = again.optimizer
    assert type(optimizer) is kbz.training.AdamW
    assert (optimizer.total_steps, optimizer.no_decay) == (15, ("bias", "gamma", "beta"))
    assert optimizer.get_config() == task.optimizer.get_config()
    figures = [t.evaluate(TEXTS, LABELS, verbose=0, return_dict=True) for t in (task, again)]
    assert set(figures[0]) == {"accuracy", "loss"}
    assert figures[0] == pytest.approx(figures[1], abs=1e-6)


def test_another_seed_is_another_order(uninterrupted):
    task = fresh()
    task.seed += 1
    assert train(task, 1)[0] != pytest.approx(uninterrupted[0][0], abs=1e-6)
