"""`keras-bert-zoo finetune` for the tasks that are not texts with labels in a table."""

import random
import sys
from pathlib import Path

from ..tables import check_file
from .arguments import UsageError
from .finetune import check_output, check_replaceable, tell_cost
from .kinds import kind_of
from .kinds.kind import Examples
from .runtime import start_keras
from .trials import best_of, wanted
from .untrained import fit_options, load


def run(args):
    check_options(args)
    several = wanted(args)
    check_output(args)
    for path in filter(None, (args.train, args.validation, args.test)):
        check_file(path)
    start_keras(args.seed, args.debug)
    from .. import tasks
    from ..report import write_report

    check_replaceable(args)
    kind = kind_of(args.task)
    train, validation, test = read_data(kind, args)
    head = kind.head(train, [data for data in (validation, test) if data])
    cls = getattr(tasks, kind.cls)
    # A head of the same kind without labels is worth keeping; one with labels is trained anew.
    kept = "new" if cls.head_options else "auto"
    task = load(args, cls, kept, **head)
    describe(task, train, validation, test)
    tell_cost(task, train.x)

    def fitted(args, task=None):
        task = task or load(args, cls, kept, **head)
        fit = fit_options(args, task)
        if validation:
            data = (validation.x, validation.y)
            fit["validation_data"] = tuple(part for part in data if part is not None)
        return task, task.fit(train.x, train.y, **fit)

    if several:

        def judge(trained):
            return next(iter(kind.judge(trained[0], validation, args).values()))

        task, history = best_of(args, task.encoder.config.hidden_dim, fitted, judge, "figure")
    else:
        task, history = fitted(args, task)
    if args.task == "span" and validation and task.no_answer != "never":
        print(f"null threshold: {task.fit_null_threshold(validation.x):.4f}")
    task.save_to_preset(args.output, overwrite=args.overwrite)
    print(f"Saved to {args.output}")
    for name, data in (("validation", validation), ("test", test)):
        if data:
            print(f"{name} {told(kind.judge(task, data, args))}")
    write_report(Path(args.output) / "report.html", task, history, title=args.train)
    for text in args.predict or []:
        print(f"{text!r}: {kind.answers(task, [text], args)[0]}")


def check_options(args):
    """Raises a `UsageError` for options that have no meaning for this task."""
    for name, given in (
        ("--problem", args.problem != "single"),
        ("--labels", args.labels),
        ("--predict", args.predict and args.task in ("span", "choice")),
    ):
        if given:
            raise UsageError(f"{name} is for texts with labels; --task {args.task} takes none")


def read_data(kind, args):
    """`(training, validation, test)`; None for what is not asked for."""
    train = kind.read(args.train, args)
    validation = args.validation and kind.read(args.validation, args)
    test = args.test and kind.read(args.test, args)
    if args.validation_split:
        train, validation = split(train, args.validation_split, args.seed)
    return train, validation or None, test or None


def split(data, share, seed):
    """`(training, validation)`: `share` of the rows is held out, at random."""
    rows = list(range(len(data)))
    random.Random(seed).shuffle(rows)
    cut = round(len(rows) * (1 - share))
    if cut in (0, len(rows)):
        raise ValueError(
            f"--validation-split {share:g} of {len(rows)} rows leaves one part empty. Give another "
            "share, or --validation FILE."
        )

    def take(part):
        part = sorted(part)
        y = data.y and [data.y[i] for i in part]
        return Examples(data.path, [data.x[i] for i in part], y, data.content)

    return take(rows[:cut]), take(rows[cut:])


def describe(task, train, validation, test):
    """Prints what was loaded and what it is trained on."""
    config = task.encoder.config
    print(
        f"{type(task).__name__}: {config.family}, {config.num_layers} layers of width "
        f"{config.hidden_dim}, {task.count_params():,} parameters; rows of up to "
        f"{task.preprocessor.max_sequence_length} tokens"
    )
    for name, data in (("train", train), ("validation", validation), ("test", test)):
        if data:
            print(f"{name}: {len(data):,} rows of {data.path}: {data.content}")
    sys.stdout.flush()


def told(figures):
    """`f1 0.812, precision 0.8, ...`."""
    return ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
