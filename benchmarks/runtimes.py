"""What a task is worth in other runtimes: size, difference, and time for one text.

    KERAS_BACKEND=tensorflow python benchmarks/runtimes.py mobilebert litert
    KERAS_BACKEND=tensorflow python benchmarks/runtimes.py all_minilm_l6_v2 openvino
    KERAS_BACKEND=torch python benchmarks/runtimes.py all_minilm_l6_v2 torch_export

`mobilebert` is of the size of google/mobilebert-uncased with random weights, `tiny` one of two
layers of 128. Times are medians in milliseconds, the runtimes' and the task's taken in turns; the
ratio is that of `task.predict_on_batch` to the runtime's: above 1 the runtime is faster.
"""

import argparse
import contextlib
import json
import os
import statistics
import tempfile
import time

import keras

import keras_bert_zoo as kbz
from keras_bert_zoo.export import litert, openvino, torch_export
from keras_bert_zoo.export.probe import probe_inputs
from keras_bert_zoo.families import bert, mobilebert

MODULES = {"litert": litert, "openvino": openvino, "torch_export": torch_export}
PRECISIONS = {
    "litert": ("float32", "float16", "int8"),
    "openvino": ("float32", "float16"),
    "torch_export": (None,),
}
LENGTHS = (32, 128)


def task_called(name):
    """A task with random weights of a size, or the embedder of a preset."""
    keras.utils.set_random_seed(0)
    if name == "mobilebert":
        encoder = mobilebert.build(mobilebert.MobileBertConfig(vocabulary_size=30522))
        return kbz.TextClassifier(encoder, num_classes=2)
    if name == "tiny":
        sizes = {"num_layers": 2, "hidden_dim": 128, "num_heads": 2, "intermediate_dim": 512}
        config = bert.BertConfig(vocabulary_size=30522, **sizes)
        return kbz.TextClassifier(bert.build(config), num_classes=2)
    if os.path.isdir(name):
        return kbz.MaskedLM.from_preset(name)
    return kbz.TextEmbedder.from_preset(name)


@contextlib.contextmanager
def opened(folder, module):
    """The function that runs an exported model, as its README has it."""
    before, names = os.getcwd(), {}
    os.chdir(folder)
    try:
        exec(module.OPENED, names)
        yield names["run"]
    finally:
        os.chdir(before)


def in_turns(functions, rounds):
    """Median seconds of each function, called in turns; the first few calls are not counted."""
    times = [[] for _ in functions]
    for _ in range(rounds + 3):
        for function, found in zip(functions, times):
            start = time.perf_counter()
            function()
            found.append(time.perf_counter() - start)
    return [statistics.median(found[3:]) for found in times]


def measure(task, form, precision, rounds):
    options = {} if precision is None else {"precision": precision}
    with tempfile.TemporaryDirectory() as place:
        folder = os.path.join(place, "out")
        start = time.perf_counter()
        report = task.export(folder, form, **options)
        row = {"seconds_to_export": time.perf_counter() - start}
        for key in ("bytes", "largest_difference", "label_agreement"):
            row[key] = report[key]
        with opened(folder, MODULES[form]) as run:
            for length in LENGTHS:
                (inputs,) = probe_inputs(task, [(1, length)])
                calls = [
                    lambda: run(inputs),  # noqa: B023
                    lambda: task.predict_on_batch(inputs),  # noqa: B023
                    lambda: task.predict(inputs, verbose=0),  # noqa: B023
                ]
                theirs, batch, predict = in_turns(calls, rounds)
                row[f"ms_{length}"] = 1e3 * theirs
                row[f"predict_on_batch_ms_{length}"] = 1e3 * batch
                row[f"predict_ms_{length}"] = 1e3 * predict
                row[f"ratio_{length}"] = batch / theirs
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="mobilebert, tiny, a preset of an embedder, or a folder")
    parser.add_argument("format", choices=MODULES)
    parser.add_argument("--precisions", help="comma-separated; all if not given")
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    task = task_called(given.model)
    precisions = given.precisions.split(",") if given.precisions else PRECISIONS[given.format]
    for precision in precisions:
        row = measure(task, given.format, precision, given.rounds)
        print(
            json.dumps({"model": given.model, "format": given.format, "precision": precision} | row)
        )


if __name__ == "__main__":
    main()
