"""What can be typed after `keras-bert-zoo`."""

import argparse
import importlib

from ..checkpoints.formats import FORMATS
from ..errors import nearest
from ..export import FORMATS as EXPORTS
from ..version import __version__
from .examples import EXAMPLES
from .kinds import KINDS
from .runtime import BACKENDS
from .values import filled, positive, share, top_k, whole

NAME = "keras-bert-zoo"


class UsageError(ValueError):
    """The command line is not as it must be."""


class Parser(argparse.ArgumentParser):
    """Tells of errors with one line, by an exception."""

    def __init__(self, *args, examples="", **kwargs):
        epilog = f"examples:\n{examples}" if examples else None
        super().__init__(
            *args,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
            **kwargs,
        )

    def error(self, message):
        raise UsageError(f"{message.rstrip('.')}. See: {self.prog} --help")


def parse(argv):
    """The arguments as a namespace; `module` names the module of the command.

    Raises:
        UsageError: an argument that is missing, unknown, or out of its range.
        SystemExit: after `--help` and `--version`, with code 0.
    """
    parser, commands = build_parser()
    args, rest = parser.parse_known_args(argv)
    if args.command is None:
        parser.error(f"name a command: {', '.join(commands)}")
    texts = [item for item in rest if item == "-" or not item.startswith("-")]
    if args.command == "predict" and len(texts) == len(rest):
        # argparse gives texts up that stand behind an option.
        args.texts += texts
    elif rest:
        known = commands[args.command]._option_string_actions
        hint = nearest(rest[0].partition("=")[0], known)
        commands[args.command].error(f"unknown argument: {' '.join(rest)}.{hint}".rstrip("?"))
    return args


def build_parser():
    """`(parser, {command: its parser})`."""
    shared = argparse.ArgumentParser(add_help=False)
    add_shared(shared, argparse.SUPPRESS)
    parser = Parser(
        NAME, description="The BERT family for Keras 3, from the shell.", examples=EXAMPLES[""]
    )
    parser.add_argument("--version", action="version", version=f"{NAME} {__version__}")
    add_shared(parser, None)
    kinds = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    commands = {}
    for name, (module, text, add) in COMMANDS.items():
        command = kinds.add_parser(
            name, parents=[shared], help=text, description=text, examples=EXAMPLES[name]
        )
        command.set_defaults(module=module)
        add(command)
        commands[name] = command
    return parser, commands


def add_shared(parser, default):
    """Options that may stand before the command and behind it."""
    parser.add_argument(
        "--backend",
        choices=BACKENDS,
        default=default,
        help="what Keras runs on; as KERAS_BACKEND says if not given",
    )
    parser.add_argument(
        "--debug", action="store_true", default=default or False, help="show where an error arose"
    )


# -------------------------------------------------------------------------------------- commands


def _add_finetune(parser):
    data = parser.add_argument_group("data")
    data.add_argument("--preset", required=True, type=filled, help=PRESET_HELP)
    data.add_argument("--task", choices=tuple(KINDS), default="text", help=TASK_HELP)
    data.add_argument("--train", required=True, type=filled, metavar="FILE", help=FILE_HELP)
    held_out = data.add_mutually_exclusive_group()
    held_out.add_argument("--validation", type=filled, metavar="FILE", help="judged every epoch")
    held_out.add_argument(
        "--validation-split",
        type=share,
        metavar="SHARE",
        help="share of the training rows that is held out instead, evenly from all labels",
    )
    data.add_argument("--test", type=filled, metavar="FILE", help="judged once, at the end")
    data.add_argument("--output", required=True, type=filled, metavar="DIR", help="a new preset")
    data.add_argument("--overwrite", action="store_true", help="replace DIR, whatever it holds")
    add_columns(data)
    data.add_argument(
        "--problem", choices=("single", "multi_label", "regression"), default="single"
    )
    data.add_argument(
        "--labels", type=filled, metavar="A,B,...", help="in this order; those of --train if not"
    )
    training = parser.add_argument_group("training")
    add_training(training)
    training.add_argument(
        "--seeds", type=whole(1), default=1, metavar="N", help="so many runs; the best is saved"
    )
    training.add_argument(
        "--search", action="store_true", help="try the paper's rates, batch sizes and epochs"
    )
    add_run(training)
    training.add_argument(
        "--predict", action="append", metavar="TEXT", help="a text to classify at the end"
    )


def add_run(parser):
    parser.add_argument(
        "--run",
        type=filled,
        metavar="DIR",
        help="for checkpoints, log.csv and TensorBoard: after a kill the same command goes on",
    )


def add_training(training):
    """What all commands take that train a task."""
    training.add_argument(
        "--recipe",
        type=filled,
        metavar="NAME",
        help=f"of {', '.join(RECIPES)}, or a recipe.json; other options change it",
    )
    training.add_argument("--epochs", type=whole(1), metavar="N", help="default: 3")
    training.add_argument("--batch-size", type=whole(1), metavar="N", help="default: 32")
    training.add_argument(
        "--learning-rate", type=positive, metavar="X", help="by the size of the encoder if not"
    )
    training.add_argument(
        "--lora",
        type=whole(1),
        metavar="RANK",
        help="train low-rank updates, 20 times as fast, and merge them",
    )
    training.add_argument(
        "--max-length", type=whole(4), metavar="N", help="most tokens; all there is room for if not"
    )
    add_truncation(training)
    training.add_argument("--seed", type=whole(0, 2**32 - 1), default=0, help="default: 0")
    training.add_argument(
        "--precision",
        choices=("float32", "mixed_bfloat16", "mixed_float16"),
        default="float32",
        help="default: float32",
    )


def _add_glue(parser):
    parser.add_argument("--preset", required=True, type=filled, help=PRESET_HELP)
    parser.add_argument(
        "--data", required=True, type=filled, metavar="DIR", help="the download, a folder a task"
    )
    parser.add_argument(
        "--task",
        action="append",
        type=filled,
        metavar="A,B",
        help="as on the leaderboard, such as RTE; all that are there if not given",
    )
    parser.add_argument(
        "--output", required=True, type=filled, metavar="DIR", help="presets, scores, submissions"
    )
    parser.add_argument("--overwrite", action="store_true", help="train anew what is there")
    add_training(parser.add_argument_group("training"))


def _add_evaluate(parser):
    parser.add_argument("preset", type=filled, metavar="DIR", help="a task that was saved")
    parser.add_argument("--data", required=True, type=filled, metavar="FILE", help=FILE_HELP)
    add_columns(parser)
    _add_batch_size(parser)
    add_truncation(parser)


def _add_predict(parser):
    parser.add_argument("preset", type=filled, metavar="DIR", help="a task that was saved")
    parser.add_argument(
        "texts", nargs="*", metavar="TEXT", help="without any, --file or standard input is read"
    )
    parser.add_argument(
        "--file", type=filled, help=f"{FILE_HELP}, or txt (a text a line); - is standard input"
    )
    parser.add_argument(
        "--question", type=filled, metavar="Q", help="to answer from each TEXT; for span tasks"
    )
    _add_text_column(parser)
    parser.add_argument(
        "--top-k",
        type=top_k,
        metavar="N",
        help="how many labels, best first, or all; default: 1, and all for multi_label",
    )
    parser.add_argument(
        "--format",
        choices=("jsonl", "csv", "text", "html"),
        help="default: jsonl, or as --output ends; text (in colour) and html show what is marked",
    )
    parser.add_argument("--output", type=filled, metavar="FILE", help="default: standard output")
    _add_batch_size(parser)
    add_truncation(parser)


def _options_of(module):
    """The options of a command that has them in its own file."""

    def add(parser):
        importlib.import_module(f".{module}", __package__).add_arguments(parser)

    return add


def _add_presets(parser):
    parser.add_argument("--family", help="for example bert")
    parser.add_argument("--language", help="for example en, or multi")
    parser.add_argument("--json", action="store_true", help="everything that is known, as JSON")


def _add_inspect(parser):
    parser.add_argument("preset", type=filled, metavar="PRESET", help=PRESET_HELP)
    parser.add_argument("--json", action="store_true", help="the same as JSON")


def _add_convert(parser):
    parser.add_argument("preset", type=filled, metavar="SOURCE", help=PRESET_HELP)
    parser.add_argument("output", type=filled, metavar="DEST", help="a new folder")
    parser.add_argument("--to", required=True, choices=FORMATS, help="the format to write")
    parser.add_argument(
        "--lenient", action="store_true", help="tensors may be missing or left over; see the report"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace all that is in DEST")


def _add_export(parser):
    parser.add_argument("preset", type=filled, metavar="PRESET", help=PRESET_HELP)
    parser.add_argument("output", type=filled, metavar="DIR", help="a new folder")
    parser.add_argument(
        "--format",
        choices=EXPORTS,
        default="tf_saved_model",
        help="default: tf_saved_model, which takes raw text",
    )
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of the format, such as ops=core of tf_saved_model, or precision=int8 of onnx",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace DIR, whatever it holds")


def _add_package(parser):
    parser.add_argument("preset", type=filled, metavar="PRESET_DIR", help="what `finetune` saved")
    parser.add_argument("--name", required=True, type=filled, help="of the package, as my-bert")
    parser.add_argument("--output", default="dist", help="folder for the wheel; default: dist")
    parser.add_argument("--package-version", dest="version", default="1.0", help="default: 1.0")


PRESET_HELP = "a name (see `presets`), a folder, hf://owner/name[@revision] or pkg:package"
TASK_HELP = (
    "default: text. text, document (texts of any length, in windows), early-exit (certain texts "
    "leave the encoder early) and pair: a table of texts and labels. token: CoNLL, or JSON lines "
    "of tokens and tags. span: SQuAD JSON. choice: a table of prompts, choices and labels. mask: "
    "texts. embed: a table of texts that belong together, and perhaps a score"
)
RECIPES = ("bert", "roberta", "electra", "deberta_v3", "modernbert", "few_sample")
FILE_HELP = "csv, tsv, jsonl, json or parquet"

# Command -> module of this package, what it does, and its options.
COMMANDS = {
    "finetune": ("finetune", "Train a task and save it.", _add_finetune),
    "evaluate": ("evaluate", "Judge a saved task on labelled data.", _add_evaluate),
    "predict": ("predict", "Use a saved task.", _add_predict),
    "serve": (
        "serve",
        "Serve a saved task over HTTP, with a page to try it.",
        _options_of("serve"),
    ),
    "scale": (
        "scale",
        "Use a saved task on Parquet files of any size.",
        _options_of("scale"),
    ),
    "distill": (
        "distill",
        "Train a small task by what a fine-tuned one says.",
        _options_of("distill"),
    ),
    "glue": ("glue", "Train, judge and answer the tasks of GLUE.", _add_glue),
    "corpus": (
        "corpus",
        "Build a corpus for pre-training, and tell of one.",
        _options_of("corpus"),
    ),
    "pretrain": ("pretrain", "Train an encoder on a corpus.", _options_of("pretrain")),
    "vocabulary": (
        "vocabulary",
        "Learn a vocabulary from texts, or put one into a trained model.",
        _options_of("vocabulary"),
    ),
    "presets": ("presets", "List the presets that are known by name.", _add_presets),
    "convert": ("convert", "Write a preset in another format.", _add_convert),
    "export": ("export", "Write a task for TensorFlow, ONNX and other runtimes.", _add_export),
    "package": ("package", "Pack a preset as a wheel that pip installs.", _add_package),
    "inspect": ("inspect", "Say what a preset is.", _add_inspect),
}


def add_columns(parser):
    """Which columns of a table hold texts and labels."""
    _add_text_column(parser)
    parser.add_argument(
        "--label-column", type=filled, metavar="C", help="found by the usual names if not given"
    )
    parser.add_argument(
        "--label-separator",
        default=";",
        type=filled,
        metavar="S",
        help="between the labels of a multi_label cell; default: ;",
    )


def _add_text_column(parser):
    parser.add_argument(
        "--text-column",
        action="append",
        type=filled,
        metavar="C",
        help="found by the usual names if not given; A,B for pairs",
    )


def _add_batch_size(parser):
    parser.add_argument("--batch-size", type=whole(1), default=32, metavar="N", help="default: 32")


def add_truncation(parser):
    """`--truncation`."""
    parser.add_argument(
        "--truncation",
        choices=("warn", "error", "silent"),
        help="what to do with longer texts; as the preset says, or warn",
    )
