"""Updates of a masked language model: tokens a second beside transformers on PyTorch.

    python benchmarks/pretraining.py --sizes tiny base --rounds 5

Contestants are processes that take turns. Each hides tokens of the same rows anew (ours in numpy,
theirs by `DataCollatorForLanguageModeling`), and makes an update with AdamW, clipping, and BERT's
dropout. transformers computes the vocabulary's logits at all places, ours at the hidden ones: that
is part of what is compared. The ratio is of the medians, above 1 where ours is faster.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np

SIZES = {
    # layers, hidden_dim, heads, intermediate_dim, rows, length
    "tiny": (2, 128, 2, 512, 32, 128),
    "base": (12, 768, 12, 3072, 8, 128),
    "large": (24, 1024, 16, 4096, 16, 512),
}
VOCABULARY = 30522
CONTESTANTS = {
    "transformers": None,
    "ours, PyTorch": "torch",
    "ours, JAX": "jax",
    "ours, TensorFlow": "tensorflow",
}


def rows(count, length):
    """Rows of random words between [CLS] and [SEP], as the library's tokenizers make them."""
    ids = np.random.default_rng(0).integers(1000, VOCABULARY, (count, length)).astype("int32")
    ids[:, 0], ids[:, -1] = 101, 102
    return ids


def ours(size, precision):
    """A function that makes one update."""
    import keras

    from keras_bert_zoo.families.bert import BertConfig, build
    from keras_bert_zoo.precision import dtype_scope
    from keras_bert_zoo.pretraining import Examples, Pretrainer
    from keras_bert_zoo.pretraining.example import Example
    from keras_bert_zoo.tokenizers import Tokenizer

    layers, dim, heads, inner, count, length = SIZES[size]
    keras.utils.set_random_seed(0)
    words = ["[PAD]", *(f"[unused{i}]" for i in range(99)), "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words += [f"w{number}" for number in range(VOCABULARY - len(words))]
    tokenizer = Tokenizer.from_vocabulary(words)
    numbers = {"num_layers": layers, "hidden_dim": dim, "num_heads": heads}
    config = BertConfig(vocabulary_size=VOCABULARY, intermediate_dim=inner, **numbers)
    with dtype_scope(precision):
        pretrainer = Pretrainer(build(config), tokenizer, length=length, seed=0)
    pretrainer.compile(total_steps=10_000)
    texts = [
        Example(row[1:-1], np.ones(length - 2, bool), (length - 2,)) for row in rows(count, length)
    ]
    batches, step = pretrainer.batches(Examples(texts), count), iter(range(10**9))
    return lambda: pretrainer.train_on_batch(*batches.at(next(step)))


def theirs(size, precision):
    """The same with transformers and a loop by hand."""
    import contextlib

    import torch
    import transformers

    layers, dim, heads, inner, count, length = SIZES[size]
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=VOCABULARY,
        num_hidden_layers=layers,
        hidden_size=dim,
        num_attention_heads=heads,
        intermediate_size=inner,
    )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = transformers.BertForMaskedLM(config).to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4, fused=True)
    words = ["[PAD]", *(f"[unused{i}]" for i in range(99)), "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words += [f"w{number}" for number in range(VOCABULARY - len(words))]
    tokenizer = transformers.BertTokenizer(vocab={word: i for i, word in enumerate(words)})
    collator = transformers.DataCollatorForLanguageModeling(tokenizer)
    texts = [{"input_ids": row.tolist()} for row in rows(count, length)]
    plain = precision == "float32"
    scope = contextlib.nullcontext() if plain else torch.autocast(device, torch.bfloat16)

    def update():
        batch = {key: value.to(device) for key, value in collator(texts).items()}
        with scope:
            loss = model(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        return loss.item()

    return update


def work(name, size, precision):
    """A contestant: reads how many updates to make, and answers with the seconds they took."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    update = (ours if CONTESTANTS[name] else theirs)(size, precision)
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            update()
        print(json.dumps(time.perf_counter() - start), file=answers, flush=True)


def start(name, size, precision):
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "HF_HUB_OFFLINE": "1"}
    if CONTESTANTS[name]:
        environment["KERAS_BACKEND"] = CONTESTANTS[name]
    command = [sys.executable, __file__, "--work", name, "--sizes", size, "--precision", precision]
    pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=environment, **pipe)


def ask(process, updates):
    process.stdin.write(f"{updates}\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", default=["tiny", "base"], choices=SIZES)
    parser.add_argument("--contestants", nargs="+", default=[*CONTESTANTS], choices=CONTESTANTS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--updates", type=int, default=3, help="of a round")
    parser.add_argument("--precision", default="float32", choices=["float32", "mixed_bfloat16"])
    parser.add_argument("--work", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        return work(arguments.work, arguments.sizes[0], arguments.precision)
    print("| size | contestant | tokens/s | as often as transformers |\n|---|---|---|---|")
    for size in arguments.sizes:
        tokens = arguments.updates * SIZES[size][4] * SIZES[size][5]
        workers = {n: start(n, size, arguments.precision) for n in arguments.contestants}
        for worker in workers.values():
            ask(worker, 2)  # to compile and to warm up
        seconds = {name: [] for name in workers}
        for _ in range(arguments.rounds):
            for name, worker in workers.items():
                seconds[name].append(ask(worker, arguments.updates))
        medians = {name: statistics.median(found) for name, found in seconds.items()}
        base = medians.get("transformers")
        for name, median in medians.items():
            ratio = f"{base / median:.2f}" if base else ""
            print(f"| {size} | {name} | {tokens / median:.0f} | {ratio} |", flush=True)
        for worker in workers.values():
            worker.stdin.close()
            worker.wait()


if __name__ == "__main__":
    main()
