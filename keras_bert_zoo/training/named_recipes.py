"""Recipes of the papers, by name."""

import dataclasses

from ..errors import unknown_name
from .recipe import LARGE_LEARNING_RATE, LEARNING_RATES, Recipe


def _rates(*rates):
    return tuple((width, {"learning_rate": rate}) for width, rate in rates)


# For each the numbers, and those that depend on the width, the last ones for all that are wider.
# Where a paper gives a grid, the middle of it stands here; `finetune --search` tries the grid.
NAMED = {
    # https://arxiv.org/abs/1810.04805, A.3; rates of the small ones as in the authors' repository.
    "bert": (
        Recipe(warmup=0.1, weight_decay=0.01, epochs=3, batch_size=32),
        _rates(*LEARNING_RATES, (None, LARGE_LEARNING_RATE)),
    ),
    # https://arxiv.org/abs/1907.11692, tables 9 and 10.
    "roberta": (
        Recipe(warmup=0.06, weight_decay=0.1, beta_2=0.98, epsilon=1e-6, epochs=10, batch_size=16),
        _rates((768, 2e-5), (None, 1e-5)),
    ),
    # https://arxiv.org/abs/2003.10555, table 7: large 5e-5 and 0.9, else 1e-4, 3e-4 and 0.8.
    "electra": (
        Recipe(warmup=0.1, weight_decay=0.0, epsilon=1e-6, epochs=3, batch_size=32),
        (
            (256, {"learning_rate": 3e-4, "layer_decay": 0.8}),
            (768, {"learning_rate": 1e-4, "layer_decay": 0.8}),
            (None, {"learning_rate": 5e-5, "layer_decay": 0.9}),
        ),
    ),
    # https://arxiv.org/abs/2111.09543, table 10, and the authors' commands for each size.
    "deberta_v3": (
        Recipe(warmup=0.06, weight_decay=0.01, epsilon=1e-6, epochs=3, batch_size=32),
        _rates((384, 4.5e-5), (768, 2e-5), (None, 6e-6)),
    ),
    # https://arxiv.org/abs/2412.13663, E.1.
    "modernbert": (
        Recipe(warmup=0.06, weight_decay=1e-5, beta_2=0.98, epsilon=1e-6, epochs=3, batch_size=64),
        _rates((768, 5e-5), (None, 3e-5)),
    ),
    # https://arxiv.org/abs/2006.04884, section 6: slowly, for long, with Adam's bias correction.
    "few_sample": (
        Recipe(warmup=0.1, weight_decay=0.01, epsilon=1e-6, epochs=20, batch_size=16),
        _rates(*LEARNING_RATES[:2], (None, 2e-5)),
    ),
}


def named_recipe(name, config, **changes):
    """A recipe of a paper, for an encoder of some size.

    Args:
        name: "bert", "roberta", "electra", "deberta_v3", "modernbert" or "few_sample".
        config: the encoder's config.
        **changes: numbers that are to be others.

    Returns:
        `Recipe`.

    Raises:
        ValueError: an unknown name.

    Example:

    >>> named_recipe("few_sample", encoder.config, epochs=10)
    """
    if name not in NAMED:
        raise unknown_name("recipe", name, NAMED)
    recipe, by_width = NAMED[name]
    found = next(row for width, row in by_width if width is None or config.hidden_dim <= width)
    return dataclasses.replace(recipe, **{**found, **changes})


def recipe_for(config, recipe=None):
    """The recipe that is meant: one, the name of one, or by the encoder's size if None.

    Args:
        config: the encoder's config.
        recipe: `Recipe`, a name, or None.

    Raises:
        ValueError: an unknown name.
    """
    if isinstance(recipe, str):
        return named_recipe(recipe, config)
    return recipe or Recipe.for_encoder(config)
