"""How tasks are trained: recipes, optimizers, schedules."""

from .gradual_unfreezing import GradualUnfreezing
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

__all__ = [
    "AdamW",
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
    "named_recipe",
]
