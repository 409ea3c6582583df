"""Tokens per second of BERT's tokenizers as TensorFlow graphs, beside the Rust engine.

    python benchmarks/tokenizing.py --texts 4096 --batch 256 --rounds 5

All read the same texts in the same batches (sentences of movie reviews, or whole ones with
`--data movie-documents`) and take turns, round after round; the figure is the best round's. The
ratio is to the Rust engine on one thread, and processor time tells what a machine that does more
than this would see. `same ids` is the share of the library's own hard texts
(`keras_bert_zoo/tokenizers/graph/hard_texts.py`) on which the ids are those of Hugging Face, and
`of these texts` the share of those that were timed. Tokens are counted by the Rust engine.
"""

import argparse
import csv
import json
import os
import resource
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import tensorflow as tf
import tensorflow_text as tf_text
from seeds import data_folder

import keras_bert_zoo as kbz
from keras_bert_zoo.tokenizers.graph import graph_tokenizer
from keras_bert_zoo.tokenizers.graph.agreement import agreement

RUST = "Rust, 1 thread"


def graph_function(call):
    return tf.function(call, input_signature=[tf.TensorSpec([None], tf.string)])


def rust(tokenizer, parallelism, with_offsets=False):
    """The Rust engine on lists of str, as a Python program calls it."""

    def call(texts):
        os.environ["TOKENIZERS_PARALLELISM"] = parallelism
        return (tokenizer.encode_batch if with_offsets else tokenizer.ids_batch)(texts)

    return call


def ours(tokenizer):
    """Contestants of this library: name to a function of tf.string [n]."""
    found = {}
    for ops in ("text", "core"):
        graph = graph_tokenizer(tokenizer, ops)
        found[f"graph, {ops} ops, ids"] = graph_function(graph.ids)
        found[f"graph, {ops} ops, with offsets"] = graph_function(graph)
    return found


def others(vocabulary):
    """tensorflow_text's and KerasHub's, on an uncased vocabulary: name to function."""
    import keras_hub

    fast = tf_text.FastBertTokenizer(
        vocab=vocabulary, lower_case_nfd_strip_accents=True, token_out_type=tf.int32
    )
    table = tf.lookup.StaticVocabularyTable(
        tf.lookup.KeyValueTensorInitializer(
            tf.constant(vocabulary), tf.range(len(vocabulary), dtype=tf.int64)
        ),
        num_oov_buckets=1,
    )
    slow = tf_text.BertTokenizer(table, lower_case=True, token_out_type=tf.int32)
    hub = keras_hub.models.BertTokenizer(vocabulary=vocabulary, lowercase=True)
    return {
        "tensorflow_text FastBertTokenizer": graph_function(fast.tokenize),
        "tensorflow_text BertTokenizer": graph_function(
            lambda texts: slow.tokenize(texts).merge_dims(1, 2)
        ),
        "keras_hub BertTokenizer": graph_function(hub.tokenize),
    }


def chosen(source):
    """The tokenizer to compare, and those of others with its vocabulary."""
    if source is None:
        path = data_folder() / "vocab/bert-uncased/vocab.txt"
        vocabulary = path.read_text("utf-8").splitlines()
        return kbz.Tokenizer.from_vocabulary(path), others(vocabulary)
    import subword_tokenizers

    read_from = kbz.Tokenizer.from_folder if os.path.isdir(source) else kbz.Tokenizer.from_file
    tokenizer = read_from(source)
    return tokenizer, subword_tokenizers.others(tokenizer)


def race(contestants, rounds):
    """Best wall and processor seconds of each: name to a pair."""
    best = {name: (float("inf"), float("inf")) for name in contestants}
    for number in range(rounds + 1):  # the first is not counted
        for name, (call, batches) in contestants.items():
            wall, cpu = time.perf_counter(), processor_seconds()
            for batch in batches:
                call(batch)
            spent = time.perf_counter() - wall, processor_seconds() - cpu
            if number:
                best[name] = tuple(map(min, best[name], spent))
    return best


def ids_of(call):
    """The function without offsets, where there are any."""
    return lambda texts: getattr(found := call(texts), "ids", found)


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def read(name, count):
    path = data_folder() / "tasks" / name / "train.csv"
    with open(path, encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)][:count]


def batches_of(texts, size, make=list):
    return [make(texts[start : start + size]) for start in range(0, len(texts), size)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--tokenizer",
        help="folder or tokenizer.json of another one than BERT's, to compare instead",
    )
    parser.add_argument("--data", default="movie-sentences")
    parser.add_argument("--texts", type=int, default=4096)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", help="file to write the figures to")
    options = parser.parse_args()

    tokenizer, competitors = chosen(options.tokenizer)
    texts = read(options.data, options.texts)
    tokens = sum(map(len, tokenizer.ids_batch(texts)))
    graphs = {**ours(tokenizer), **competitors}
    lists = batches_of(texts, options.batch)
    tensors = batches_of(texts, options.batch, lambda part: tf.constant([t.encode() for t in part]))
    contestants = {
        RUST: (rust(tokenizer, "false"), lists),
        "Rust, all threads": (rust(tokenizer, "true"), lists),
        "Rust, 1 thread, with offsets": (rust(tokenizer, "false", True), lists),
        **{name: (call, tensors) for name, call in graphs.items()},
    }
    best = race(contestants, options.rounds)
    print(f"{len(texts)} texts, {tokens} tokens, batches of {options.batch}\n")
    print(
        "| tokenizer | M tokens/s | ratio | M tokens per processor second | same ids | of these |"
    )
    print("|---|---|---|---|---|---|")
    rows = []
    for name, (wall, cpu) in best.items():
        call = graphs.get(name)
        same = [agreement(ids_of(call), tokenizer, t) if call else 1.0 for t in (None, texts)]
        rows.append([name, tokens / wall / 1e6, best[RUST][0] / wall, tokens / cpu / 1e6, *same])
        print("| {} | {:.2f} | {:.1f} | {:.2f} | {:.1%} | {:.1%} |".format(*rows[-1]))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(rows, file)


if __name__ == "__main__":
    main()
