"""What reading a domain's texts first brings to a classifier that has few labels.

    KERAS_BACKEND=torch python benchmarks/domain_adaptation.py --encoder FOLDER --out result.json

The encoder goes on guessing hidden words (https://arxiv.org/abs/2004.10964) in the texts of
movie-documents' training part, whose labels nobody reads, and is then fine-tuned on 200 labelled
movie-sentences, drawn anew for each seed, and judged on all test sentences. The ways:

- `as it is`: no reading;
- `read`: masked tokens; `read, whole words`: masked words;
- `replaced`: a vocabulary of its own of `--size` tokens, learnt from the same texts, and no
  reading; `replaced, read`: and then masked tokens;
- `extended, read`: the old vocabulary and `--added` more tokens from the domain.

Each way reads once; the deviation is over the seeds of fine-tuning, which are also those of its
200 sentences. `guessed` is the share of hidden tokens in held-out documents that is guessed right:
it tells two models apart that have the same vocabulary, and no others.
"""

import argparse
import csv
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from seeds import BATCH, data_folder

WAYS = {
    "as it is": {},
    "read": {"read": True},
    "read, whole words": {"read": True, "whole_words": True},
    "replaced": {"vocabulary": "replace"},
    "replaced, read": {"vocabulary": "replace", "read": True},
    "extended, read": {"vocabulary": "extend", "read": True},
}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", required=True, help="preset or folder of a masked LM")
    parser.add_argument("--ways", nargs="+", choices=tuple(WAYS), default=list(WAYS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--size", type=int, default=8192, help="tokens of a vocabulary of its own")
    parser.add_argument("--added", type=int, default=2000, help="tokens that extend the old one")
    parser.add_argument("--read-epochs", type=int, default=1)
    parser.add_argument("--read-rate", type=float, default=1e-3)
    parser.add_argument("--documents", type=int, help="read no more than these")
    parser.add_argument("--labelled", type=int, default=200)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    return parser.parse_args()


def rows_of(data, part):
    path = data_folder() / "tasks" / data / f"{part}.csv"
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def stretches(documents, words=96):
    """Stretches of so many words, about 120 tokens: each text is read whole, part by part."""
    for document in documents:
        parts = document.split()
        for start in range(0, len(parts), words):
            yield " ".join(parts[start : start + words])


def adapted(arguments, way, documents, held_out, folder):
    """Saves the encoder after a way's preparation; figures of that are returned."""
    import keras

    import keras_bert_zoo as kbz
    from keras_bert_zoo.pretraining import adapt_vocabulary, train_vocabulary

    keras.utils.set_random_seed(0)
    task = kbz.MaskedLM.from_preset(
        arguments.encoder,
        masking={"whole_words": way.get("whole_words", False)},
        recipe=kbz.Recipe(arguments.read_rate),
        max_sequence_length=128,
        truncation="silent",
        seed=0,
    )
    figures = {}
    if mode := way.get("vocabulary"):
        old = task.preprocessor.tokenizer
        tokenizer = train_vocabulary(documents, like=old, size=arguments.size)
        if mode == "extend":
            tokenizer = commonest(tokenizer, old, documents, arguments.added)
        task, report = adapt_vocabulary(task, tokenizer, mode)
        figures["vocabulary"] = str(report)
    texts = list(stretches(documents))
    tokens = sum(map(len, task.preprocessor.tokenizer.ids_batch(texts)))
    figures["tokens per word"] = round(tokens / sum(len(text.split()) for text in texts), 3)
    if way.get("read"):
        start = time.process_time()
        task.fit(texts, epochs=arguments.read_epochs, batch_size=BATCH, verbose=0)
        figures["processor seconds of reading"] = round(time.process_time() - start)
    scores = task.evaluate(list(stretches(held_out)), verbose=0, return_dict=True)
    figures["guessed"] = round(float(scores["accuracy"]), 4)
    task.save_to_preset(folder)
    return figures


def commonest(tokenizer, old, documents, count):
    """The old tokenizer with those of the words of another that the texts have most often."""
    from keras_bert_zoo.pretraining.vocabulary.extension import extended_tokenizer

    both = extended_tokenizer(old, tokenizer)
    seen = np.bincount(np.concatenate(both.ids_batch(documents)), minlength=both.vocabulary_size)
    ids = np.argsort(-seen[old.vocabulary_size :], kind="stable")[:count] + old.vocabulary_size
    words = [both.id_to_token(index) for index in ids]
    specification = old.specification()
    first, vocabulary = old.vocabulary_size, dict(specification["model"]["vocab"])
    vocabulary |= {word: first + number for number, word in enumerate(words)}
    specification["model"]["vocab"] = vocabulary
    return type(old).from_specification(specification, old.get_config()["special_tokens"])


def accuracy(arguments, encoder, train, test, seed):
    """Test accuracy after fine-tuning on as many sentences of each class."""
    import keras

    import keras_bert_zoo as kbz

    keras.utils.set_random_seed(seed)
    labels = sorted({row["label"] for row in train})
    generator = np.random.default_rng(seed)
    share = arguments.labelled // len(labels)
    chosen = [
        row
        for label in labels
        for row in generator.permutation([row for row in train if row["label"] == label])[:share]
    ]
    task = kbz.TextClassifier.from_preset(
        encoder,
        labels=labels,
        head="new",
        recipe=kbz.Recipe(arguments.learning_rate),
        max_sequence_length=64,
        truncation="silent",
        seed=seed,
    )
    given = [[row[name] for row in rows] for rows in (chosen, test) for name in ("text", "label")]
    task.fit(given[0], given[1], epochs=arguments.epochs, batch_size=16, verbose=0)
    return task.evaluate(given[2], given[3], verbose=0, return_dict=True)["accuracy"]


def main():
    arguments = parse()
    documents = [row["text"] for row in rows_of("movie-documents", "train")]
    documents = documents[: arguments.documents]
    held_out = [row["text"] for row in rows_of("movie-documents", "dev")][:50]
    train, test = (rows_of("movie-sentences", part) for part in ("train", "test"))
    results = []
    for name in arguments.ways:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "adapted"
            figures = adapted(arguments, WAYS[name], documents, held_out, folder)
            found = [accuracy(arguments, folder, train, test, seed) for seed in arguments.seeds]
        figures["accuracy"] = [round(float(value), 4) for value in found]
        figures["mean"] = round(statistics.mean(found), 4)
        figures["deviation"] = round(statistics.stdev(found), 4) if len(found) > 1 else None
        results.append({"way": name, **figures})
        print(json.dumps(results[-1]), flush=True)
    if arguments.out:
        backend = os.environ.get("KERAS_BACKEND", "tensorflow")
        settings = {**vars(arguments), "out": arguments.out.name, "backend": backend}
        settings["encoder"] = Path(arguments.encoder).name
        whole = json.dumps({"settings": settings, "ways": results}, indent=2) + "\n"
        temporary = arguments.out.with_name(f".{arguments.out.name}.tmp")
        temporary.write_text(whole, "utf-8")
        temporary.replace(arguments.out)


if __name__ == "__main__":
    main()
