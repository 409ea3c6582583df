"""What the numbers of a recipe may be."""

from .optimizers import OPTIMIZERS
from .schedules import SCHEDULES


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _whole(least):
    return (
        lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least,
        f"a whole number, {least} or more",
    )


def _number(is_right, accepted):
    return (lambda value: _is_number(value) and is_right(value), accepted)


def _name(known):
    return (lambda value: value in known, f"one of {', '.join(known)}")


def _is_freeze(value):
    if isinstance(value, (list, tuple)):
        return all(isinstance(one, str) for one in value)
    return value in ("embeddings", "encoder") or _whole(0)[0](value)


PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16", "bfloat16", "float16")
RULES = {
    "learning_rate": _number(lambda value: value > 0, "more than 0"),
    "warmup": _number(lambda value: 0 <= value <= 1, "a share from 0 to 1"),
    "weight_decay": _number(lambda value: value >= 0, "0 or more"),
    "clip_norm": _number(lambda value: value > 0, "more than 0, or None"),
    "schedule": _name(SCHEDULES),
    "optimizer": _name(OPTIMIZERS),
    "beta_2": _number(lambda value: 0 < value < 1, "between 0 and 1"),
    "epsilon": _number(lambda value: value > 0, "more than 0"),
    "no_decay": (
        lambda value: isinstance(value, tuple) and all(isinstance(one, str) for one in value),
        "a list of parts of the names of weights",
    ),
    "layer_decay": _number(lambda value: 0 < value <= 1, "above 0 and up to 1"),
    "accumulate": _whole(1),
    "ema": _number(lambda value: 0 < value < 1, "between 0 and 1, or None"),
    "epochs": _whole(1),
    "batch_size": _whole(1),
    "freeze": (
        _is_freeze,
        "'embeddings', 'encoder', a number of layers from the bottom, a list of parts of the "
        "names of weights, or None",
    ),
    "unfreeze_every": _whole(1),
    "label_smoothing": _number(lambda value: 0 <= value < 1, "0 or more, and less than 1"),
    "adversarial": _number(lambda value: value >= 0, "0 or more"),
    "r_drop": _number(lambda value: value >= 0, "0 or more"),
    "lora": _whole(1),
    "lora_alpha": _number(lambda value: value > 0, "more than 0, or None"),
    "reinit_top": _whole(0),
    "max_sequence_length": _whole(4),
    "precision": _name(PRECISIONS),
    "seed": _whole(0),
}
MAY_BE_NONE = ("clip_norm", "ema", "epochs", "batch_size", "freeze", "unfreeze_every")
MAY_BE_NONE += ("lora", "lora_alpha", "max_sequence_length", "precision", "seed")


def check(recipe):
    """Raises a ValueError that names a number of a recipe that is out of its range."""
    for name, (is_right, accepted) in RULES.items():
        value = getattr(recipe, name)
        if not (is_right(value) or (value is None and name in MAY_BE_NONE)):
            raise ValueError(f"Recipe: {name} must be {accepted}. Given: {value!r}.")
    if recipe.lora and recipe.freeze == "encoder":
        raise ValueError("Recipe: freeze='encoder' freezes low-rank updates too. Give one of them.")
