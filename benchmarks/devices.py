"""How far several devices end from one: every task, the largest difference of anything it has.

    KERAS_BACKEND=jax python benchmarks/devices.py

Each way of the backend trains every task as tests/distribution/train.py does (21 updates, the last
batch of each pass half full, gradients cut to a norm), and so does one device. What is compared are
the losses and metrics of every epoch, what `evaluate` and `predict` say then, and all weights.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path

import numpy as np

from tests.distribution.others import OTHERS
from tests.distribution.test_equal import ALONE, WAYS, run
from tests.tasks.cases import CASES


def differences(one, several):
    """Name of what was trained -> the largest difference, or why it was refused."""
    found = {}
    for key in several.files:
        name, part = key.split("|", 1)
        if part == "error":
            found[name] = "refused"
        else:
            away = float(np.abs(several[key] - one[key]).max(initial=0.0))
            found[name] = max(found.get(name, 0.0), away)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tasks = [name for name in CASES if not name.startswith("visual")]
    parser.add_argument("names", nargs="*", default=[*tasks, *OTHERS])
    names = parser.parse_args().names
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        run(ALONE, {}, "train", "one", folder / "one", *names)
        one = np.load(folder / "one.0.npz")
        for way in WAYS[backend]:
            run(way.start, way.environment, "train", way.kind, folder / "several", *names)
            found = differences(one, np.load(folder / "several.0.npz"))
            line = {"backend": backend, "way": str(way), "processes": way.processes}
            for name, away in found.items():
                print(json.dumps({**line, "task": name, "away": away}), flush=True)


if __name__ == "__main__":
    main()
