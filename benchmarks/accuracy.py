"""Test accuracy of a fine-tuned classifier over several seeds: ours, or written by hand in torch.

    KERAS_BACKEND=jax python benchmarks/accuracy.py --encoder FOLDER --data movie-sentences
    python benchmarks/accuracy.py --encoder FOLDER --data movie-sentences --by-hand

Both follow one recipe: AdamW (weight decay 0.01, not on biases and norms), warm-up over 10% of the
updates, then linearly to zero, gradients clipped to norm 1, batches of 32, all texts cut at 128
tokens. `--by-hand` uses transformers' model and tokenizer and a plain training loop.
"""

import argparse
import csv
import json
import os
import statistics
import time
from pathlib import Path

BATCH = 32
LENGTH = 128
LABELS = {"movie-sentences": "label", "banking77": "category"}


def read(data, part):
    folder = Path(os.environ.get("KBZ_DATA", Path(__file__).parents[2] / "shared" / "data"))
    with open(folder / "tasks" / data / f"{part}.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [row[LABELS[data]] for row in rows]


def ours(arguments, train, test, seed):
    import keras

    import keras_bert_zoo as kbz

    keras.utils.set_random_seed(seed)
    task = kbz.TextClassifier.from_preset(
        arguments.encoder,
        labels=sorted(set(train[1])),
        recipe=kbz.Recipe(arguments.learning_rate),
        max_sequence_length=LENGTH,
        truncation="silent",
    )
    task.fit(*train, epochs=arguments.epochs, batch_size=BATCH, verbose=0)
    return task.evaluate(*test, verbose=0, return_dict=True)["accuracy"]


def by_hand(arguments, train, test, seed):
    import torch
    import transformers
    from by_hand import optimizer_of, update

    torch.manual_seed(seed)
    torch.set_flush_denormal(True)  # or rare tokens' fading averages make updates 4 times slower
    names = sorted(set(train[1]))
    tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.encoder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        arguments.encoder, num_labels=len(names)
    )

    def batch(texts, labels, rows):
        encoded = tokenizer(
            [texts[i] for i in rows],
            padding=True,
            truncation=True,
            max_length=LENGTH,
            return_tensors="pt",
        )
        return encoded, torch.tensor([names.index(labels[i]) for i in rows])

    steps = -(-len(train[0]) // BATCH) * arguments.epochs
    optimizer, schedule = optimizer_of(model, arguments.learning_rate, steps)
    model.train()
    for _ in range(arguments.epochs):
        for rows in torch.randperm(len(train[0])).split(BATCH):
            inputs, labels = batch(*train, rows.tolist())
            loss = torch.nn.functional.cross_entropy(model(**inputs).logits, labels)
            update(model, loss, optimizer, schedule)
    model.eval()
    right = 0
    with torch.no_grad():
        for start in range(0, len(test[0]), BATCH):
            inputs, labels = batch(*test, range(start, min(start + BATCH, len(test[0]))))
            right += int((model(**inputs).logits.argmax(-1) == labels).sum())
    return right / len(test[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", required=True, help="preset, or folder for --by-hand")
    parser.add_argument("--data", choices=LABELS, default="movie-sentences")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--by-hand", action="store_true")
    arguments = parser.parse_args()
    train, test = read(arguments.data, "train"), read(arguments.data, "test")
    run, accuracies, start = by_hand if arguments.by_hand else ours, [], time.perf_counter()
    for seed in arguments.seeds:
        accuracies.append(run(arguments, train, test, seed))
    who = "by hand" if arguments.by_hand else os.environ.get("KERAS_BACKEND", "tensorflow")
    print(
        json.dumps(
            {
                "who": who,
                "encoder": Path(arguments.encoder).name,
                "data": arguments.data,
                "mean": round(statistics.mean(accuracies), 4),
                "accuracies": [round(a, 4) for a in accuracies],
                "seconds": round(time.perf_counter() - start),
            }
        )
    )


if __name__ == "__main__":
    main()
