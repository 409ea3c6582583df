"""One contestant in a process of its own: reads commands, one a line, and answers in JSON.

    {"run": "predict", "note": true}  ->  {"seconds": 9.2, "logits": [...], "shapes": [...]}
    {"run": "predict", "times": 1}    ->  {"seconds": 3.1, "cpu": 6.0}

The first line that it writes says that it is ready, and with which versions.
"""

import importlib.metadata
import json
import os
import sys
import time
import traceback

PACKAGES = (
    "keras",
    "tensorflow",
    "jax",
    "torch",
    "transformers",
    "tokenizers",
    "keras-hub",
    "tensorflow-text",
    "numpy",
)


def main(name, weights, limit):
    """Serves until its input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not get among the answers

    def answer(**values):
        answers.write(json.dumps(values) + "\n")
        answers.flush()

    try:
        contestant, seconds = load(name, weights, limit)
    except Exception as error:
        traceback.print_exc()
        return answer(error=f"{type(error).__name__}: {error}")
    answer(ready=True, load_seconds=seconds, versions=versions())
    for line in sys.stdin:
        try:
            answer(**obey(contestant, json.loads(line)))
        except Exception as error:
            traceback.print_exc()
            answer(error=f"{type(error).__name__}: {error}")


def load(name, weights, limit):
    """`(contestant, seconds)`."""
    started = time.perf_counter()
    import workload
    from contestants import CONTESTANTS

    contestant = CONTESTANTS[name][1](workload.load(weights, limit))
    return contestant, time.perf_counter() - started


def obey(contestant, command):
    """Does what one command says."""
    if command.get("note"):
        return noted(contestant, command["run"])
    run, times = getattr(contestant, command["run"]), command.get("times", 1)
    started, cpu_started = time.perf_counter(), time.process_time()
    for _ in range(times):
        run()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu_started
    return {"seconds": seconds / times, "cpu": cpu / times}


def noted(contestant, task):
    """The first run: what it costs with compilation, what it computes and in which shapes."""
    started = time.perf_counter()
    logits, shapes = contestant.noted(task)
    seconds = time.perf_counter() - started
    logits = None if logits is None else logits.tolist()
    return {"seconds": seconds, "logits": logits, "shapes": shapes}


def versions():
    """Versions of the packages that are installed and loaded here."""
    loaded = {name.split(".")[0].replace("_", "-") for name in sys.modules}
    return {name: importlib.metadata.version(name) for name in PACKAGES if name in loaded}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) or None)
