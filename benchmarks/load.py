"""Seconds and memory to load a BERT-Large: ours, and transformers.

    python benchmarks/load.py --backends jax,tensorflow,torch

The checkpoint is random, 1.3 GB of safetensors, written first. Each contestant is a process that
loads it `--rounds` times over, one process after another; imports are not counted. Memory is the
largest resident size of a process, less what it had before loading, over the size of the file.
"""

import argparse
import gc
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = {
    "vocab_size": 30522,
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
}


def write(folder):
    import torch
    import transformers

    torch.manual_seed(0)
    transformers.BertModel(transformers.BertConfig(**SIZES)).save_pretrained(folder)


def peak():
    """Largest resident size of this process so far, in bytes.

    Not `ru_maxrss`: on Linux a child begins with that of its parent, which has built the model.
    """
    line = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(line[1]) * 1024


def measure(who, folder, rounds):
    if who == "transformers":
        import torch  # noqa: F401
        from transformers import BertModel

        load = lambda: BertModel.from_pretrained(folder)  # noqa: E731
    else:
        import keras_bert_zoo as kbz

        load = lambda: kbz.Encoder.from_preset(folder)  # noqa: E731
        # What a backend needs for its first array is not the checkpoint's.
        import keras

        keras.ops.convert_to_numpy(keras.ops.ones((2, 2)) @ keras.ops.ones((2, 2)))
    before, seconds = peak(), []
    for number in range(rounds):
        start = time.perf_counter()
        model = load()
        seconds.append(time.perf_counter() - start)
        if number == 0:
            most = peak() - before
        del model
        gc.collect()
    return {"seconds": statistics.median(seconds), "memory": most}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backends", default="tensorflow,jax,torch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--who", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.who:
        print(json.dumps(measure(arguments.who, arguments.folder, arguments.rounds)))
        return
    with tempfile.TemporaryDirectory() as folder:
        write(folder)
        size = (Path(folder) / "model.safetensors").stat().st_size
        figures = {}
        for who in ("transformers", *arguments.backends.split(",")):
            command = [sys.executable, __file__, "--who", who, "--folder", folder]
            command += ["--rounds", str(arguments.rounds)]
            environment = {**os.environ, "KERAS_BACKEND": who if who != "transformers" else "torch"}
            run = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=True
            )
            figures[who] = json.loads(run.stdout.splitlines()[-1])
    base = figures["transformers"]["seconds"]
    for who, one in figures.items():
        ratio, memory = one["seconds"] / base, one["memory"] / size
        print(
            f"{who:14} {one['seconds']:6.2f} s  {ratio:5.2f}x transformers  "
            f"memory {memory:4.2f}x the file"
        )


if __name__ == "__main__":
    main()
