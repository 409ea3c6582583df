"""Tokens a second: by hand, and in the progress bar of every task that reads texts."""

import time
import types

import pytest

from keras_bert_zoo.training.token_rate import TokenRate
from tests.tiny import NEGATIVE, POSITIVE, tiny_classifier, tiny_tokenizer

TOKENIZER = tiny_tokenizer()


def test_by_hand(monkeypatch):
    clock = iter([10.0, 12.0, 14.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    batches, logs = types.SimpleNamespace(tokens_read=100), {"loss": 1.0}
    rate = TokenRate(batches)
    rate.on_epoch_begin(1)
    batches.tokens_read = 144
    rate.on_train_batch_end(0, logs)
    assert logs == {"loss": 1.0, "tokens/s": 22}
    batches.tokens_read = 160
    rate.on_train_batch_end(1, logs)
    assert logs["tokens/s"] == 15


@pytest.mark.parametrize("verbose", [1, 2, 0])
def test_the_progress_bar_shows_it(verbose, capsys):
    task = tiny_classifier()
    options = {"batch_size": 2, "epochs": 2, "verbose": verbose}
    history = task.fit(POSITIVE + NEGATIVE, ["positive"] * 5 + ["negative"] * 5, **options).history
    assert ("tokens/s: " in capsys.readouterr().out) == (verbose == 1)
    assert set(history) == {"loss", "accuracy"}  # it is of the machine, not of the model


def test_tokens_are_those_without_padding():
    task, batch_size = tiny_classifier(), 4
    texts = POSITIVE + NEGATIVE
    batches = task._feeder().batches(texts, ["positive"] * 10, batch_size=batch_size)
    for number in range(batches.num_batches):
        batches[number]
    assert batches.tokens_read == sum(len(one.ids) for one in TOKENIZER.encode_batch(texts))
