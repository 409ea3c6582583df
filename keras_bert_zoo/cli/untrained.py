"""What the commands that train share: a new head on the encoder of a preset."""

import dataclasses
import json
import sys
from pathlib import Path

from ..errors import unknown_name
from .arguments import RECIPES

EPOCHS = 3


def load(args, cls, head="new", **options):
    """A task that is to be trained.

    Args:
        args: the command's arguments.
        cls: class of the task.
        head: see `load_task`.
        **options: of the head.

    Raises:
        ValueError: the preset has no tokenizer; or as `load_task`.
    """
    from ..catalog import load_task

    asked = {"truncation": args.truncation, "max_sequence_length": args.max_length}
    options |= {name: value for name, value in asked.items() if value is not None}
    if args.recipe is not None:
        options["recipe"] = read_recipe(args.recipe)
    # Lengths of batches are found anew: those of a saved classifier are of its own training data.
    options |= {"seed": args.seed, "dtype": args.precision, "buckets": None}
    task = load_task(args.preset, cls, head=head, **options)
    if task.preprocessor is None:
        raise ValueError(f"{args.preset} was saved without a tokenizer: it cannot read texts.")
    follow(task, args)
    return task


def read_recipe(text):
    """A recipe by its name, which the task looks up, or from a file.

    Raises:
        ValueError: a file with something else in it, or what is neither.
    """
    from ..training import Recipe

    if text in RECIPES:
        return text
    if not Path(text).is_file():
        raise unknown_name("recipe", text, RECIPES)
    try:
        return Recipe(**json.loads(Path(text).read_text("utf-8")))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"--recipe {text} is not a recipe that this version reads: {error}"
        ) from error


def follow(task, args):
    """Writes into a task's recipe what the command line says otherwise, so that it is saved."""
    from ..training.recipe import LORA_FACTOR

    names = ("learning_rate", "epochs", "batch_size", "lora")
    asked = {name: getattr(args, name) for name in names}
    if args.lora and args.learning_rate is None and args.recipe is None:
        asked["learning_rate"] = LORA_FACTOR * task.recipe.learning_rate
    task.recipe = dataclasses.replace(
        task.recipe, **{name: value for name, value in asked.items() if value is not None}
    )


def fit_options(args, task):
    """What all commands tell `fit`: epochs, size of batches, and a line an epoch for files.

    With `--run` also where it writes what is needed to go on, and its course.
    """
    options = {
        "epochs": task.recipe.epochs or EPOCHS,
        "batch_size": task.recipe.batch_size,
        "verbose": 1 if sys.stdout.isatty() else 2,
    }
    if getattr(args, "run", None):
        from ..training import ResumableTraining, loggers

        folder = Path(args.run)
        options["callbacks"] = [ResumableTraining(folder / "checkpoints"), *loggers(folder)]
    return options
