"""keras_bert_zoo, transformers and KerasHub side by side, in one run on one machine.

python benchmarks/encode_and_train.py --rounds 5
python benchmarks/encode_and_train.py --contestants ours-jax,transformers --tasks b,c
"""

import argparse
import json
import os
import pathlib
import platform
import sys

from contestants import CONTESTANTS, TASKS
from race import ContestantError, Worker, race, summary

LETTERS = dict(zip("abc", TASKS))
TITLES = {
    "forward": "(a) forward: one batch of 32 x 128 ready ids, seconds a batch",
    "predict": "(b) predict: {dev} sentences from strings, seconds",
    "train": "(c) train: one epoch over {train} sentences from strings, seconds",
}
COLUMNS = ("median", "min", "max", "cpu", "first_run", "ratio", "difference", "apart")


def main():
    options = arguments()
    report = {"environment": environment(options), "tasks": {}, "errors": {}}
    workers = start(options, report)
    try:
        for task in options.tasks:
            results, errors = race(workers, task, options.rounds, options.warm_ups, say)
            report["errors"].update({f"{name} {task}": text for name, text in errors.items()})
            reference = results.get(options.reference)
            rows = {name: summary(result, reference) for name, result in results.items()}
            report["tasks"][task] = rows
            show(task, rows, report["environment"])
            tell_batches(rows)
    finally:
        for worker in workers.values():
            worker.close()
    tell_environment(report["environment"])
    for name, error in report["errors"].items():
        print(f"\nLeft out: {name}: {error}")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(report, indent=1), encoding="utf-8")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="timed runs of each contestant")
    parser.add_argument("--warm-ups", type=int, default=2, help="uncounted runs before them")
    parser.add_argument("--contestants", type=names_of(CONTESTANTS), default=list(CONTESTANTS))
    parser.add_argument("--tasks", type=names_of(LETTERS), default=list(LETTERS), help="of a,b,c")
    parser.add_argument("--weights", default="minilm", help="minilm, bert-tiny-splade or a folder")
    parser.add_argument("--reference", default="transformers", help="whose median is ratio 1")
    parser.add_argument("--limit", type=int, default=0, help="use the first texts only")
    parser.add_argument("--json", help="file for all numbers")
    options = parser.parse_args()
    options.tasks = [LETTERS[letter] for letter in options.tasks]
    if options.rounds < 1 or options.warm_ups < 1:
        parser.error("--rounds and --warm-ups must be 1 or more")
    return options


def names_of(table):
    """Parses `a,b,c` where each is in the table."""

    def parse(text):
        names = [name.strip() for name in text.split(",")]
        unknown = [name for name in names if name not in table]
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown}: choose from {', '.join(table)}")
        return names

    return parse


def start(options, report):
    """Loads the contestants; those that fail are noted."""
    workers = {}
    for name in options.contestants:
        say(f"loading {name}")
        try:
            worker = Worker(name, CONTESTANTS[name][0], options.weights, options.limit)
        except ContestantError as error:
            report["errors"][name] = str(error)
            continue
        workers[name] = worker
        report["environment"]["load_seconds"][name] = worker.about["load_seconds"]
        report["environment"]["versions"].update(worker.about["versions"])
    return workers


def environment(options):
    import workload

    work = workload.load(options.weights, options.limit or None)
    return {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "cores": cores(),
        "load_average": list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
        "weights": work.weights.name if options.weights != "minilm" else "all-MiniLM-L6-v2",
        "texts": {"dev": len(work.dev[0]), "train": len(work.train[0])},
        "rounds": options.rounds,
        "reference": options.reference,
        "versions": {},
        "load_seconds": {},
    }


def cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def show(task, rows, about):
    """Prints the table of one task."""
    print("\n" + TITLES[task].format(**about["texts"]))
    print(f"{'':24}" + "".join(f"{column:>11}" for column in COLUMNS))
    for name, row in sorted(rows.items(), key=lambda item: item[1]["median"]):
        print(f"{name:24}" + "".join(f"{number(row.get(column)):>11}" for column in COLUMNS))
    sys.stdout.flush()


def number(value):
    if value is None or isinstance(value, int):
        return "-" if value is None else str(value)
    return f"{value:.1e}" if 0 < value < 1e-3 else f"{value:.3f}"


def tell_batches(rows):
    """Prints how much padding is computed, and in how many shapes."""
    for name, row in rows.items():
        if "batches" in row and row["batches"]["batches"] > 1:
            about = row["batches"]
            print(
                f"{name:24}{about['padding']:>8.1%} padding,{about['batches']:>4} batches of "
                f"{about['shapes']} shapes, {about['tokens']:,} tokens computed"
            )


def tell_environment(about):
    print("\n" + ", ".join(f"{name} {version}" for name, version in about["versions"].items()))
    print(f"Python {about['python']}, {about['machine']}, {about['cores']} cores")
    print(f"weights {about['weights']}, load average at the start {about['load_average']}")


def say(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
