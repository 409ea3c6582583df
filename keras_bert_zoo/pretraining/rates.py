"""Shares of hidden tokens that change in the course of training."""

import keras


@keras.saving.register_keras_serializable("keras_bert_zoo")
class LinearRate:
    """A rate that goes from `start` to `end` in a straight line, and stays there.

    To hide more at first and less later trains better than either
    (https://arxiv.org/abs/2305.15096). Any other schedule is a class with the same two members, and
    `get_config`.

    Args:
        start: the rate at update 0.
        end: the rate from update `steps` on.
        steps: how many updates it takes.

    Raises:
        ValueError: a rate that is not between 0 and 1, or fewer steps than 1.

    Example:

    >>> rate = LinearRate(0.3, 0.1, steps=1000)
    >>> rate.most, rate.at(500)
    (0.3, 0.2)
    """

    def __init__(self, start, end, steps):
        if not (0 < start < 1 and 0 < end < 1 and steps >= 1):
            raise ValueError(
                "LinearRate takes rates between 0 and 1, and 1 step or more. Given: "
                f"start={start!r}, end={end!r}, steps={steps!r}."
            )
        self.start, self.end, self.steps = start, end, steps

    @property
    def most(self):
        """The highest rate there will be."""
        return max(self.start, self.end)

    def at(self, step):
        """The rate at an update."""
        return self.start + (self.end - self.start) * min(step / self.steps, 1.0)

    def get_config(self):
        return {"start": self.start, "end": self.end, "steps": self.steps}

    @classmethod
    def from_config(cls, config):
        return cls(**config)
