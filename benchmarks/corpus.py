"""Text files to shards and shards to batches, beside datasets and transformers, in one run.

    tar xf ../shared/data/text/books.tar.xz -C /tmp
    python benchmarks/corpus.py --input '/tmp/books/*.txt' --workers 2 --rounds 2

Ours is `build_corpus(packing="doc_sentences")`, which also splits sentences, then
`PretrainingBatches` with whole words hidden. Theirs is what transformers' `run_mlm.py` does: the
lines of the files through `datasets.map` with the fast tokenizer, then `map` again to join them to
blocks of `length`, then a DataLoader with `DataCollatorForLanguageModeling(whole_word_mask=True)`.
Both tokenize with the same vocabulary, take turns, and use as many processes. Memory is the most
that the process and its children held at once beyond what it held before; pages that several
share are counted for each. Needs psutil.
"""

import argparse
import glob
import json
import os
import shutil
import tempfile
import threading
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")

import psutil
from seeds import data_folder

import keras_bert_zoo as kbz
from keras_bert_zoo.pretraining import MaskedTokens, PretrainingBatches, build_corpus

LENGTH, BATCH = 128, 32
NAMES = ("token_ids", "segment_ids", "padding_mask", "mask_positions")


class Watch:
    """Seconds, processor time and memory of what is inside."""

    def __enter__(self):
        self._me, self._stop, self.most = psutil.Process(), threading.Event(), 0
        self._before = self._memory()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        self._cpu, self._start = self._processor(), time.perf_counter()
        return self

    def _look(self):
        while not self._stop.wait(0.2):
            self.most = max(self.most, self._memory() - self._before)

    def _memory(self):
        return sum(self._of(one) for one in [self._me, *self._me.children(recursive=True)])

    @staticmethod
    def _of(process):
        try:
            return process.memory_info().rss
        except psutil.NoSuchProcess:
            return 0

    def _processor(self):
        return sum(os.times()[:4])

    def __exit__(self, *_):
        self.seconds = time.perf_counter() - self._start
        self.cpu = self._processor() - self._cpu
        self._stop.set()
        self._thread.join()


def ours(paths, vocabulary, folder, workers):
    """Our corpus, and a function of a number that gives a batch."""
    tokenizer = kbz.Tokenizer.from_vocabulary(vocabulary)
    options = {"packing": "doc_sentences", "length": LENGTH, "shard_size": "8MB"}
    corpus = build_corpus(paths, tokenizer, folder, workers=workers, **options)
    objective = MaskedTokens(units="words").bind(tokenizer)
    options = {"length": LENGTH, "batch_size": BATCH}
    return PretrainingBatches(corpus, tokenizer, [objective], NAMES, **options).at


def theirs(paths, vocabulary, folder, workers):
    """The same of datasets and transformers."""
    import datasets
    import transformers
    from torch.utils.data import DataLoader

    tokenizer = transformers.BertTokenizerFast(vocab=str(vocabulary))
    lines = datasets.load_dataset("text", data_files=paths, cache_dir=str(folder), split="train")

    def tokenized(rows):
        texts = [text for text in rows["text"] if text and not text.isspace()]
        options = {"return_special_tokens_mask": True, "return_offsets_mapping": True}
        return tokenizer(texts, **options)

    def grouped(rows):
        joined = {name: [x for row in column for x in row] for name, column in rows.items()}
        total = len(joined["input_ids"]) // LENGTH * LENGTH
        return {
            name: [column[i : i + LENGTH] for i in range(0, total, LENGTH)]
            for name, column in joined.items()
        }

    options = {"batched": True, "num_proc": workers}
    tokens = lines.map(tokenized, remove_columns=["text"], **options)
    blocks = tokens.map(grouped, **options)
    collate = transformers.DataCollatorForLanguageModeling(tokenizer, whole_word_mask=True)
    batches = iter(DataLoader(blocks, BATCH, shuffle=True, collate_fn=collate))
    return lambda _: next(batches)


def run(build, paths, vocabulary, workers, batches):
    """The figures of one contestant."""
    size = sum(map(os.path.getsize, paths)) / 1e6
    folder = tempfile.mkdtemp()
    try:
        with Watch() as building:
            batch = build(paths, vocabulary, os.path.join(folder, "built"), workers)
        for step in range(5):
            batch(step)
        with Watch() as reading:
            for step in range(batches):
                batch(step + 5)
    finally:
        shutil.rmtree(folder)
    return {
        "MB/s": round(size / building.seconds, 2),
        "MB per processor second": round(size / building.cpu, 2),
        "memory, MB": round(building.most / 1e6),
        "examples/s": round(batches * BATCH / reading.seconds),
        "examples per processor second": round(batches * BATCH / reading.cpu),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--input", required=True, help="pattern of text files")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--batches", type=int, default=200)
    args = parser.parse_args()
    paths = sorted(glob.glob(args.input))
    vocabulary = data_folder() / "vocab" / "bert-uncased" / "vocab.txt"
    found = {"ours": [], "datasets": []}
    for _ in range(args.rounds):
        for name, build in (("ours", ours), ("datasets", theirs)):
            found[name].append(run(build, paths, vocabulary, args.workers, args.batches))
            print(name, json.dumps(found[name][-1]), flush=True)
    best = {
        name: {key: max(r[key] for r in rows) for key in rows[0]} for name, rows in found.items()
    }
    ratio = {key: round(best["ours"][key] / best["datasets"][key], 2) for key in best["ours"]}
    print("best of each, ours as a multiple of theirs:", json.dumps(ratio))


if __name__ == "__main__":
    main()
