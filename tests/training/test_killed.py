"""`kill -9` at any moment, during a save too, changes nothing of what comes after."""

import os
import pathlib
import random
import signal
import subprocess
import sys

import pytest

from keras_bert_zoo.training.checkpoint_folder import CheckpointFolder
from tests.training.interrupted import assert_same_weights
from tests.training.killed import MOMENTS, train

ROOT = pathlib.Path(__file__).parents[2]
BATCHES = 28  # 7 an epoch, 4 epochs


@pytest.fixture(scope="module")
def uninterrupted():
    lines = []
    history, weights = train(None, lines.append)
    assert len(lines) == BATCHES
    return lines, history, weights


def killed(folder, *options):
    """The lines of a process that was killed; one line may be cut."""
    found = subprocess.run(
        [sys.executable, "-m", "tests.training.killed", str(folder), *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert found.returncode in (0, -signal.SIGKILL), found.stderr
    return found.stdout.splitlines(), found.returncode


def assert_part_of(lines, whole):
    """The lines are a stretch of the whole."""
    if lines:
        start = whole.index(lines[0])
        assert lines == whole[start : start + len(lines)]


def assert_goes_on(folder, uninterrupted):
    """The rest, in this process, ends as the training that was never interrupted."""
    whole, history, weights = uninterrupted
    rest = []
    resumed_history, resumed = train(folder, rest.append, every_steps=1)
    assert rest == whole[len(whole) - len(rest) :]
    assert resumed_history == history
    assert_same_weights(resumed, weights)
    return rest


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("write"),
        *(pytest.param(moment, marks=pytest.mark.slow) for moment in MOMENTS[1:]),
    ],
)
def test_killed_during_a_save(moment, uninterrupted, tmp_path):
    lines, code = killed(tmp_path, "--while", moment)
    assert code == -signal.SIGKILL
    assert lines == uninterrupted[0][:1]
    unfinished = list(tmp_path.glob("*.unfinished"))
    assert len(unfinished) == (moment != "renamed")
    assert CheckpointFolder(tmp_path).last_info()["progress"]["position"] == (moment == "renamed")
    assert len(assert_goes_on(tmp_path, uninterrupted)) == BATCHES - (moment == "renamed")
    assert not list(tmp_path.glob("*.unfinished"))


@pytest.mark.slow
def test_killed_fifty_times(uninterrupted, tmp_path):
    """Each process is killed up to 0.3 s after its first batch, and the next one goes on."""
    times, random_time, number = 0, random.Random(0), 0
    while times < 50:
        folder, done = tmp_path / str(number), False
        number += 1
        while not done and times < 50:
            lines, code = killed(folder, "--after", str(random_time.randrange(31)))
            assert_part_of(lines, uninterrupted[0])
            done = code == 0
            times += not done
        assert_goes_on(folder, uninterrupted)
