"""What raised an error is still a model: it answers, and learns on."""

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.preprocessing.truncation import TruncationError
from keras_bert_zoo.pretraining import Pretrainer
from tests.tiny import NEGATIVE, POSITIVE, tiny_classifier, tiny_encoder, tiny_tokenizer

TEXTS, LABELS = POSITIVE + NEGATIVE, ["positive"] * 5 + ["negative"] * 5
LONG = "good " * 50
FIT = {"batch_size": 2, "verbose": 0}


class Interrupt(keras.callbacks.Callback):
    """As the keyboard does, after some batches."""

    def on_train_batch_end(self, batch, logs=None):
        if batch == 2:
            raise KeyboardInterrupt


def strict_task():
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 16, truncation="error")
    return tiny_classifier(preprocessor=preprocessor)


@pytest.mark.parametrize("position", [0, 5])
def test_a_text_that_is_refused(position):
    task = strict_task()
    expected = task.predict(TEXTS, batch_size=2, verbose=0)
    wrong = [*TEXTS[:position], LONG, *TEXTS[position:]]
    for call in (
        lambda: task.predict(wrong, **FIT),
        lambda: task.evaluate(wrong, [*LABELS, "positive"], **FIT),
        lambda: task.classify(wrong),
    ):
        with pytest.raises(TruncationError):
            call()
        np.testing.assert_allclose(task.predict(TEXTS, **FIT), expected, atol=1e-6)
    with pytest.raises(TruncationError):
        task.fit(wrong, [*LABELS, "positive"], **FIT)
    assert np.isfinite(task.fit(TEXTS, LABELS, **FIT).history["loss"]).all()


def test_an_interruption_keeps_what_was_learnt():
    task = tiny_classifier(recipe=kbz.Recipe(1e-2))
    before = task.predict(TEXTS, **FIT)
    with pytest.raises(KeyboardInterrupt):
        task.fit(TEXTS, LABELS, callbacks=[Interrupt()], **FIT)
    assert np.abs(task.predict(TEXTS, **FIT) - before).max() > 1e-4
    assert int(task.optimizer.iterations) == 3
    task.fit(TEXTS, LABELS, **FIT)


def test_a_pretraining_that_is_interrupted():
    pretrainer = Pretrainer(tiny_encoder(), tiny_tokenizer(), length=16, seed=0)
    with pytest.raises(KeyboardInterrupt):
        pretrainer.fit(TEXTS, callbacks=[Interrupt()], **FIT)
    assert np.isfinite(pretrainer.evaluate(TEXTS, **FIT)).all()
