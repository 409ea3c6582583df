"""Runs contestants in turns, one at a time, and sums up their times."""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent
SHORTEST = 0.5  # seconds that one timed run lasts at least, by repeating what is faster


class ContestantError(RuntimeError):
    """A contestant could not do what it was asked for."""


class Worker:
    """A contestant's process.

    Args:
        name: of the contestant.
        backend: its `KERAS_BACKEND`, or None.
        weights: name or path of the weights.
        limit: most texts; 0 for all.

    Raises:
        ContestantError: it could not be loaded.
    """

    def __init__(self, name, backend, weights, limit):
        self.name = name
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, str(FOLDER / "worker.py"), name, str(weights), str(limit)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            encoding="utf-8",
            env=environment(backend),
        )
        self.about = self._answer()

    def ask(self, **command):
        """Sends a command, and waits for its answer."""
        try:
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
        except OSError:
            pass  # it has ended: reading its answer says how
        return self._answer()

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            tail = self._log.read()[-500:].strip()
            raise ContestantError(f"ended with code {self._process.wait()}: {tail}")
        answer = json.loads(line)
        if "error" in answer:
            raise ContestantError(answer["error"])
        return answer

    def close(self):
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def environment(backend):
    """The parent's environment, with the library of this checkout first."""
    paths = [str(FOLDER.parent), os.environ.get("PYTHONPATH", "")]
    settings = {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "true",
    }
    return {**os.environ, **settings, **({"KERAS_BACKEND": backend} if backend else {})}


def race(workers, task, rounds, warm_ups, say):
    """Times one task: warm-ups first, then `rounds` rounds in which each runs once.

    Returns:
        `(results, errors)`: by contestant; a result has `warm_up`, `seconds` and `cpu`, lists of
        numbers, and `logits` and `shapes` of the first run.
    """
    results, errors = {}, {}
    for name, worker in workers.items():
        say(f"{task}: {name} warms up")
        try:
            results[name] = warmed_up(worker, task, warm_ups)
        except ContestantError as error:
            errors[name] = str(error)
    for number in range(rounds):
        for name in [name for name in results if name not in errors]:
            say(f"{task}: round {number + 1} of {rounds}, {name}")
            try:
                answer = workers[name].ask(run=task, times=results[name]["times"])
            except ContestantError as error:
                errors[name] = str(error)
                continue
            results[name]["seconds"].append(answer["seconds"])
            results[name]["cpu"].append(answer["cpu"])
    return {name: r for name, r in results.items() if name not in errors}, errors


def warmed_up(worker, task, warm_ups):
    """The result of a contestant before its first timed run."""
    answers = [worker.ask(run=task, note=number == 0) for number in range(warm_ups)]
    warm = [answer["seconds"] for answer in answers]
    return {
        "warm_up": warm,
        "logits": answers[0]["logits"],
        "shapes": answers[0]["shapes"],
        "times": max(1, round(SHORTEST / max(warm[-1], 1e-4))),
        "seconds": [],
        "cpu": [],
    }


def summary(result, reference):
    """Numbers of one contestant: a ratio above 1 means slower than the reference."""
    seconds = result["seconds"]
    median = statistics.median(seconds)
    row = {
        "median": median,
        "min": min(seconds),
        "max": max(seconds),
        "cpu": statistics.median(result["cpu"]),
        "first_run": result["warm_up"][0],
        "warm_up": result["warm_up"],
        "seconds": seconds,
    }
    if result["shapes"]:
        row["batches"] = about_batches(result["shapes"])
    if reference is not None:
        row["ratio"] = median / statistics.median(reference["seconds"])
        row.update(compare(result["logits"], reference["logits"]))
    return row


def compare(logits, expected):
    """Largest difference of two lists of rows, and how many rows differ by more than 1e-3.

    Rows apart were tokenized differently: the same ids differ by rounding only.
    """
    if not logits or not expected or len(logits) != len(expected):
        return {}
    rows = [max(abs(a - b) for a, b in zip(x, y)) for x, y in zip(logits, expected)]
    return {"difference": max(rows), "apart": sum(1 for value in rows if value > 1e-3)}


def about_batches(shapes):
    """Counts over `(rows, columns, real tokens)` of each batch."""
    computed = sum(rows * columns for rows, columns, _ in shapes)
    real = sum(tokens for _, _, tokens in shapes)
    return {
        "padding": 1 - real / computed,
        "tokens": computed,
        "batches": len(shapes),
        "shapes": len({(rows, columns) for rows, columns, _ in shapes}),
    }
