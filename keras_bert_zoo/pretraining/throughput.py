"""How fast training goes: tokens a second, and operations a second."""

import time

import keras
import numpy as np

from ..training.flops import encoder_flops


class Throughput(keras.callbacks.Callback):
    """Adds `tokens_per_second` and `flops_per_second` to the logs of each epoch.

    Tokens are those that are not padding. Operations are those of the matrix products that the
    model's mathematics asks for, six for each weight and token, and those of the attention
    (https://arxiv.org/abs/2204.02311, appendix B): what is computed twice to save memory does not
    count, nor does what is skipped. Divided by what the device can do at most this is the model
    FLOPs utilisation, `utilisation`, if `peak_flops` is given. The first `warmup` updates of a run,
    in which programs are compiled, are left out.

    Args:
        batches: `PretrainingBatches`.
        peak_flops: operations a second of the device, for `utilisation`.
        warmup: updates at the beginning that are not counted.
    """

    def __init__(self, batches, peak_flops=None, warmup=2):
        super().__init__()
        self.batches, self.peak_flops, self.warmup = batches, peak_flops, warmup
        self._seen = 0

    def on_train_begin(self, logs=None):
        self._flops = training_flops(self.model, self.batches.batch_size, self.batches.length)
        self._tokens_per_batch = self._count()

    def on_epoch_begin(self, epoch, logs=None):
        self._start, self._steps = time.perf_counter(), 0

    def on_train_batch_end(self, batch, logs=None):
        self._seen += 1
        if self._seen == self.warmup:
            self._start, self._steps = time.perf_counter(), 0
        else:
            self._steps += 1

    def on_epoch_end(self, epoch, logs=None):
        if not self._steps or logs is None:
            return
        rate = self._steps / (time.perf_counter() - self._start)
        logs["tokens_per_second"] = rate * self._tokens_per_batch
        logs["flops_per_second"] = rate * self._flops
        if self.peak_flops:
            logs["utilisation"] = rate * self._flops / self.peak_flops

    def _count(self):
        """Tokens in a batch that are no padding: the mean of a few."""
        steps = min(4, self.batches.batches_per_pass)
        found = [self.batches.at(step)[0]["padding_mask"].sum() for step in range(steps)]
        return float(np.mean(found))


def training_flops(pretrainer, batch_size, length):
    """Operations of the matrix products of an update: forward, and twice that backward."""
    encoder, config = pretrainer.encoder, pretrainer.encoder.config
    heads = sum(one.head_flops(config, batch_size, length) for one in pretrainer.objectives)
    return 3 * (encoder_flops(encoder, batch_size, length) + heads)
