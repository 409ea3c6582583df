"""Learning rates that change with the step."""

import math

import keras
from keras import ops


class Warmup(keras.optimizers.schedules.LearningRateSchedule):
    """Rises linearly from 0 over the warm-up; a subclass says how it goes on.

    Args:
        peak: learning rate at the end of the warm-up.
        total_steps: updates in all.
        warmup_steps: updates until the rate is `peak`.

    Raises:
        ValueError: fewer steps in all than in the warm-up, or less than one.
    """

    def __init__(self, peak, total_steps, warmup_steps=0):
        super().__init__()
        if total_steps < 1 or not 0 <= warmup_steps <= total_steps:
            raise ValueError(
                "total_steps must be 1 or more, and warmup_steps between 0 and total_steps. "
                f"Given: total_steps={total_steps}, warmup_steps={warmup_steps}."
            )
        # Plain numbers: those of numpy cannot be written into a saved model's config.
        self.peak, self.total_steps = float(peak), int(total_steps)
        self.warmup_steps = int(warmup_steps)

    def __call__(self, step):
        step = ops.cast(step, "float32")
        rising = step / max(1, self.warmup_steps)
        return self.peak * ops.where(step < self.warmup_steps, rising, self.share(step))

    def share(self, step):
        """Share of the peak after the warm-up, of a float32 step."""
        raise NotImplementedError

    def progress(self, step):
        """Share of the steps after the warm-up that are done, at most 1."""
        done = (step - self.warmup_steps) / max(1, self.total_steps - self.warmup_steps)
        return ops.minimum(done, 1.0)

    def get_config(self):
        return {
            "peak": self.peak,
            "total_steps": self.total_steps,
            "warmup_steps": self.warmup_steps,
        }


@keras.saving.register_keras_serializable("keras_bert_zoo")
class WarmupLinear(Warmup):
    """Rises linearly from 0 over the warm-up, then falls linearly to 0 at the last step.

    The schedule of BERT's fine-tuning (https://arxiv.org/abs/1810.04805, appendix A.2; the same
    numbers as `get_linear_schedule_with_warmup` of transformers).

    Args:
        peak: learning rate at the end of the warm-up.
        total_steps: updates until the rate is 0.
        warmup_steps: updates until the rate is `peak`.

    Raises:
        ValueError: fewer steps in all than in the warm-up, or less than one.

    Example:

    >>> [float(WarmupLinear(1.0, 10, 2)(step)) for step in (0, 1, 2, 6, 10)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    def share(self, step):
        falling = (self.total_steps - step) / max(1, self.total_steps - self.warmup_steps)
        return ops.maximum(falling, 0.0)


@keras.saving.register_keras_serializable("keras_bert_zoo")
class WarmupCosine(Warmup):
    """Rises linearly from 0 over the warm-up, then falls as half a cosine, to 0 at the last step.

    https://arxiv.org/abs/1608.03983, equation 5, without restarts; the same numbers as
    `get_cosine_schedule_with_warmup` of transformers.

    Args:
        peak, total_steps, warmup_steps: as in `WarmupLinear`.

    Example:

    >>> [round(float(WarmupCosine(1.0, 10, 2)(step)), 2) for step in (0, 1, 2, 6, 10)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    def share(self, step):
        return 0.5 * (1.0 + ops.cos(math.pi * self.progress(step)))


@keras.saving.register_keras_serializable("keras_bert_zoo")
class WarmupInverseSqrt(Warmup):
    """Rises linearly from 0 over the warm-up, then falls as one over the square root of the step.

    https://arxiv.org/abs/1706.03762, equation 3, with the peak given; the same numbers as
    `get_inverse_sqrt_schedule` of transformers: without a warm-up as after one of 10,000 updates.

    Args:
        peak, total_steps, warmup_steps: as in `WarmupLinear`; it ends above 0.

    Example:

    >>> [float(WarmupInverseSqrt(1.0, 40, 2)(step)) for step in (0, 1, 2, 8, 32)]
    [0.0, 0.5, 1.0, 0.5, 0.25]
    """

    def share(self, step):
        scale = self.warmup_steps or 10_000
        return ops.rsqrt(ops.maximum((step - self.warmup_steps + scale) / scale, 1.0))


@keras.saving.register_keras_serializable("keras_bert_zoo")
class WarmupConstant(Warmup):
    """Rises linearly from 0 over the warm-up, and stays.

    Args:
        peak, total_steps, warmup_steps: as in `WarmupLinear`.

    Example:

    >>> [float(WarmupConstant(1.0, 10, 2)(step)) for step in (0, 1, 2, 10)]
    [0.0, 0.5, 1.0, 1.0]
    """

    def share(self, step):
        return ops.ones_like(step)


SCHEDULES = {
    "linear": WarmupLinear,
    "cosine": WarmupCosine,
    "inverse_sqrt": WarmupInverseSqrt,
    "constant": WarmupConstant,
}


@keras.saving.register_keras_serializable("keras_bert_zoo")
class WarmupStableDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Rises linearly over the warm-up, stays, and falls linearly to 0 over the last steps.

    The schedule of https://arxiv.org/abs/2404.06395, section 4.2, with a linear end: how long the
    rate stays need not be settled when a run begins.

    Args:
        peak: the highest learning rate.
        total_steps: updates until the rate is 0.
        warmup_steps: updates until the rate is `peak`.
        decay_steps: updates in which it falls.

    Raises:
        ValueError: fewer steps in all than in the two parts together, or less than none.

    Example:

    >>> [float(WarmupStableDecay(1.0, 10, 2, 4)(step)) for step in (0, 1, 2, 6, 8, 10)]
    [0.0, 0.5, 1.0, 1.0, 0.5, 0.0]
    """

    def __init__(self, peak, total_steps, warmup_steps=0, decay_steps=0):
        super().__init__()
        if min(warmup_steps, decay_steps) < 0 or warmup_steps + decay_steps > total_steps:
            raise ValueError(
                "warmup_steps and decay_steps must be 0 or more, and total_steps or less together. "
                f"Given: {warmup_steps}, {decay_steps} and total_steps={total_steps}."
            )
        self.peak, self.total_steps = float(peak), int(total_steps)
        self.warmup_steps, self.decay_steps = int(warmup_steps), int(decay_steps)

    def __call__(self, step):
        step = ops.cast(step, "float32")
        rising = step / self.warmup_steps if self.warmup_steps else 1.0
        falling = (self.total_steps - step) / max(1, self.decay_steps)
        share = ops.minimum(ops.minimum(rising, falling), 1.0)
        return self.peak * ops.maximum(share, 0.0)

    def get_config(self):
        return {
            "peak": self.peak,
            "total_steps": self.total_steps,
            "warmup_steps": self.warmup_steps,
            "decay_steps": self.decay_steps,
        }
