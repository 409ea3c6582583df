"""`keras-bert-zoo vocabulary`: learn a vocabulary from texts, or put one into a trained model."""

import argparse
import json
import os
from pathlib import Path

from .arguments import PRESET_HELP, UsageError, add_shared
from .runtime import start_keras
from .values import filled, whole

NEEDS_KERAS = True
KINDS = ("wordpiece", "byte_bpe", "unigram")


def add_arguments(parser):
    """The options of the command."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    add_shared(shared, argparse.SUPPRESS)
    for name, (text, add) in ACTIONS.items():
        add(actions.add_parser(name, parents=[shared], help=text, description=text))


def _add_train(train):
    train.add_argument(
        "files",
        nargs="+",
        type=filled,
        metavar="FILE",
        help="text, a line each; .gz, .bz2, .xz; or a folder",
    )
    train.add_argument("--output", required=True, type=filled, metavar="DIR", help="a new folder")
    train.add_argument("--size", type=whole(1), default=8192, metavar="N", help="default: 8192")
    kind = train.add_mutually_exclusive_group()
    kind.add_argument("--kind", choices=KINDS, help="default: wordpiece")
    kind.add_argument(
        "--like",
        type=filled,
        metavar="DIR",
        help="folder of a model whose tokenizer is followed, for `adapt`",
    )
    train.add_argument("--cased", action="store_true", help="keep upper case and accents")
    train.add_argument(
        "--min-frequency", type=whole(0), default=2, metavar="N", help="of a pair; default: 2"
    )
    train.add_argument(
        "--limit-alphabet", type=whole(1), default=1000, metavar="N", help="default: 1000"
    )
    train.add_argument(
        "--capacity",
        type=whole(2),
        default=1_000_000,
        metavar="N",
        help="most different words that are counted; default: 1000000, about 150 MB",
    )


def _add_adapt(adapt):
    adapt.add_argument("preset", type=filled, metavar="PRESET", help=PRESET_HELP)
    adapt.add_argument("output", type=filled, metavar="DIR", help="a new folder")
    new = adapt.add_mutually_exclusive_group(required=True)
    new.add_argument("--tokenizer", type=filled, metavar="DIR", help="what `train` wrote")
    new.add_argument(
        "--token", action="append", type=filled, metavar="TEXT", help="one more; with --mode extend"
    )
    adapt.add_argument("--mode", choices=("replace", "extend"), default="replace")
    adapt.add_argument("--overwrite", action="store_true", help="replace DIR, whatever it holds")


ACTIONS = {
    "train": ("Learn a vocabulary from texts.", _add_train),
    "adapt": ("Put a vocabulary into a trained model.", _add_adapt),
}


def run(args):
    {"train": run_train, "adapt": run_adapt}[args.action](args)


def run_train(args):
    if args.like and args.cased:
        raise UsageError("--cased is settled by --like: leave it out, or give --kind")
    if args.cased and args.kind == "byte_bpe":
        raise UsageError("--cased: a byte_bpe keeps upper case always")
    output = Path(args.output)
    if output.exists() and not (output.is_dir() and _is_replaceable(output)):
        raise FileExistsError(f"--output {output} is there already. Name a new folder.")
    start_keras(debug=args.debug)
    from ..pretraining import train_vocabulary
    from ..tokenizers import Tokenizer

    like = Tokenizer.from_folder(args.like) if args.like else None
    tokenizer, report = train_vocabulary(
        [Path(name) for name in args.files],
        args.kind or "wordpiece",
        args.size,
        like=like,
        min_frequency=args.min_frequency,
        limit_alphabet=args.limit_alphabet,
        capacity=args.capacity,
        return_report=True,
        **({"lowercase": False} if args.cased else {}),
    )
    tokenizer.save(output)
    print(f"{report}\nSaved to {output}")


def _is_replaceable(folder):
    """Whether there is nothing in it but what an earlier run wrote."""
    return set(os.listdir(folder)) <= {"tokenizer.json", "tokenizer_config.json"}


def run_adapt(args):
    if args.token and args.mode != "extend":
        raise UsageError("--token adds to a vocabulary: say --mode extend")
    start_keras(debug=args.debug)
    from ..catalog import locate
    from ..pretraining import adapt_vocabulary
    from ..tokenizers import Tokenizer
    from .convert import read

    folder, _ = locate(args.preset)
    output = Path(args.output).resolve()
    if output == Path(folder).resolve() or output in Path(folder).resolve().parents:
        raise ValueError(f"{args.output} holds the model itself. Name another folder.")
    tokenizer = args.token or Tokenizer.from_folder(args.tokenizer)
    task, _ = read(folder)  # of an encoder without a head, an embedder
    new, report = adapt_vocabulary(task, tokenizer, args.mode)
    new.save_to_preset(args.output, overwrite=args.overwrite)
    print(f"{report}\n{type(new).__name__} saved to {args.output}")
    print(json.dumps(report.to_config()))
