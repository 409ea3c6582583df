"""Several devices learn what one learns, to the same weights and figures, and keep it."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.distribution.others import OTHERS
from tests.tasks.cases import CASES

ROOT = Path(__file__).parents[2]
BACKEND = keras.config.backend()
ALONE = (sys.executable, "-m")
TOGETHER = (sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m")
# Backend -> kind, how a process or several are started, what they are told, and how many write.
WAYS = {
    "tensorflow": [("mirrored", ALONE, {"DEVICES": "2"}, 1)],
    "jax": [
        ("data", ALONE, {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}, 1),
        ("model", ALONE, {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}, 1),
    ],
    "torch": [("data", TOGETHER, {}, 2)],
}
REFUSED = () if BACKEND == "jax" else ("embed",)
QUICK = ("text", "token", "embed", "pretraining")


def run(start, environment, module, *words):
    """What a script writes that runs on several devices, or in several processes."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment}
    command = [*start, f"tests.distribution.{module}", *map(str, words)]
    options = {"capture_output": True, "text": True, "timeout": 1800}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, **options)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def check(folder, way, names):
    kind, start, environment, processes = way
    run(ALONE, {}, "train", "one", folder / "one", *names)
    told = run(start, environment, "train", kind, folder / kind, *names)
    assert told.count("Training on") == 1  # one process speaks
    one = np.load(folder / "one.0.npz")
    for number in range(processes):
        several = np.load(folder / f"{kind}.{number}.npz")
        refused = {key.partition("|")[0] for key in several.files if key.endswith("|error")}
        assert refused == {name for name in names if name in REFUSED}
        for name in refused:
            assert "compares the rows of a batch" in str(several[f"{name}|error"])
        keys = [key for key in one.files if key.partition("|")[0] not in refused]
        far = {key: np.abs(several[key] - one[key]).max(initial=0.0) for key in keys}
        assert not {key: value for key, value in far.items() if not value <= 1e-5}


@pytest.mark.parametrize("way", WAYS[BACKEND], ids=lambda way: way[0])
def test_some_tasks(way, tmp_path):
    check(tmp_path, way, QUICK)


@pytest.mark.parametrize("way", WAYS[BACKEND], ids=lambda way: way[0])
def test_what_is_kept(way, tmp_path):
    kind, start, environment, _ = way
    run(start, environment, "keep", kind, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS[BACKEND], ids=lambda way: way[0])
def test_every_task(way, tmp_path):
    tasks = [name for name in CASES if not name.startswith("visual")]
    check(tmp_path, way, [*tasks, *OTHERS])
