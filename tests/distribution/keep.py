"""Trains on several devices, keeps what was learnt, and reads it again: within and after.

    python -m tests.distribution.keep KIND FOLDER [resume]

With `resume` a killed training goes on, and that is all. The devices are set as for `train.py`.
What is not as it should be is an AssertionError.
"""

import contextlib
import sys
from pathlib import Path

import keras
import numpy as np

import keras_bert_zoo as kbz
from keras_bert_zoo.training import ResumableTraining
from tests.distribution.train import set_devices
from tests.tiny import NEGATIVE, POSITIVE, tiny_classifier, tiny_encoder

TEXTS, LABELS = [*POSITIVE, *NEGATIVE[:4]], ["positive"] * 5 + ["negative"] * 4
FIT = {"epochs": 3, "batch_size": 4, "verbose": 0}


class Killed(Exception):
    """Stands for the end of a process."""


class Kill(keras.callbacks.Callback):
    """Ends the training after some batches."""

    def __init__(self, batches):
        super().__init__()
        self.left = batches

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            raise Killed


def new_task():
    keras.utils.set_random_seed(0)
    return tiny_classifier(encoder=tiny_encoder(num_layers=1), recipe=kbz.Recipe(1e-2, ema=0.9))


def answers(task):
    return task.predict(TEXTS, batch_size=4, verbose=0)


def check_files(task, folder):
    """Every kind of file answers as the task does; one that was read learns on."""
    expected = answers(task)
    task.save_to_preset(folder / "preset")
    task.save(folder / "task.keras")
    task.save_weights(folder / "task.weights.h5")
    for again in (
        kbz.TextClassifier.from_preset(folder / "preset"),
        keras.saving.load_model(folder / "task.keras"),
    ):
        np.testing.assert_allclose(answers(again), expected, atol=1e-6)
    again.fit(TEXTS, LABELS, **{**FIT, "epochs": 1})
    other = new_task()
    other.load_weights(folder / "task.weights.h5")
    np.testing.assert_allclose(answers(other), expected, atol=1e-6)
    if keras.config.backend() == "tensorflow":
        task.export(folder / "exported")  # compares the file with the task
    return expected


def check_one_batch(task):
    """What is not cut into parts comes back as it was given."""
    whole = task.predict(TEXTS[:3], batch_size=3, verbose=0)
    np.testing.assert_allclose(task.predict_on_batch(TEXTS[:3]), whole, atol=1e-6)


def check_resuming(folder):
    """A run that is killed goes on as if it had not been, dropout and all."""
    expected = new_task().fit(TEXTS, LABELS, **FIT).history
    options = {"every_steps": 2, "every_minutes": None}
    callbacks = [Kill(5), ResumableTraining(folder, **options)]
    with contextlib.suppress(Killed):
        new_task().fit(TEXTS, LABELS, callbacks=callbacks, **FIT)
    task = new_task()
    keras.utils.set_random_seed(9)
    found = task.fit(TEXTS, LABELS, callbacks=[ResumableTraining(folder, **options)], **FIT).history
    assert found == expected, (found, expected)


def main():
    kind, folder = sys.argv[1], Path(sys.argv[2])
    set_devices()
    if sys.argv[3:] == ["resume"]:
        with kbz.distribute(kind):
            check_resuming(folder)
        return
    with kbz.distribute(kind) as devices:
        own = folder / str(devices.number)
        own.mkdir(parents=True)
        task = new_task()
        task.fit(TEXTS, LABELS, validation_split=0.3, **FIT)
        expected = check_files(task, own)
        check_one_batch(task)
        check_resuming(folder / "run")
    np.testing.assert_allclose(
        answers(kbz.TextClassifier.from_preset(own / "preset")), expected, atol=1e-6
    )


if __name__ == "__main__":
    main()
