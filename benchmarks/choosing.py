"""Accuracy on CODAH's fold 0 over several seeds: ours, or written by hand in torch.

    KERAS_BACKEND=jax python benchmarks/choosing.py --encoder FOLDER --epochs 3
    python benchmarks/choosing.py --encoder FOLDER --epochs 3 --by-hand

Both follow the recipe of `accuracy.py`; each of the four endings is read with the prompt.
"""

from seeds import BATCH, data_folder, parser_of, report

LENGTH = 64


def read(part):
    lines = (data_folder() / "tasks/codah/fold_0" / f"{part}.tsv").read_text("utf-8").splitlines()
    cells = [line.split("\t") for line in lines]
    return [(row[1], row[2:6]) for row in cells], [int(row[6]) for row in cells]


def ours(arguments, train, test, seed):
    import keras

    import keras_bert_zoo as kbz

    keras.utils.set_random_seed(seed)
    task = kbz.MultipleChoice.from_preset(
        arguments.encoder, recipe=kbz.Recipe(arguments.learning_rate), max_sequence_length=LENGTH
    )
    task.fit(*train, epochs=arguments.epochs, batch_size=BATCH, verbose=0)
    return {"accuracy": task.evaluate(*test, verbose=0, return_dict=True)["accuracy"]}


def by_hand(arguments, train, test, seed):
    import by_hand
    import torch

    tokenizer, model = by_hand.load("AutoModelForMultipleChoice", arguments, seed)

    def batch(examples, labels, rows):
        encoded = tokenizer(
            [examples[i][0] for i in rows for _ in range(4)],
            [choice for i in rows for choice in examples[i][1]],
            padding=True,
            truncation=True,
            max_length=LENGTH,
            return_tensors="pt",
        )
        inputs = {key: value.view(len(rows), 4, -1) for key, value in encoded.items()}
        return inputs, torch.tensor([labels[i] for i in rows])

    return by_hand.train_and_judge(model, batch, train, test, arguments)


def main():
    arguments = parser_of(__doc__).parse_args()
    train, test = read("train"), read("test")
    run = by_hand if arguments.by_hand else ours
    report(arguments, lambda seed: run(arguments, train, test, seed))


if __name__ == "__main__":
    main()
