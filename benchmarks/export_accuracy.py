"""Accuracy and size of a classifier in every format, on labelled texts, beside the task's own.

    keras-bert-zoo finetune --preset FOLDER --train train.csv --output my_classifier
    KERAS_BACKEND=torch python benchmarks/export_accuracy.py my_classifier --file test.csv

`exports.py` says how much the numbers differ; this one says what that does to the answers.
"""

import argparse
import csv
import tempfile
from pathlib import Path

import numpy as np
from exports import FORMATS

import keras_bert_zoo as kbz

BATCH = 32


def read_rows(path):
    """`(texts, labels)` of a csv with these two columns, `text` and `label`."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [row["label"] for row in rows]


def answers(task, function, texts):
    """The label of each text, by a function from the model's inputs to its outputs."""
    found = []
    for start in range(0, len(texts), BATCH):
        inputs = task.preprocessor(texts[start : start + BATCH])
        logits = function({key: np.asarray(value) for key, value in inputs.items()})["logits"]
        found += [task.labels[index] for index in np.asarray(logits).argmax(axis=-1)]
    return np.array(found[: len(texts)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("preset")
    parser.add_argument("--file", required=True, help="csv with columns text and label")
    parser.add_argument("--formats", nargs="+", default=list(FORMATS), choices=FORMATS)
    arguments = parser.parse_args()
    task = kbz.TextClassifier.from_preset(arguments.preset)
    texts, labels = read_rows(arguments.file)
    own = answers(task, lambda inputs: {"logits": task.predict_on_batch(inputs)}, texts)
    print("| format | MB | accuracy | as the task says |\n|---|---|---|---|")
    print(f"| the task | | {np.mean(own == labels):.2%} | |", flush=True)
    for name in arguments.formats:
        options, opened = FORMATS[name]
        with tempfile.TemporaryDirectory() as place:
            size = task.export(Path(place) / name, **options)["bytes"] / 1e6
            found = answers(task, opened(Path(place) / name), texts)
        share, same = np.mean(found == labels), np.mean(found == own)
        print(f"| {name} | {size:.1f} | {share:.2%} | {same:.2%} |", flush=True)


if __name__ == "__main__":
    main()
