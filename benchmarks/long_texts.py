"""Seconds and memory of ModernBERT's two kinds of attention, by the length of a text.

    KERAS_BACKEND=jax python benchmarks/long_texts.py

One layer of ModernBERT-Base's size, one text of random vectors; medians of `--rounds` compiled
calls. A local layer's cost grows with the length, a whole-text layer's with its square.
"""

import argparse
import json
import os
import statistics
import time

import numpy as np

LENGTHS = (1024, 2048, 4096, 8192)
WIDTH, HEADS, WINDOW = 768, 12, 64


def timed(call, rounds):
    call()
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    import keras

    from keras_bert_zoo.layers import RotaryAttention

    line = {"backend": os.environ.get("KERAS_BACKEND", "tensorflow")}
    for name, window in (("local", WINDOW), ("whole text", None)):
        inputs = keras.Input((None, WIDTH))
        mask = keras.Input((1, 1, None), dtype="bool")
        attention = RotaryAttention(WIDTH, HEADS, rotary_base=1e4, window=window)
        model = keras.Model([inputs, mask], attention(inputs, mask))
        line[name] = {}
        for length in LENGTHS:
            x = np.random.default_rng(0).normal(size=(1, length, WIDTH)).astype("float32")
            seen = np.ones((1, 1, 1, length), bool)
            call = lambda: model.predict_on_batch([x, seen])  # noqa: B023, E731
            line[name][length] = round(timed(call, arguments.rounds), 4)
    print(json.dumps(line))


if __name__ == "__main__":
    main()
