"""What the scripts that train over several seeds share: options, data folder, a line of JSON."""

import argparse
import json
import os
import statistics
import time
from pathlib import Path

BATCH = 32


def data_folder():
    """`KBZ_DATA`, or `../shared/data` beside the repository."""
    return Path(os.environ.get("KBZ_DATA", Path(__file__).parents[2] / "shared" / "data"))


def parser_of(doc):
    """Options that all have."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--encoder", required=True, help="preset, or folder for --by-hand")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--by-hand", action="store_true")
    return parser


def report(arguments, run):
    """Runs every seed and prints the figures.

    Args:
        arguments: what the parser gave.
        run: seed -> dictionary of figures.
    """
    figures, start = [], time.perf_counter()
    for seed in arguments.seeds:
        figures.append(run(seed))
    who = "by hand" if arguments.by_hand else os.environ.get("KERAS_BACKEND", "tensorflow")
    line = {"who": who, **vars(arguments), "encoder": Path(arguments.encoder).name}
    for name in figures[0]:
        values = [one[name] for one in figures]
        line[name] = [round(float(value), 4) for value in values]
        line[f"mean {name}"] = round(statistics.mean(values), 4)
    line["seconds"] = round(time.perf_counter() - start)
    print(json.dumps(line))
