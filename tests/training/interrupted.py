"""Trainings that can be ended in the middle, and what they tell about their losses."""

import keras
import numpy as np

from keras_bert_zoo.training import ResumableTraining


class Interruption(Exception):
    """Ends `fit` as a kill would, within the process."""


class Losses(keras.callbacks.Callback):
    """The mean loss after each batch, to the last bit.

    Args:
        stop: batches after which the training is interrupted; never if None.
    """

    def __init__(self, stop=None):
        super().__init__()
        self.stop, self.seen = stop, []

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append((self.epoch, batch, float(logs["loss"]).hex()))
        if len(self.seen) == self.stop:
            raise Interruption


class Numbers(keras.utils.PyDataset):
    """A stream of batches whose sum is to be learnt; a batch depends on its number alone."""

    num_batches, first = None, 0

    def __init__(self, seed=3, bad=None):
        super().__init__()
        self.seed, self.bad = seed, bad

    def start_at(self, position):
        self.first = position

    def fingerprint(self):
        return {"rows": 4}

    def __getitem__(self, index):
        return self.batch((self.seed, self.first + index), self.first + index)

    def batch(self, seed, number):
        x = np.random.default_rng(seed).normal(size=(4, 6)).astype("float32")
        y = x.sum(axis=1, keepdims=True)
        return x, y * np.float32("nan") if number == self.bad else y


class Passes(Numbers):
    """The same as data with an end, and another order in every pass."""

    num_batches, epoch, start_at = 10, 0, None

    def start_epoch(self, epoch):
        self.epoch = epoch

    def __getitem__(self, index):
        return self.batch((self.seed, self.epoch, index), self.epoch * 10 + index)


def small_model(use_ema=True, compiled=False):
    """Two layers with dropout, whose gradients are put together over three batches.

    Args:
        use_ema: whether the weights end as their averages.
        compiled: whether TensorFlow makes a graph of it, which takes longer than the training.
    """
    keras.utils.set_random_seed(11)
    layers = [keras.layers.Dense(8), keras.layers.Dropout(0.3), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((6,)), *layers])
    optimizer = keras.optimizers.AdamW(1e-2, gradient_accumulation_steps=3, use_ema=use_ema)
    eagerly = keras.config.backend() == "tensorflow" and not compiled
    model.compile(optimizer, "mse", metrics=["mae"], run_eagerly=eagerly)
    return model


def train(folder, data, stop=None, callbacks=(), model=None, **options):
    """`(losses, history, weights)`; the history is None for a training that was interrupted."""
    losses, model = Losses(stop), model or small_model()
    saved = ResumableTraining(folder, every_steps=3)
    options = {"epochs": 5, "verbose": 0, **options}
    try:
        history = saved.fit(model, data, callbacks=[losses, *callbacks], **options).history
    except Interruption:
        history = None
    return losses.seen, history, model.get_weights()


def assert_same_weights(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)
