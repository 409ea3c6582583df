"""Loading a classifier that was saved."""


def load_classifier(args):
    """The classifier in `args.preset`.

    Raises:
        ValueError: it is none, or takes no texts.
    """
    from ..catalog import load_task
    from ..tasks import TextClassifier

    task = load_task(args.preset, TextClassifier, head="load")
    if task.preprocessor is None:
        raise ValueError(f"{args.preset} was saved without a tokenizer: it cannot read texts.")
    if args.truncation is not None:
        task.preprocessor.truncation = args.truncation
    return task
