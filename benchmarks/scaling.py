"""What two devices train in the time of one: rows a second, and the efficiency.

    KERAS_BACKEND=torch python benchmarks/scaling.py

Each device has a core, and as many rows of a batch as the one device has that they are compared
with, so that an efficiency of 1 is twice as many rows a second. The ways are those of
tests/distribution/test_equal.py: processes, or parts of one process. All rows are of one length.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# layers, hidden_dim, heads, intermediate_dim
SIZES = {"tiny": (2, 128, 2, 512), "mini": (4, 256, 4, 1024), "small": (6, 384, 12, 1536)}
ONE_CORE = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1"}


def work(arguments):
    """Trains, and prints the rows a second of each epoch but the first."""
    import keras
    import numpy as np

    import keras_bert_zoo as kbz
    from keras_bert_zoo.families.bert import BertConfig, build
    from tests.distribution.train import set_devices

    set_devices()
    layers, dim, heads, inner = SIZES[arguments.size]
    numbers = {"num_layers": layers, "hidden_dim": dim, "num_heads": heads}
    config = BertConfig(vocabulary_size=8192, intermediate_dim=inner, **numbers)
    rows, times = arguments.batch_size * arguments.devices, []
    ids = np.random.default_rng(0).integers(
        5, 8192, (rows * arguments.updates, arguments.length), "int32"
    )
    inputs = {"token_ids": ids, "segment_ids": 0 * ids, "padding_mask": 0 * ids + 1}
    labels = np.arange(len(ids)) % 2
    clock = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda *_: times.append(time.perf_counter()),
        on_epoch_end=lambda *_: times.append(time.perf_counter()),
    )

    def fit():
        task = kbz.TextClassifier(build(config), None, num_classes=2, seed=0)
        options = {"batch_size": rows, "epochs": 1 + arguments.rounds, "verbose": 0}
        task.fit(inputs, labels, callbacks=[clock], **options)

    number = 0
    if arguments.work == "one":
        fit()
    else:
        with kbz.distribute(arguments.work) as devices:
            number = devices.number
            fit()
    if number == 0:
        taken = [end - start for start, end in zip(times[::2], times[1::2])][1:]
        print("rates:", json.dumps([len(ids) / seconds for seconds in taken]), flush=True)


def rates(way, words, devices):
    """Rows a second of a way; one device if it is None."""
    start = (sys.executable, "-m") if way is None else way.start
    own = {**ONE_CORE, **({} if way is None else way.environment)}
    kind = "one" if way is None else way.kind
    pinned = ("taskset", "-c", "0") if way is None else ()
    command = [*pinned, *start, "benchmarks.scaling", "--work", kind, "--devices", str(devices)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XLA_FLAGS": "", **own}
    options = {"capture_output": True, "text": True, "check": False}
    done = subprocess.run([*command, *words], cwd=ROOT, env=environment, **options)
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    found = re.search(r"(?m)^rates: (.*)", done.stdout)  # gloo writes there too
    return json.loads(found[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="small", choices=SIZES)
    parser.add_argument("--batch-size", type=int, default=16, help="rows of a device")
    parser.add_argument("--length", type=int, default=64)
    parser.add_argument("--updates", type=int, default=6, help="of an epoch")
    parser.add_argument("--rounds", type=int, default=3, help="epochs that are timed")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--devices", type=int, default=1, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        return work(arguments)
    from tests.distribution.test_equal import WAYS

    backend, words = os.environ.get("KERAS_BACKEND", "tensorflow"), sys.argv[1:]
    alone = statistics.median(rates(None, words, 1))
    print(json.dumps({"backend": backend, "devices": 1, "rows a second": round(alone, 2)}))
    for way in WAYS[backend]:
        together = statistics.median(rates(way, words, 2))
        line = {"backend": backend, "way": str(way), "devices": 2}
        line |= {"rows a second": round(together, 2), "efficiency": round(together / alone / 2, 3)}
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
