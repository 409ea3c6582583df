"""Entity F1 of a fine-tuned tagger over several seeds: ours, or written by hand in torch.

    KERAS_BACKEND=jax python benchmarks/tagging.py --encoder FOLDER --data wnut17 --head crf
    python benchmarks/tagging.py --encoder FOLDER --data wnut17 --by-hand

Both follow one recipe: AdamW (weight decay 0.01, not on biases and norms), warm-up over 10% of the
updates, then linearly to zero, gradients clipped to norm 1, batches of 32, the first piece of each
word is labelled. `--by-hand` uses transformers' model and tokenizer, a plain training loop, and
seqeval's micro F1.
"""

import argparse
import json
import os
import statistics
import time
from pathlib import Path

from keras_bert_zoo.preprocessing.conll import read_conll
from keras_bert_zoo.preprocessing.tags import find_tags

BATCH, LENGTH = 32, 128
DATA = {
    "wnut17": ("wnut17/wnut17train.conll", "wnut17/emerging.test.annotated"),
    "english": ("uner/English-EWT/en_ewt-ud-dev.iob2", "uner/English-EWT/en_ewt-ud-test.iob2"),
    "portuguese": (
        "uner/Portuguese-Bosque/pt_bosque-ud-train.iob2",
        "uner/Portuguese-Bosque/pt_bosque-ud-test.iob2",
    ),
}


def ours(arguments, train, test, seed):
    import keras

    import keras_bert_zoo as kbz

    keras.utils.set_random_seed(seed)
    task = kbz.TokenClassifier.from_preset(
        arguments.encoder,
        labels=find_tags(train[1]),
        head=arguments.head,
        constrained=not arguments.free,
        recipe=kbz.Recipe(arguments.learning_rate),
        max_sequence_length=LENGTH,
    )
    task.fit(*train, epochs=arguments.epochs, batch_size=BATCH, verbose=0)
    return task.score(*test).micro.f1


def by_hand(arguments, train, test, seed):
    import torch
    import transformers
    from by_hand import optimizer_of, update
    from seqeval.metrics import f1_score

    torch.manual_seed(seed)
    torch.set_flush_denormal(True)
    labels = find_tags(train[1])
    tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.encoder)
    model = transformers.AutoModelForTokenClassification.from_pretrained(
        arguments.encoder, num_labels=len(labels)
    )

    def batch(sentences, tags, rows):
        encoded = tokenizer(
            [sentences[i] for i in rows],
            is_split_into_words=True,
            padding=True,
            truncation=True,
            max_length=LENGTH,
            return_tensors="pt",
        )
        goals = torch.full(encoded["input_ids"].shape, -100)
        for place, row in enumerate(rows):
            before = None
            for token, word in enumerate(encoded.word_ids(place)):
                if word is not None and word != before:
                    goals[place, token] = labels.index(tags[row][word])
                before = word
        return encoded, goals

    steps = -(-len(train[0]) // BATCH) * arguments.epochs
    optimizer, schedule = optimizer_of(model, arguments.learning_rate, steps)
    model.train()
    for _ in range(arguments.epochs):
        for rows in torch.randperm(len(train[0])).split(BATCH):
            inputs, goals = batch(*train, rows.tolist())
            logits = model(**inputs).logits
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), goals.flatten())
            update(model, loss, optimizer, schedule)
    model.eval()
    true, predicted = [], []
    with torch.no_grad():
        for start in range(0, len(test[0]), BATCH):
            rows = range(start, min(start + BATCH, len(test[0])))
            inputs, goals = batch(*test, rows)
            best = model(**inputs).logits.argmax(-1)
            for row, kept, found in zip(rows, goals, best):
                tags = [labels[i] for i in found[kept != -100].tolist()]
                # What was cut off counts as missed.
                true.append(test[1][row])
                predicted.append(tags + ["O"] * (len(test[1][row]) - len(tags)))
    return f1_score(true, predicted)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", required=True, help="preset, or folder for --by-hand")
    parser.add_argument("--data", choices=DATA, default="wnut17")
    parser.add_argument("--head", choices=("softmax", "crf"), default="softmax")
    parser.add_argument("--free", action="store_true", help="tags are not constrained")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--by-hand", action="store_true")
    arguments = parser.parse_args()
    folder = Path(os.environ.get("KBZ_DATA", Path(__file__).parents[2] / "shared" / "data"))
    train, test = (read_conll(folder / "tasks" / path) for path in DATA[arguments.data])
    run, scores, start = by_hand if arguments.by_hand else ours, [], time.perf_counter()
    for seed in arguments.seeds:
        scores.append(run(arguments, train, test, seed))
    who = "by hand" if arguments.by_hand else os.environ.get("KERAS_BACKEND", "tensorflow")
    report = {"who": who, **vars(arguments), "encoder": Path(arguments.encoder).name}
    report["f1"] = [round(score, 4) for score in scores]
    report["mean"] = round(statistics.mean(scores), 4)
    report["seconds"] = round(time.perf_counter() - start)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
