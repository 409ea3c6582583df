"""How tasks are trained: recipes, optimizers, schedules."""

from .metrics import RealRows
from .optimizers import AdamW
from .recipe import Recipe
from .resumable import ResumableTraining
from .schedules import WarmupLinear, WarmupStableDecay

__all__ = [
    "AdamW",
    "RealRows",
    "Recipe",
    "ResumableTraining",
    "WarmupLinear",
    "WarmupStableDecay",
]
