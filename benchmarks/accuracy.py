"""Test accuracy of a fine-tuned classifier over several seeds: ours, or written by hand in torch.

    KERAS_BACKEND=jax python benchmarks/accuracy.py --encoder FOLDER --data movie-sentences
    python benchmarks/accuracy.py --encoder FOLDER --data movie-sentences --by-hand
    python benchmarks/accuracy.py --encoder FOLDER --data movie-documents --windows

Both follow one recipe: AdamW (weight decay 0.01, not on biases and norms), warm-up over 10% of the
updates, then linearly to zero, gradients clipped to norm 1, batches of 32, all texts cut at
`--length` tokens, or with `--windows` read in windows of as many. `--by-hand` uses transformers'
model and tokenizer and a plain training loop.
"""

import csv

from seeds import BATCH, data_folder, parser_of, report

LABELS = {"movie-sentences": "label", "banking77": "category", "movie-documents": "label"}


def read(data, part):
    with open(data_folder() / "tasks" / data / f"{part}.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [row[LABELS[data]] for row in rows]


def ours(arguments, train, test, seed):
    import keras

    import keras_bert_zoo as kbz

    keras.utils.set_random_seed(seed)
    cls = kbz.DocumentClassifier if arguments.windows else kbz.TextClassifier
    task = cls.from_preset(
        arguments.encoder,
        labels=sorted(set(train[1])),
        recipe=kbz.Recipe(arguments.learning_rate),
        max_sequence_length=arguments.length,
        truncation="silent",
    )
    task.fit(*train, epochs=arguments.epochs, batch_size=BATCH, verbose=0)
    return {"accuracy": task.evaluate(*test, verbose=0, return_dict=True)["accuracy"]}


def by_hand(arguments, train, test, seed):
    import by_hand
    import torch

    names = sorted(set(train[1]))
    tokenizer, model = by_hand.load(
        "AutoModelForSequenceClassification", arguments, seed, num_labels=len(names)
    )

    def batch(texts, labels, rows):
        encoded = tokenizer(
            [texts[i] for i in rows],
            padding=True,
            truncation=True,
            max_length=arguments.length,
            return_tensors="pt",
        )
        return encoded, torch.tensor([names.index(labels[i]) for i in rows])

    return by_hand.train_and_judge(model, batch, train, test, arguments)


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--data", choices=LABELS, default="movie-sentences")
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--windows", action="store_true", help="read whole texts, in windows")
    arguments = parser.parse_args()
    train, test = read(arguments.data, "train"), read(arguments.data, "test")
    run = by_hand if arguments.by_hand else ours
    report(arguments, lambda seed: run(arguments, train, test, seed))


if __name__ == "__main__":
    main()
