"""Pre-training goes on after an interruption as if there had been none."""

import contextlib

import keras

from keras_bert_zoo.training import ResumableTraining
from tests.pretraining.sources import TEXTS
from tests.pretraining.test_pretrainer import tiny_pretrainer
from tests.training.interrupted import Interruption, Losses, assert_same_weights


def train(folder, seed, stop=None):
    losses, pretrainer = Losses(stop), tiny_pretrainer(dropout=0.1, seed=seed)
    history = None
    with contextlib.suppress(Interruption):
        history = pretrainer.fit(
            TEXTS,
            batch_size=8,
            steps_per_epoch=5,
            epochs=3,
            verbose=0,
            callbacks=[losses, ResumableTraining(folder, every_steps=2)],
        ).history["loss"]
    return pretrainer, losses.seen, history


def test_goes_on_bit_for_bit(tmp_path):
    begun, first, _ = train(tmp_path / "run", None, stop=8)
    whole, losses, history = train(tmp_path / "whole", begun.seed)
    keras.utils.set_random_seed(77)
    resumed, rest, resumed_history = train(tmp_path / "run", None)  # its seed is read back
    assert resumed.seed == begun.seed
    assert (first, rest, resumed_history) == (losses[:8], losses[7:], history)
    assert_same_weights(resumed.get_weights(), whole.get_weights())
