"""How a task is trained, as data."""

import dataclasses

from .optimizers import AdamW
from .schedules import WarmupLinear

# Google's grids: 5e-5 to 2e-5 for Base and Large (https://arxiv.org/abs/1810.04805, A.3), up to
# 3e-4 for the miniatures (https://github.com/google-research/bert, "Smaller BERT Models").
LEARNING_RATES = ((128, 3e-4), (512, 1e-4), (768, 5e-5))
LARGE_LEARNING_RATE = 2e-5


@dataclasses.dataclass(frozen=True)
class Recipe:
    """The numbers of a fine-tuning run.

    Args:
        learning_rate: the highest.
        warmup: share of the updates in which it rises to that.
        weight_decay: decoupled, and not on biases and norms.
        clip_norm: gradients are scaled down to this global norm; None does not clip.

    Raises:
        ValueError: a number out of its range.

    Example:

    >>> Recipe(learning_rate=3e-5).optimizer(total_steps=1000)
    """

    learning_rate: float = 5e-5
    warmup: float = 0.1
    weight_decay: float = 0.01
    clip_norm: float | None = 1.0

    def __post_init__(self):
        for name, right, accepted in (
            ("learning_rate", self.learning_rate > 0, "more than 0"),
            ("warmup", 0 <= self.warmup <= 1, "a share from 0 to 1"),
            ("weight_decay", self.weight_decay >= 0, "0 or more"),
            ("clip_norm", self.clip_norm is None or self.clip_norm > 0, "more than 0, or None"),
        ):
            if not right:
                value = getattr(self, name)
                raise ValueError(f"Recipe: {name} must be {accepted}. Given: {value!r}.")

    @classmethod
    def for_encoder(cls, config):
        """The recipe for an encoder of this size."""
        for hidden_dim, learning_rate in LEARNING_RATES:
            if config.hidden_dim <= hidden_dim:
                return cls(learning_rate)
        return cls(LARGE_LEARNING_RATE)

    def optimizer(self, total_steps=None):
        """AdamW; the rate rises and falls if the number of updates is known, else is constant."""
        rate = self.learning_rate
        if total_steps:
            rate = WarmupLinear(rate, total_steps, round(self.warmup * total_steps))
        return AdamW(rate, weight_decay=self.weight_decay, global_clipnorm=self.clip_norm)

    def to_config(self):
        return dataclasses.asdict(self)
