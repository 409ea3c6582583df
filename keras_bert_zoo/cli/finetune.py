"""`keras-bert-zoo finetune`: from a preset and a table to a classifier.

All that can be wrong with the files and options is found before the model is loaded.
"""

import os
import sys
from pathlib import Path

from .arguments import UsageError
from .data import (
    baseline,
    check_labels,
    check_trainable,
    count_labels,
    find_labels,
    judgement,
    read_labelled,
    split,
)
from .failures import say
from .kinds import KINDS, is_kind
from .runtime import start_keras
from .trials import best_of, wanted
from .untrained import EPOCHS, fit_options, load

NEEDS_KERAS = True
SHOWN = 12  # labels that are counted one by one
LONG = 100  # batches of a training whose time is told ahead: a shorter one is sooner over


def run(args):
    if is_kind(args.task):
        from . import finetune_kind

        finetune_kind.run(args)
        return
    given, several = given_labels(args), wanted(args)
    check_output(args)
    train, validation, test = read_data(args)
    labels = labels_of(args, given, train, [validation, test])
    start_keras(args.seed, args.debug)
    from .. import tasks

    check_replaceable(args)
    head = {"num_classes": 1} if labels is None else {"labels": labels}
    cls, held_out = getattr(tasks, KINDS[args.task][0]), validation
    task = load(args, cls, problem=args.problem, **head)
    describe(task, train, validation, test)
    if task.preprocessor.truncation == "error" and args.task != "document":
        refuse_long_texts(task, [train, validation, test])
    tell_cost(task, train.x)

    def fitted(args, task=None):
        task = task or load(args, cls, problem=args.problem, **head)
        data = held_out and (held_out.x, held_out.labels)
        options = fit_options(args, task)
        return task, task.fit(train.x, train.labels, validation_data=data, **options).history

    if several:
        metric = "mae" if args.problem == "regression" else "accuracy"
        floor, _ = baseline(train.labels, validation.labels, args.problem, labels)
        task, history = best_of(
            args,
            task.encoder.config.hidden_dim,
            fitted,
            lambda trained: trained[1][f"val_{metric}"][-1],
            metric,
            floor,
            higher=metric == "accuracy",
        )
    else:
        task, history = fitted(args, task)
    task.save_to_preset(args.output, overwrite=args.overwrite)
    print(f"Saved to {args.output}")
    report(args, task, history, train, validation, test)
    write_page(args, task, history, validation or test)


# -------------------------------------------------------------------------------------- before


def check_output(args):
    """What can be told of the output folder at once.

    Raises:
        OSError: it is a file, or cannot be made.
        ValueError: replacing it would remove what is in use.
    """
    output = Path(args.output)
    if output.exists() and not output.is_dir():
        raise FileExistsError(f"--output {output} is a file. Name a folder.")
    target = output.resolve()
    if Path.cwd().is_relative_to(target):
        raise ValueError(
            f"--output {output} is the folder that this runs in, or one above it. Name a new one."
        )
    run = getattr(args, "run", None)
    if run and Path(run).resolve().is_relative_to(target):
        raise ValueError(
            f"--run {run} is in --output {output}, which is replaced at the end. Name another."
        )
    for path in filter(None, (args.train, args.validation, args.test, args.preset)):
        used = Path(path).resolve()
        if target in used.parents and used.exists():
            raise ValueError(
                f"--output {output} holds {path}, and would be replaced with it. Name a new folder."
            )
    above = next(parent for parent in target.parents if parent.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        reason = "may not be written to" if above.is_dir() else "is a file"
        raise PermissionError(f"--output {output} cannot be made: {above} {reason}.")


def check_replaceable(args):
    """A folder that holds something else is replaced on demand only."""
    from ..checkpoints.native import is_native

    folder = Path(args.output)
    in_use = folder.is_dir() and any(folder.iterdir())
    if in_use and not args.overwrite and not is_native(folder):
        raise FileExistsError(
            f"--output {folder} holds something that is not a preset of this library. Name another "
            "folder, or replace all that is in it with --overwrite."
        )


def read_data(args):
    """`(training, validation, test)`; None for what is not asked for."""
    train = read_labelled(args.train, args, args.problem)
    if args.task == "pair" and len(train.texts) != 2:
        raise ValueError(
            f"--task pair needs two text columns; {train.path} has {len(train.texts)}. Name them "
            "with --text-column A,B."
        )
    if len(train.texts) == 2 and args.predict:
        raise ValueError("--predict takes single texts, but the training data are pairs.")
    validation = args.validation and read_labelled(args.validation, args, args.problem)
    test = args.test and read_labelled(args.test, args, args.problem)
    for other in filter(None, (validation, test)):
        if len(other.texts) != len(train.texts):
            raise ValueError(
                f"{train.path} has {len(train.texts)} text columns and {other.path} has "
                f"{len(other.texts)}. Name them with --text-column."
            )
    if args.validation_split:
        train, validation = split(train, args.validation_split, args.seed)
    return train, validation or None, test or None


def given_labels(args):
    """The names in `--labels`; an empty list if it is not given."""
    names = [name.strip() for name in (args.labels or "").split(",") if name.strip()]
    if args.labels and args.problem == "regression":
        raise UsageError("--problem regression takes no --labels: its labels are numbers")
    if len(set(names)) < len(names):
        raise UsageError(f"--labels names one more than once: {args.labels}")
    return names


def labels_of(args, given, train, others):
    """The label names, checked against all data; None for regression.

    Raises:
        ValueError: a label that is not known, or nothing to learn.
    """
    if args.problem == "regression":
        return None
    check_trainable(train)
    labels = given or find_labels(train)
    source = "--labels" if given else f"the labels in {train.path}"
    for data in filter(None, (train, *others)):
        check_labels(data, labels, source)
    if not given and args.problem == "single" and 20 < len(train) < 2 * len(labels):
        say(
            "warning",
            f"{train.path} has {len(labels):,} different labels in {len(train):,} rows. Numbers "
            "are learnt with --problem regression; another column is named with --label-column.",
        )
    return labels


def refuse_long_texts(task, parts):
    """Raises `TruncationError` before the training, not amid it."""
    from ..preprocessing.inputs import as_rows
    from ..preprocessing.truncation import TruncationReport

    for data in filter(None, parts):
        task.preprocessor.pack_rows(as_rows(data.x), TruncationReport(0))


# -------------------------------------------------------------------------------------- reports


def tell_cost(task, x):
    """Prints what a batch takes, and how long all of them, before it is found out the hard way."""
    from ..tasks.trainer import BATCH_SIZE
    from ..training import training_cost, training_time
    from ..training.training_time import in_words

    size, epochs = task.recipe.batch_size or BATCH_SIZE, task.recipe.epochs or EPOCHS
    print(f"Training: {training_cost(task, size)}", flush=True)
    rows = len(x[0]) if isinstance(x, tuple) else len(x)
    if rows * epochs >= LONG * size:
        time = in_words(training_time(task, x, size, epochs))
        all_of = f"{epochs} epoch{'s' * (epochs > 1)} of {rows:,} rows"
        print(f"{all_of}: about {time} on this machine", flush=True)


def describe(task, train, validation, test):
    """Prints what was loaded and what it is trained on."""
    report, config = task.conversion_report, task.encoder.config
    print(
        f"Encoder: {config.family}, {config.num_layers} layers of width {config.hidden_dim}, "
        f"{task.count_params():,} parameters; a new head; texts of up to "
        f"{task.preprocessor.max_sequence_length} tokens"
    )
    if report is not None:
        print(
            f"Weights: {len(report.used)} tensors used, {len(report.missing)} missing, "
            f"{len(report.unused)} of other heads left out, {len(report.new)} new"
        )
    *texts, label = train.columns
    print(f"Columns: texts in {' and '.join(map(repr, texts))}, labels in {label!r}")
    for name, data in (("train", train), ("validation", validation), ("test", test)):
        if data is not None:
            print(f"{name}: {len(data):,} rows of {data.path}: {_content(data, task)}")
    sys.stdout.flush()


def _content(data, task):
    if task.problem == "regression":
        mean = sum(data.labels) / len(data)
        return f"from {min(data.labels):g} to {max(data.labels):g}, {mean:g} on average"
    counts = count_labels(data)
    shown = [f"{label} {counts[label]:,}" for label in task.labels[:SHOWN]]
    more = len(task.labels) - SHOWN
    return ", ".join(shown) + (f" and {more:,} more labels" if more > 0 else "")


def write_page(args, task, history, data):
    """Writes report.html beside the saved task; `data` has texts and labels, or is None."""
    from ..report import write_report

    path = Path(args.output) / "report.html"
    write_report(path, task, history, data and (data.x, data.labels), title=f"{args.train}")
    print(f"Curves, confusions and hardest examples: {path}")


def report(args, task, history, train, validation, test):
    """Prints what was reached, beside what is reached without reading the texts."""

    def judge(name, metrics, data):
        blind = baseline(train.labels, data.labels, task.problem, task.labels)
        print(judgement(name, metrics, task.problem, *blind))

    if validation is not None:
        last = {name.removeprefix("val_"): values[-1] for name, values in history.items()
                if name.startswith("val_")}  # fmt: skip
        judge("validation", last, validation)
    if test is not None:
        options = {"batch_size": args.batch_size, "verbose": 0, "return_dict": True}
        judge("test", task.evaluate(test.x, test.labels, **options), test)
    for text in args.predict or []:
        answer = task.classify([text])[0]
        said = answer.get("value", answer.get("label"))
        score = f" ({answer['score']:.3f})" if "score" in answer else ""
        print(f"{text!r}: {said}{score}")
