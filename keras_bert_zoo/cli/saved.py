"""Loading a task that was saved."""


def load_saved(args):
    """The task in `args.preset`.

    Raises:
        ValueError: it is none, or takes no texts.
    """
    from ..catalog import load_task

    task = load_task(args.preset, head="load")
    if task.preprocessor is None:
        raise ValueError(f"{args.preset} was saved without a tokenizer: it cannot read texts.")
    if args.truncation is not None:
        task.preprocessor.truncation = args.truncation
    return task
