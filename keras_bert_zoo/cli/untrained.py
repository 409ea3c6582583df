"""What the commands that train share: a new head on the encoder of a preset."""

import sys


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
    from ..training import Recipe

    asked = {"truncation": args.truncation, "max_sequence_length": args.max_length}
    options |= {name: value for name, value in asked.items() if value is not None}
    if args.learning_rate is not None:
        options["recipe"] = Recipe(args.learning_rate)
    # Lengths of batches are found anew: those of a saved classifier are of its own training data.
    options |= {"seed": args.seed, "dtype": args.precision, "buckets": None}
    task = load_task(args.preset, cls, head=head, **options)
    if task.preprocessor is None:
        raise ValueError(f"{args.preset} was saved without a tokenizer: it cannot read texts.")
    return task


def fit_options(args):
    """What all commands tell `fit`: epochs, size of batches, and a line an epoch for files."""
    return {
        "epochs": args.epochs,
        "batch_size": args.batch_size,
        "verbose": 1 if sys.stdout.isatty() else 2,
    }
