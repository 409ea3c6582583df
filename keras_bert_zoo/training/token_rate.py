"""How many tokens a second a training reads, in its progress bar."""

import time

import keras


class TokenRate(keras.callbacks.Callback):
    """Adds `tokens/s` to what the progress bar shows of each epoch so far.

    Tokens are those of the batches without their padding. Batches that are read ahead count too.

    Args:
        batches: `LengthBatches`.
    """

    async_safe = True  # Keras need not wait for it

    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def on_epoch_begin(self, epoch, logs=None):
        self._start, self._before = time.perf_counter(), self.batches.tokens_read

    def on_train_batch_end(self, batch, logs=None):
        rate = (self.batches.tokens_read - self._before) / (time.perf_counter() - self._start)
        if logs is not None:
            logs["tokens/s"] = round(rate)
