"""Workers that are processes and actors, and are killed."""

import json
import os
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.scale import engines, predict
from tests.paths import ROOT
from tests.scale.texts import TEXTS, files, read, two_files
from tests.tiny import tiny_classifier

OPTIONS = {"shard_rows": 1, "columns": ["id"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with `data` and `model`."""
    folder = tmp_path_factory.mktemp("scale")
    two_files(folder / "data")
    tiny_classifier().save_to_preset(folder / "model")
    return folder


@pytest.fixture(scope="module")
def undisturbed(folder):
    """The content of the files of a run that was left alone."""
    predict(folder / "data", folder / "model", folder / "alone", **OPTIONS)
    return files(folder / "alone")


class Killed:
    """A process that is killed when it has answered for the rows of its third piece."""

    is_loaded = False

    def __init__(self, process):
        self._process, self._pieces, self.stop = process, 0, process.stop

    def do(self, given):
        def kill(amount):
            self._pieces += 1
            if self._pieces == 3:
                os.kill(self._process.pid, signal.SIGKILL)

        return self._process.do(given, kill)


@pytest.mark.any_backend
def test_a_worker_that_is_killed(folder, undisturbed, monkeypatch):
    """kill -9 of one of two: another takes its place, and the answers are the same."""
    start, started = engines.Machine.worker, []

    def worker(self, place):
        process = start(self, place)
        started.append(process if started else Killed(process))
        return started[-1]

    monkeypatch.setattr(engines.Machine, "worker", worker)
    report = predict(folder / "data", folder / "model", folder / "two", workers=2, **OPTIONS)
    assert len(started) >= 2
    assert report.shards == 40
    assert {name for name in files(folder / "two") if name.startswith(".")} == set()
    assert set(files(folder / "two")) == set(undisturbed)
    found, expected = read(folder / "two"), kbz.from_preset(folder / "model").classify(TEXTS)
    assert found["id"].to_pylist() == [*range(25), *range(15)]
    assert found["label"].to_pylist() == [one["label"] for one in expected]
    scores = [one["score"] for one in expected]
    np.testing.assert_allclose(found["score"].to_pylist(), scores, atol=1e-6)
    assert files(folder / "two") == undisturbed


PREDICT = """
import json, sys
from keras_bert_zoo.scale import predict
predict(*sys.argv[1:4], **json.loads(sys.argv[4]))
assert "keras" not in sys.modules
"""


@pytest.mark.any_backend
def test_a_run_that_is_killed(folder, undisturbed):
    """kill -9 of all: the same call does what is missing, and no more."""
    out = folder / "killed"
    paths = [str(path) for path in (folder / "data", folder / "model", out)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "KERAS_BACKEND": keras.config.backend()}
    command = [sys.executable, "-c", PREDICT, *paths, json.dumps(OPTIONS)]
    run = subprocess.Popen(command, env=environment)
    while run.poll() is None and len(list(out.glob("shard*"))) < 2:
        time.sleep(0.002)
    run.kill()  # it alone: the processes that it started must notice
    assert run.wait() == -signal.SIGKILL
    time.sleep(0.5)
    before = {path: path.stat().st_mtime_ns for path in out.glob("shard*")}
    assert not json.loads((out / "_predictions.json").read_text())["finished"]
    report = predict(folder / "data", folder / "model", out, **OPTIONS)
    assert 2 <= report.done_before == len(before) < report.shards
    assert before == {path: path.stat().st_mtime_ns for path in before}
    assert files(out) == undisturbed


@pytest.mark.any_backend
def test_what_plans_runs_without_keras():
    """Its import would cost seconds, and on a GPU the memory that workers need."""
    imports = "import sys, keras_bert_zoo.scale.predicting, keras_bert_zoo.cli.scale"
    code = f"{imports}; assert 'keras' not in sys.modules"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def test_each_of_several_processes_has_a_gpu(monkeypatch):
    found = []

    class Process:
        def __init__(self, module, environment):
            found.append(environment)

    monkeypatch.setattr(engines, "PipedProcess", Process)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    machine = engines.Machine(3)
    for number in range(3):
        machine.worker(number)
    assert [one["CUDA_VISIBLE_DEVICES"] for one in found] == ["2", "5", "2"]
    assert all(one["KERAS_BACKEND"] == keras.config.backend() for one in found)
    assert int(found[0]["OMP_NUM_THREADS"]) >= 1
    engines.Machine(1).worker(0)
    assert "CUDA_VISIBLE_DEVICES" not in found[3]


@pytest.mark.slow
@pytest.mark.any_backend
def test_ray_writes_the_same_bytes(folder, undisturbed, monkeypatch):
    """One of two actors is killed; the shards are those of a process."""
    ray = pytest.importorskip("ray", reason="the extra scale-ray is not installed")
    do, actors = engines.Actor.do, []

    def mortal(self, given):
        actors.append(self)
        if actors.count(actors[0]) == 4 and self is actors[0]:  # the job, and two pieces before
            ray.kill(self._actor)
        return do(self, given)

    monkeypatch.setattr(engines.Actor, "do", mortal)
    ray.init(num_cpus=2, logging_level="ERROR", log_to_driver=False, include_dashboard=False)
    try:
        out, options = folder / "ray", {"engine": "ray", "workers": 2, **OPTIONS}
        assert predict(folder / "data", folder / "model", out, **options).shards == 40
        assert len(set(actors)) == 3
        assert files(out) == undisturbed
    finally:
        ray.shutdown()
