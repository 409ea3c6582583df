"""`keras-bert-zoo distill`: a small task that learns from a fine-tuned one."""

import argparse

from ..tables import check_file, pick_columns, read_table
from .arguments import (
    FILE_HELP,
    PRESET_HELP,
    UsageError,
    add_columns,
    add_training,
    filled,
    positive,
    share,
)
from .data import read_labelled, read_texts
from .finetune import check_output, check_replaceable
from .kinds import KINDS, kind_of
from .runtime import start_keras
from .untrained import fit_options, follow, read_recipe

NEEDS_KERAS = True
TABLES = ("text", "pair", "document", "early-exit")


def add_arguments(parser):
    """The options of the command."""
    parser.add_argument("--teacher", required=True, type=filled, help="a task that was saved")
    parser.add_argument(
        "--student",
        required=True,
        type=student,
        help="how many layers of the teacher it starts as, such as 2; which of them, from 0, such "
        f"as 0,5; or {PRESET_HELP}",
    )
    data = parser.add_argument_group("data")
    data.add_argument("--train", required=True, type=filled, metavar="FILE", help=FILE_HELP)
    data.add_argument(
        "--unlabelled", action="store_true", help="--train has texts alone: the teacher says all"
    )
    data.add_argument("--test", type=filled, metavar="FILE", help="both are judged at the end")
    data.add_argument("--output", required=True, type=filled, metavar="DIR", help="a new preset")
    data.add_argument("--overwrite", action="store_true", help="replace DIR, whatever it holds")
    add_columns(data)
    training = parser.add_argument_group("training")
    training.add_argument(
        "--temperature", type=positive, default=2.0, metavar="X", help="of logits; default: 2"
    )
    training.add_argument(
        "--alpha", type=share, default=0.5, metavar="X", help="the teacher's share; default: 0.5"
    )
    add_training(training)


def student(text):
    """A number of layers, a list of numbers of layers, or the name of a preset."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() for part in parts):
        return filled(text)
    if len(parts) > 1:
        return [int(part) for part in parts]
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"a student has 1 layer or more. Given: {text!r}")
    return int(text)


def run(args):
    args.preset, args.validation = args.teacher, None
    check_output(args)
    for path in filter(None, (args.train, args.test)):
        check_file(path)
    start_keras(args.seed, args.debug)
    from ..catalog import load_task
    from ..pretraining.distillation import distill

    check_replaceable(args)
    teacher = load_task(args.teacher, head="load")
    if teacher.preprocessor is None:
        raise ValueError(f"{args.teacher} was saved without a tokenizer: it cannot read texts.")
    name = task_name(teacher)
    train, test = read(args, teacher, name)
    task = new_student(args, teacher)
    shown = " and ".join(
        f"{who}: {one.encoder.config.num_layers} layers of width {one.encoder.config.hidden_dim}, "
        f"{one.count_params():,} parameters"
        for who, one in (("teacher", teacher), ("student", task))
    )
    print(f"{type(task).__name__}; {shown}; {len(train[0]):,} rows of {args.train}", flush=True)
    numbers = {"temperature": args.temperature, "alpha": args.alpha}
    distill(task, teacher, *train, **numbers, **fit_options(args, task))
    task.save_to_preset(args.output, overwrite=args.overwrite)
    print(f"Saved to {args.output}")
    for who, one in (("teacher", teacher), ("student", task)):
        if test is not None:
            print(f"{who}: {judged(one, name, test, args)}")


def task_name(task):
    """The `--task` of a task.

    Raises:
        ValueError: it has none.
    """
    cls = type(task).__name__
    name = next((name for name, (kind, _) in KINDS.items() if kind == cls), None)
    if name is None:
        raise ValueError(f"A {cls} is distilled in Python: see docs/pretraining.md.")
    return name


def read(args, teacher, name):
    """`((texts, labels) or (texts,), what to judge or None)`."""
    if name not in TABLES:
        if args.unlabelled:
            raise UsageError(f"--unlabelled is for tables of texts; the teacher's task is {name}")
        kind = kind_of(name)
        train, test = (path and kind.read(path, args) for path in (args.train, args.test))
        return tuple(part for part in (train.x, train.y) if part is not None), test
    test = args.test and read_labelled(args.test, args, teacher.problem)
    if args.unlabelled:
        table = read_table(args.train)
        names, _ = pick_columns(table, args.text_column, args.label_column, labelled=False)
        texts = [read_texts(table, column, empty=False) for column in names]
        return (texts[0] if len(texts) == 1 else tuple(texts),), test
    from .evaluate import known_labels

    train = read_labelled(args.train, args, teacher.problem)
    return (train.x, known_labels(teacher, train)), test


def new_student(args, teacher):
    """The student: some layers of the teacher, or a preset with a new head like the teacher's."""
    from ..catalog import load_task
    from ..pretraining.distillation import student_of
    from ..training.named_recipes import recipe_for

    if isinstance(args.student, str):
        options = {
            key: value
            for key, value in teacher.get_config().items()
            if key not in ("name", "encoder", "preprocessor", "recipe", "seed", "dropout", "head")
        }
        length = args.max_length or teacher.preprocessor.max_sequence_length
        options |= {"seed": args.seed, "dtype": args.precision, "buckets": None}
        task = load_task(
            args.student, type(teacher), head="new", max_sequence_length=length, **options
        )
    else:
        task = student_of(teacher, layers_of(args.student, len(teacher.encoder.blocks)))
        task.seed = args.seed
        packing = {**teacher.preprocessor.get_config(), "buckets": None}
        if args.max_length is not None:
            packing["max_sequence_length"] = args.max_length
        del packing["tokenizer"]
        tokenizer = teacher.preprocessor.tokenizer
        task.preprocessor = type(teacher.preprocessor)(tokenizer, **packing)
    if args.truncation is not None:
        task.preprocessor.truncation = args.truncation
    task.recipe = recipe_for(task.encoder.config, args.recipe and read_recipe(args.recipe))
    follow(task, args)
    return task


def layers_of(asked, depth):
    """Numbers of the teacher's layers: those asked for, or so many, evenly from the first on.

    Raises:
        ValueError: more than there are.

    >>> layers_of(3, 12)
    [0, 4, 8]
    """
    if not isinstance(asked, int):
        return asked
    if asked > depth:
        raise ValueError(f"--student {asked}: the teacher has {depth} layers. Give that or fewer.")
    return [index * depth // asked for index in range(asked)]


def judged(task, name, data, args):
    """Figures of a task on data, as text."""
    from .evaluate import known_labels

    if name not in TABLES:
        figures = kind_of(name).judge(task, data, args)
    else:
        options = {"batch_size": args.batch_size, "verbose": 0, "return_dict": True}
        figures = task.evaluate(data.x, known_labels(task, data), **options)
    return ", ".join(f"{key} {float(value):.4g}" for key, value in figures.items())
