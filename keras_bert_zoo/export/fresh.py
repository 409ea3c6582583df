"""An exported model, opened in a process that has nothing of this library, and compared there."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from .probe import SHAPES, expected_outputs, label_agreement, largest_difference, probe_inputs

# `run` takes and gives named arrays; the lines that define it are those of the folder's README.
PROGRAM = """
{opened}

import sys
import numpy as np

for number in range({count}):
    inputs = dict(np.load(sys.argv[1] + f"/inputs{{number}}.npz"))
    np.savez(sys.argv[1] + f"/outputs{{number}}.npz", **run(inputs))
foreign = {{"keras", "keras_bert_zoo"}} & set(sys.modules)
assert not foreign, foreign
"""
NO_CHOICE = 1e8  # larger ones are no answers: the logit of a choice that is not there


def check(task, folder, opened, tolerance, shapes=SHAPES, **sizes):
    """Compares an exported model with its task, at several shapes.

    Args:
        task: the task.
        folder: that of the exported model, the working directory of the new process.
        opened: Python code that opens the model there and defines `run(inputs)`.
        tolerance: largest difference, for outputs up to 1; larger ones may differ in proportion.
        shapes, **sizes: of the inputs; see `probe_inputs`.

    Returns:
        What the report says of it: `largest_difference`, `label_agreement` and `compared_at`.

    Raises:
        RuntimeError: the model cannot be run, or it does not say what the task says.
    """
    inputs = probe_inputs(task, shapes, **sizes)
    differences, agreements = [], []
    for given, found in zip(inputs, run_afresh(folder, opened, inputs)):
        expected = expected_outputs(task, given)
        shape = given["token_ids"].shape
        try:
            difference = largest_difference(found, expected)
        except ValueError as error:
            raise RuntimeError(
                f"The exported model is wrong at the shape {shape}: {error}"
            ) from None
        if difference > tolerance * _scale(expected):
            raise RuntimeError(
                f"The exported model says something else than the task at the shape {shape}: the "
                f"largest difference is {difference:.2g}, of outputs up to {_scale(expected):.2g}. "
                "It was not kept. Please report this."
            )
        differences.append(difference)
        agreements.append(label_agreement(found, expected))
    return {
        "largest_difference": max(differences),
        "label_agreement": float(np.mean(agreements)),
        "compared_at": [list(one["token_ids"].shape) for one in inputs],
    }


def run_afresh(folder, opened, inputs):
    """The outputs of an exported model for several inputs, from a new process.

    Args:
        folder, opened: as for `check`.
        inputs: list of name -> array.

    Returns:
        A list of name -> array.

    Raises:
        RuntimeError: it went wrong there: how.
    """
    with tempfile.TemporaryDirectory() as place:
        for number, one in enumerate(inputs):
            np.savez(Path(place) / f"inputs{number}.npz", **one)
        program = PROGRAM.format(opened=opened, count=len(inputs))
        command = [sys.executable, "-c", program, place]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
        if done.returncode:
            raise RuntimeError(
                f"The exported model cannot be run (code {done.returncode}):\n{done.stderr[-2000:]}"
            )
        return [
            dict(np.load(Path(place) / f"outputs{number}.npz")) for number in range(len(inputs))
        ]


def _scale(outputs):
    """The largest number in outputs, at least 1."""
    sizes = [
        np.abs(array[np.abs(array) < NO_CHOICE]).max(initial=1.0) for array in outputs.values()
    ]
    return float(max(sizes))
