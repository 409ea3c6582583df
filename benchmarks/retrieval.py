"""Retrieval on banking77 before and after training with in-batch negatives.

    KERAS_BACKEND=jax python benchmarks/retrieval.py --encoder all_minilm_l6_v2 --epochs 1

Pairs are of one intent; every test question looks for questions of its own intent among the other
test questions: the share whose nearest neighbour is of its intent, and mean average precision.
"""

import random

import numpy as np
from accuracy import read
from seeds import BATCH, parser_of, report


def pairs_of(texts, labels, seed):
    """Every text with another one of its intent, in a random order of each intent."""
    generator, by_label = random.Random(seed), {}
    for text, label in zip(texts, labels):
        by_label.setdefault(label, []).append(text)
    pairs = []
    for same in by_label.values():
        generator.shuffle(same)
        pairs += list(zip(same, same[1:] + same[:1]))
    return pairs


def figures(task, texts, labels):
    vectors = task.embed(texts)
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    order = np.argsort(-scores, axis=1)[:, :-1]
    labels = np.array(labels)
    same = labels[order] == labels[:, None]
    ranks = np.arange(1, same.shape[1] + 1)
    precision = np.cumsum(same, axis=1) / ranks
    average = (precision * same).sum(axis=1) / same.sum(axis=1)
    return {"nearest": float(same[:, 0].mean()), "map": float(average.mean())}


def main():
    arguments = parser_of(__doc__).parse_args()
    train, test = read("banking77", "train"), read("banking77", "test")

    def run(seed):
        import keras

        import keras_bert_zoo as kbz

        keras.utils.set_random_seed(seed)
        task = kbz.TextEmbedder.from_preset(
            arguments.encoder, recipe=kbz.Recipe(arguments.learning_rate), truncation="silent"
        )
        before = figures(task, *test)
        pairs = pairs_of(*train, seed)
        task.fit(pairs, epochs=arguments.epochs, batch_size=BATCH, verbose=0)
        after = figures(task, *test)
        return {f"{name} {when}": one[name] for when, one in (("before", before), ("after", after))
                for name in one}  # fmt: skip

    report(arguments, run)


if __name__ == "__main__":
    main()
