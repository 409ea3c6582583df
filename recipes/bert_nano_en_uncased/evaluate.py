"""What bert_nano_en_uncased has learnt: words that it guesses, and what fine-tuning makes of it.

    KERAS_BACKEND=torch python recipes/bert_nano_en_uncased/evaluate.py words --work runs/1
    KERAS_BACKEND=torch python recipes/bert_nano_en_uncased/evaluate.py classes --data FOLDER

`words` hides one word of each of some held-out paragraphs and asks for the five likeliest tokens.
Beside the model stand the five commonest words of the training text, and a masked LM of your own
(`--beside`). Only words that are one token to all are hidden.

`classes` fine-tunes the model and the same architecture from scratch on `train.csv` of a folder,
and judges them on its `test.csv`. From scratch the best of several learning rates counts, chosen by
the test set: that is in its favour.
"""

import argparse
import collections
import csv
import json
import re
import statistics
from pathlib import Path

import keras
import numpy as np

import keras_bert_zoo as kbz

NAME = "bert_nano_en_uncased"
MOST = 120  # tokens of a paragraph
WORD = re.compile(r"[a-z]+")


def paragraphs(folder, least=20, most=100):
    """Paragraphs of so many words, of all text files of a folder."""
    for path in sorted(Path(folder).glob("*.txt")):
        for line in path.read_text("utf-8").splitlines():
            if least <= len(line.split()) <= most:
                yield line


def questions(folder, tokenizers, count):
    """`(text with one [MASK], word)`, the words drawn evenly from all places of the text."""
    generator = np.random.default_rng(0)
    texts, found = list(paragraphs(folder)), []
    for index in generator.permutation(len(texts)):
        text = texts[index]
        words = list(re.finditer(r"\b[A-Za-z]+\b", text))
        if not words:
            continue
        match = words[generator.integers(len(words))]
        word = match.group().lower()
        sizes = [[len(ids) for ids in one.ids_batch([word, text])] for one in tokenizers]
        if all(of_word == 1 and of_text <= MOST for of_word, of_text in sizes):
            found.append((f"{text[: match.start()]}[MASK]{text[match.end() :]}", word))
        if len(found) == count:
            return found
    return found


def top_words(task, texts, count=5):
    """The likeliest tokens of each hidden place."""
    tokenizer = task.preprocessor.tokenizer
    for (logits,) in task.predict(texts, batch_size=32, verbose=0):
        yield [tokenizer.id_to_token(int(i)) for i in np.argsort(-logits)[:count]]


def words(args):
    tasks = {name: kbz.MaskedLM.from_preset(name) for name in [args.preset, *args.beside]}
    tokenizers = [task.preprocessor.tokenizer for task in tasks.values()]
    asked = questions(args.work / "text/held_out", tokenizers, args.count)
    texts, right = zip(*asked)
    seen = collections.Counter()
    for path in (args.work / "text/train").glob("*.txt"):
        seen.update(WORD.findall(path.read_text("utf-8").lower()))
    commonest = [word for word, _ in seen.most_common(5)]
    answers = {"commonest words": [commonest] * len(asked)}
    answers |= {name: list(top_words(task, texts)) for name, task in tasks.items()}
    for name, guessed in answers.items():
        first = np.mean([word == best[0] for word, best in zip(right, guessed)])
        five = np.mean([word in best for word, best in zip(right, guessed)])
        line = {"model": Path(name).name, "words": len(asked), "first": first, "in five": five}
        print(json.dumps({key: _rounded(value) for key, value in line.items()}), flush=True)


def classes(args):
    def read(name):
        with open(args.data / f"{name}.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return [row["text"] for row in rows], [row["label"] for row in rows]

    (texts, labels), (test, answers) = read("train"), read("test")

    def accuracy(rate, seed, scratch):
        keras.utils.set_random_seed(seed)
        options = {"labels": sorted(set(labels)), "recipe": kbz.Recipe(rate), "seed": seed}
        task = kbz.TextClassifier.from_preset(args.preset, max_sequence_length=64, **options)
        if scratch:
            encoder = kbz.families.bert.build(task.encoder.config)
            task = kbz.TextClassifier(encoder, task.preprocessor, **options)
        task.fit(texts, labels, epochs=args.epochs, batch_size=args.batch_size, verbose=0)
        return float(task.evaluate(test, answers, verbose=0, return_dict=True)["accuracy"])

    def told(name, rate, scratch):
        found = [accuracy(rate, seed, scratch) for seed in args.seeds]
        mean = statistics.mean(found)
        line = {"data": args.data.name, "model": name, "rate": rate, "mean": mean}
        line["deviation"] = statistics.stdev(found) if len(found) > 1 else None
        print(json.dumps({key: _rounded(value) for key, value in line.items()}), flush=True)
        return mean

    ours = max(told("pretrained", rate, False) for rate in args.rates)
    scratch = max(told("from scratch", rate, True) for rate in args.scratch_rates)
    print(json.dumps({"data": args.data.name, "points more": round(100 * (ours - scratch), 2)}))


def _rounded(value):
    return round(float(value), 4) if isinstance(value, float) else value


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--preset", default=NAME)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("words")
    one.add_argument("--work", type=Path, required=True, help="of pretrain.py: its text is read")
    one.add_argument("--beside", nargs="*", default=[], help="presets or folders of masked LMs")
    one.add_argument("--count", type=int, default=2000)
    one.set_defaults(run=words)
    one = commands.add_parser("classes")
    one.add_argument("--data", type=Path, required=True, help="folder of train.csv and test.csv")
    one.add_argument("--epochs", type=int, default=3)
    one.add_argument("--batch-size", type=int, default=32)
    one.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    one.add_argument("--rates", type=float, nargs="+", default=[3e-4])
    one.add_argument("--scratch-rates", type=float, nargs="+", default=[1e-4, 3e-4, 1e-3])
    one.set_defaults(run=classes)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
