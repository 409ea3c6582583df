"""How tasks are trained: recipes, optimizers, schedules."""

from .gradual_unfreezing import GradualUnfreezing
from .logs import loggers
from .metrics import RealRows
from .named_recipes import named_recipe
from .optimizers import AdamW, Lamb
from .recipe import Recipe
from .resumable import ResumableTraining
from .schedules import (
    WarmupConstant,
    WarmupCosine,
    WarmupInverseSqrt,
    WarmupLinear,
    WarmupStableDecay,
)
from .training_cost import Cost, largest_batch, training_cost
from .training_time import training_time

__all__ = [
    "AdamW",
    "Cost",
    "GradualUnfreezing",
    "Lamb",
    "RealRows",
    "Recipe",
    "ResumableTraining",
    "WarmupConstant",
    "WarmupCosine",
    "WarmupInverseSqrt",
    "WarmupLinear",
    "WarmupStableDecay",
    "largest_batch",
    "loggers",
    "named_recipe",
    "training_cost",
    "training_time",
]
