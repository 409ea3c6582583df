"""What learns how: a recipe over the weights of a task, as a table."""

import math
import re

from .freezing import sizes_by_recipe
from .layer_factors import layer_factors

COLUMNS = ("weights", "arrays", "numbers", "learning rate", "weight decay")


def describe(recipe, task):
    """A table of groups of weights that learn alike.

    Args:
        recipe: `keras_bert_zoo.Recipe`.
        task: a task, or a `Pretrainer`.

    Returns:
        Text, a line a group, from the top down: the part of the model, how many arrays and numbers
        it has, the highest learning rate, and the weight decay.

    Raises:
        ValueError: the recipe freezes what the task does not have.

    Example:

    >>> print(describe(Recipe(1e-4, layer_decay=0.5), task))
    """
    factors = layer_factors(task.encoder, recipe.layer_decay)
    groups = {}
    for path, shape, is_trained in sizes_by_recipe(task, recipe):
        rate = recipe.learning_rate * _factor(factors, path)
        decays = not any(re.search(part, path) for part in recipe.no_decay)
        part = path.partition("/")[0]
        key = (part, rate, recipe.weight_decay if decays else 0.0) if is_trained else (part, 0, 0)
        groups.setdefault(key, []).append(math.prod(shape))
    rows = [
        (
            part,
            f"{len(sizes):,}",
            f"{sum(sizes):,}",
            f"{rate:.2e}" if rate else "frozen",
            f"{decay:g}" if rate else "",
        )
        for (part, rate, decay), sizes in groups.items()
    ]
    rows.sort(key=lambda row: (_depth(row[0]), row[3] != "frozen"), reverse=True)
    return as_table([COLUMNS, *rows])


def as_table(rows):
    """Rows of texts as lines, with columns that stand below each other."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:]))])
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def _factor(factors, path):
    return next((value for key, value in factors.items() if re.search(key, path)), 1.0)


def _depth(part):
    """Where a part stands, from the bottom: below the layers, a layer, or above."""
    if found := re.fullmatch(r"layer_(\d+)", part):
        return (1, int(found[1]))
    return (0, 0) if part in ("embeddings", "relations") else (2, 0)
