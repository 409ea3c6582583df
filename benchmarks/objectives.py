"""ELECTRA against masked tokens: the same small model, the same tokens, then movie-sentences.

    KERAS_BACKEND=jax python benchmarks/objectives.py --steps 1000 --seeds 0 1

Both learn from the movie documents and WikiText-2, with a vocabulary learnt from them, and are then
fine-tuned on movie-sentences with the same recipe. `none` is fine-tuned from the start. A generator
costs an ELECTRA about half as much again a token; `tokens` are what the encoder has read.
"""

import argparse
import csv
import json
import os
import statistics
import time

import keras
from seeds import data_folder

import keras_bert_zoo as kbz
from keras_bert_zoo.families import electra
from keras_bert_zoo.pretraining import MaskedTokens, Pretrainer, ReplacedTokens, train_vocabulary

LENGTH, BATCH = 64, 32
OBJECTIVES = {"masked_tokens": MaskedTokens, "replaced_tokens": ReplacedTokens, "none": None}


def read(name):
    """`(texts, labels)` of a table of the movie sentences."""
    path = data_folder() / "tasks" / "movie-sentences" / f"{name}.csv"
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [row["label"] for row in rows]


def plain_texts():
    """Texts without labels: of the training set, of other reviews, and of Wikipedia."""
    texts = read("train")[0]
    folder = data_folder()
    with open(folder / "tasks" / "movie-documents" / "train.csv", encoding="utf-8") as file:
        texts += [row["text"] for row in csv.DictReader(file)]
    with open(folder / "text" / "wikitext2" / "valid.txt", encoding="utf-8") as file:
        texts += [line for line in file if len(line) > 20]
    return texts


def new_encoder(size):
    """An ELECTRA of two layers, 128 wide."""
    config = electra.ElectraConfig(
        vocabulary_size=size,
        num_layers=2,
        hidden_dim=128,
        num_heads=2,
        intermediate_dim=512,
        max_sequence_length=LENGTH,
        embedding_dim=128,
    )
    return electra.build(config)


def run(objective, seed, arguments, texts, tokenizer):
    """Accuracy on the test set, and what it took to get there."""
    keras.utils.set_random_seed(seed)
    encoder, found = new_encoder(tokenizer.vocabulary_size), {}
    if OBJECTIVES[objective]:
        pretrainer = Pretrainer(
            encoder,
            tokenizer,
            [OBJECTIVES[objective]()],
            length=LENGTH,
            recipe=kbz.Recipe(5e-4, warmup=0.1),
            seed=seed,
        )
        start = time.perf_counter()
        history = pretrainer.fit(
            texts, batch_size=BATCH, steps_per_epoch=arguments.steps, verbose=0
        ).history
        found["loss"] = round(history["loss"][-1], 3)
        found["right"] = round(history[f"{objective}_accuracy"][-1], 3)
        found["pretraining seconds"] = round(time.perf_counter() - start)
    preprocessor = kbz.Preprocessor(tokenizer, LENGTH)
    task = kbz.TextClassifier(
        encoder, preprocessor, labels=["0", "1"], recipe=kbz.Recipe(3e-4), seed=seed
    )
    task.fit(*read("train"), batch_size=BATCH, epochs=arguments.epochs, verbose=0)
    answers = task.evaluate(*read("test"), return_dict=True, verbose=0)
    return {**found, "accuracy": round(float(answers["accuracy"]), 4)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objectives", nargs="+", choices=[*OBJECTIVES], default=[*OBJECTIVES])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments = parser.parse_args()
    texts = plain_texts()
    tokenizer = train_vocabulary(texts, kind="wordpiece", size=8192)
    for objective in arguments.objectives:
        runs = []
        for seed in arguments.seeds:
            runs.append(run(objective, seed, arguments, texts, tokenizer))
            print(json.dumps({"objective": objective, "seed": seed, **runs[-1]}), flush=True)
        line = {"objective": objective, "backend": os.environ.get("KERAS_BACKEND", "tensorflow")}
        line["steps"], line["accuracy"] = arguments.steps, [one["accuracy"] for one in runs]
        line["mean"] = round(statistics.mean(line["accuracy"]), 4)
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
