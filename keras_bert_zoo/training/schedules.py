"""Learning rates that change with the step."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_bert_zoo")
class WarmupLinear(keras.optimizers.schedules.LearningRateSchedule):
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
        falling = (self.total_steps - step) / max(1, self.total_steps - self.warmup_steps)
        share = ops.where(step < self.warmup_steps, rising, ops.maximum(falling, 0.0))
        return self.peak * share

    def get_config(self):
        return {
            "peak": self.peak,
            "total_steps": self.total_steps,
            "warmup_steps": self.warmup_steps,
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
