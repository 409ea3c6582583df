"""`finetune --run`: what is written on the way, and a command that goes on after a kill."""

# ruff: noqa: F811

import csv

import keras
import pytest

import keras_bert_zoo as kbz
from tests.test_cli import (  # noqa: F401 - fixtures
    _compiles_little,
    files,
    finetune,
    presets,
    refused,
    run,
)
from tests.tiny import assert_equal, values

OPTIONS = ("--epochs", "3", "--batch-size", "5", "--learning-rate", "0.01")


class Interruption(keras.callbacks.Callback):
    """Ctrl-C in the second epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt


def rows(folder):
    with open(folder / "log.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_the_same_command_goes_on(finetune, files, monkeypatch):
    whole = finetune(*OPTIONS, "--run", "alone")
    assert whole.code == 0, whole.err
    expected = kbz.TextClassifier.from_preset(files / "model")
    write = kbz.training.loggers
    with monkeypatch.context() as patch:
        patch.setattr("keras_bert_zoo.training.loggers", lambda f: [*write(f), Interruption()])
        assert finetune(*OPTIONS, "--run", "runs/1", "--overwrite").code == 130
    assert [row["epoch"] for row in rows(files / "runs/1")] == ["0"]
    again = finetune(*OPTIONS, "--run", "runs/1", "--overwrite")
    assert again.code == 0, again.err
    found = kbz.TextClassifier.from_preset(files / "model")
    assert_equal(values(found), values(expected))
    logs = [rows(files / name) for name in ("alone", "runs/1")]
    assert [row["epoch"] for row in logs[0]] == ["0", "1", "2"]
    assert [[row["epoch"], row["loss"]] for row in logs[1]] == [
        [row["epoch"], row["loss"]] for row in logs[0]
    ]


def test_each_of_several_runs_has_a_folder(finetune, files):
    options = ("--seeds", "2", "--validation-split", "0.2", "--run", "runs")
    assert finetune(*options).code == 0
    folders = [files / f"runs/seed_{seed}" for seed in (0, 1)]
    assert all(len(rows(folder)) == 1 for folder in folders)
    assert all(any((folder / "checkpoints").iterdir()) for folder in folders)


@pytest.mark.any_backend
def test_a_run_in_the_output_is_refused(refused):
    assert "--run model/run is in --output model" in refused("--run", "model/run")
