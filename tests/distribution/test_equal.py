"""Several devices learn what one learns, to the same weights and figures, and keep it."""

import dataclasses
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
TOGETHER = (*ALONE, "torch.distributed.run", "--nproc-per-node", "2", "-m")
JAX_TOGETHER = (*ALONE, "tests.distribution.jax_processes")
TWO = {"XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=2"}


@dataclasses.dataclass(frozen=True)
class Way:
    """One way to train on several devices.

    Args:
        kind: as `distribute` takes it.
        start: how a process, or several, are started.
        environment: what they are told.
        processes: how many there are.
    """

    kind: str
    start: tuple = ALONE
    environment: dict = dataclasses.field(default_factory=dict)
    processes: int = 1

    def __str__(self):
        return f"{self.kind}{' in processes' if self.processes > 1 else ''}"


WAYS = {
    "tensorflow": [Way("mirrored", environment={"DEVICES": "2"})],
    "jax": [
        Way("data", environment=TWO),
        Way("model", environment=TWO),
        Way("data", JAX_TOGETHER, processes=2),
    ],
    "torch": [Way("data", TOGETHER, processes=2)],
}
REFUSED = () if BACKEND == "jax" else ("embed",)
QUICK = ("text", "pretraining", "arrays", "embed", "token")  # ways but the first: three of them
if BACKEND == "tensorflow":
    QUICK = QUICK[:4]  # its programs take longest to make


def run(start, environment, module, *words):
    """What a script writes that runs on several devices, or in several processes."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment}
    command = [*start, f"tests.distribution.{module}", *map(str, words)]
    options = {"capture_output": True, "text": True, "timeout": 1800}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, **options)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def check(one, way, names, folder):
    """Compares a way with what one device has in the file `one`."""
    told = run(way.start, way.environment, "train", way.kind, folder / "several", *names)
    assert told.count("Training on") == 1  # one process speaks
    one = np.load(one)
    for number in range(way.processes):
        several = np.load(folder / f"several.{number}.npz")
        refused = {key.partition("|")[0] for key in several.files if key.endswith("|error")}
        assert refused == {name for name in names if name in REFUSED}
        for name in refused:
            assert "compares the rows of a batch" in str(several[f"{name}|error"])
        keys = [key for key in several.files if not key.endswith("|error")]
        assert len(keys) > 30 * (len(names) - len(refused))
        far = {key: np.abs(several[key] - one[key]).max(initial=0.0) for key in keys}
        assert not {key: value for key, value in far.items() if not value <= 1e-5}


def on_one_device(folder, names):
    """The file of what one device makes of some tasks."""
    run(ALONE, {}, "train", "one", folder / "one", *names)
    return folder / "one.0.npz"


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return on_one_device(tmp_path_factory.mktemp("one"), QUICK)


@pytest.mark.parametrize("way", WAYS[BACKEND], ids=str)
def test_some_tasks(way, one, tmp_path):
    check(one, way, QUICK if way is WAYS[BACKEND][0] else QUICK[:3], tmp_path)


QUICKLY_KEPT = WAYS[BACKEND][: BACKEND != "tensorflow"]
KEPT = [
    pytest.param(way, marks=() if way in QUICKLY_KEPT else pytest.mark.slow, id=str(way))
    for way in WAYS[BACKEND]
]


@pytest.mark.parametrize("way", KEPT)
def test_what_is_kept(way, tmp_path):
    run(way.start, way.environment, "keep", way.kind, tmp_path)


def test_what_goes_on_after_a_kill(tmp_path):
    if BACKEND != "tensorflow":
        pytest.skip("is in test_what_is_kept, which takes TensorFlow long")
    way = WAYS[BACKEND][0]
    run(way.start, way.environment, "keep", way.kind, tmp_path, "resume")


@pytest.mark.slow
def test_what_no_process_has_all_of_goes_on(tmp_path):
    if BACKEND != "jax":
        pytest.skip("only JAX spreads a layer over processes")
    run(JAX_TOGETHER, {}, "keep", "model", tmp_path, "resume")


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS[BACKEND], ids=str)
def test_every_task(way, tmp_path):
    tasks = [name for name in CASES if not name.startswith("visual")]
    names = [*tasks, *OTHERS]
    check(on_one_device(tmp_path, names), way, names, tmp_path)
