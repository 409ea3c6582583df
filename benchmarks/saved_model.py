"""SavedModels of every task against the task itself, on real texts, from every backend.

    python benchmarks/saved_model.py --encoder FOLDER --backends tensorflow,jax,torch --limit 500

For each backend a process answers with the task and exports it; another, which imports TensorFlow
alone, loads the SavedModel and answers the same rows, 32 at a time. Labels, texts and places must
be equal; of the scores the largest difference is told. `ratio` is the time of the SavedModel
divided by that of the task. Heads are new and random, as no trained ones are at hand: entities are
in every word, and answers anywhere.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TASKS = ("text", "document", "pair", "token", "token-crf", "span", "choice", "mask", "embed")
LENGTH = 128
# Inputs of the signature, from a row.
COLUMNS = {
    "pair": ("query", "document"),
    "span": ("question", "context"),
    "choice": ("prompt", "choices"),
}


def rows_of(task, limit):
    from accuracy import read
    from throughput import rows_of as rows

    if task == "document":
        return read("movie-documents", "train")[0][:limit]
    return rows("token" if task == "token-crf" else task, limit)[:limit]


def made(task, encoder):
    """`(the task, a function of rows that gives answers)`."""
    import keras

    import keras_bert_zoo as kbz

    keras.utils.set_random_seed(0)
    options = {"max_sequence_length": LENGTH, "truncation": "silent"}
    types = {"entity_types": ["PER", "LOC", "ORG"], **options}
    build = {
        "text": lambda: kbz.TextClassifier.from_preset(encoder, labels=["a", "b"], **options),
        "document": lambda: kbz.DocumentClassifier.from_preset(
            encoder, labels=["a", "b"], overlap=16, **options
        ),
        "pair": lambda: kbz.PairScorer.from_preset(encoder, problem="regression", **options),
        "token": lambda: kbz.TokenClassifier.from_preset(encoder, **types),
        "token-crf": lambda: kbz.TokenClassifier.from_preset(encoder, head="crf", **types),
        "span": lambda: kbz.SpanExtractor.from_preset(encoder, **options),
        "choice": lambda: kbz.MultipleChoice.from_preset(encoder, **options),
        "mask": lambda: kbz.MaskedLM.from_preset(encoder, head="new", **options),
        "embed": lambda: kbz.TextEmbedder.from_preset(encoder, **options),
    }
    answer = {
        "pair": lambda one: lambda rows: one.score(rows).tolist(),
        "token": lambda one: one.extract,
        "token-crf": lambda one: one.extract,
        "span": lambda one: one.answer,
        "choice": lambda one: one.choose,
        "mask": lambda one: one.fill,
        "embed": lambda one: lambda rows: one.embed(rows).tolist(),
    }
    found = build[task]()
    return found, answer.get(task, lambda one: one.classify)(found)


def export(arguments):
    """Answers with the task, and writes its SavedModel."""
    rows = rows_of(arguments.task, arguments.limit)
    task, answer = made(arguments.task, arguments.encoder)
    answer(rows)
    start = time.perf_counter()
    found = answer(rows)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    report = task.export(arguments.folder / "model", ops=arguments.ops)
    export_seconds = time.perf_counter() - start
    told = {"rows": rows, "found": found, "seconds": seconds, "export_seconds": export_seconds}
    told |= {"bytes": report["bytes"], "agreement": report["tokenizer"]["agreement"]}
    (arguments.folder / "task.json").write_text(json.dumps(told))


def serve(arguments):
    """Answers with the SavedModel; nothing of this library is imported."""
    import tensorflow as tf

    if arguments.ops == "text":
        import tensorflow_text  # noqa: F401  registers its operations

    told = json.loads((arguments.folder / "task.json").read_text())
    model = tf.saved_model.load(str(arguments.folder / "model"))
    names = COLUMNS.get(arguments.task, ("text",))
    call = model.signatures["serving_default"]

    def answer():
        found = []
        for start in range(0, len(told["rows"]), 32):
            rows = told["rows"][start : start + 32]
            columns = [rows] if len(names) == 1 else list(zip(*rows))
            given = {key: tf.constant(column) for key, column in zip(names, columns)}
            outputs = {key: value.numpy() for key, value in call(**given).items()}
            found += [of_row(arguments.task, outputs, place) for place in range(len(rows))]
        return found

    answer()
    start = time.perf_counter()
    found = answer()
    seconds = time.perf_counter() - start
    brought = sorted(name for name in sys.modules if name in ("keras_bert_zoo", "tokenizers"))
    same, largest = compared(found, told["found"])
    print(json.dumps({"same": same, "largest": largest, "seconds": seconds, "brought": brought}))


def of_row(task, outputs, row):
    """What the task answers for a row, from the named outputs of a batch."""
    outputs = {key: value[row] for key, value in outputs.items()}
    plain = {key: as_python(value) for key, value in outputs.items()}
    if task in ("text", "document"):
        return {"label": plain["label"], "score": plain["score"]}
    if task == "pair":
        return plain["score"]
    if task == "embed":
        return plain["embeddings"]
    if task.startswith("token"):
        count = plain.pop("count")
        return [{key: value[place] for key, value in plain.items()} for place in range(count)]
    if task == "mask":
        keys = ("token", "score", "text")
        answers = [
            [dict(zip(keys, one)) for one in zip(*(plain[key][mask] for key in keys))]
            for mask in range(plain["count"])
        ]
        return answers[0] if len(answers) == 1 else answers
    return plain


def as_python(value):
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, list):
        return [as_python(one) for one in value]
    return value.decode() if isinstance(value, bytes) else value


def compared(found, expected):
    """`(share of rows with equal labels, texts and places, largest difference of numbers)`."""
    pairs = [both(*pair) for pair in zip(found, expected, strict=True)]
    return sum(same for same, _ in pairs) / len(pairs), max(away for _, away in pairs)


def both(found, expected):
    if isinstance(expected, dict):
        parts = [both(found[key], value) for key, value in expected.items()]
    elif isinstance(expected, list):
        if len(found) != len(expected):
            return False, 0.0
        parts = [both(*pair) for pair in zip(found, expected)]
    elif isinstance(expected, float):
        return True, abs(found - expected)
    else:
        return found == expected, 0.0
    return all(same for same, _ in parts), max((away for _, away in parts), default=0.0)


def run(arguments, step, task, backend, folder):
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": backend}
    if step == "serve":  # TensorFlow imports Keras, which would import this
        del environment["KERAS_BACKEND"]
    given = [f"--{key}={getattr(arguments, key)}" for key in ("encoder", "limit", "ops")]
    command = [sys.executable, __file__, *given, f"--step={step}", f"--task={task}"]
    command += [f"--folder={folder}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", required=True, help="a preset, or a folder")
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--backends", default="tensorflow,jax,torch")
    parser.add_argument("--limit", type=int, default=500, help="rows of each task")
    parser.add_argument("--ops", default="text")
    for name in ("--step", "--task"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        {"export": export, "serve": serve}[arguments.step](arguments)
        return
    print("| task | backend | rows | equal | largest difference | MB | export s | ratio | ids |")
    print("|---|---|---|---|---|---|---|---|---|")
    for task in arguments.tasks.split(","):
        for backend in arguments.backends.split(","):
            with tempfile.TemporaryDirectory() as folder:
                run(arguments, "export", task, backend, folder)
                served = json.loads(run(arguments, "serve", task, backend, folder).splitlines()[-1])
                told = json.loads((Path(folder) / "task.json").read_text())
            assert not served["brought"], served["brought"]
            print(
                f"| {task} | {backend} | {len(told['rows'])} | {served['same']:.2%} | "
                f"{served['largest']:.1e} | {told['bytes'] / 1e6:.1f} | "
                f"{told['export_seconds']:.0f} | {served['seconds'] / told['seconds']:.2f} | "
                f"{told['agreement']:.0%} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
