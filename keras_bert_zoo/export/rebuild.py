"""The same task on another backend: saved, and exported by a process that runs it there.

`python -m keras_bert_zoo.export.rebuild JOB` is that process. It tells how it went in a file, so
that what other libraries print does not matter.
"""

import hashlib
import importlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ANSWER = "answer.json"
# What the caller can do something about is raised here as it was there.
PASSED_ON = {"ValueError": ValueError, "ImportError": ImportError}


def write_on(backend, task, module, folder, options):
    """Runs `write` of a module of this package in a new process, on another backend.

    Args:
        backend: `"tensorflow"`, `"jax"` or `"torch"`.
        task: the task, on the backend that Keras runs on here.
        module: name of the module, such as `"saved_model"`.
        folder: to write to; it is there and empty.
        options: of `write`; what JSON can hold.

    Returns:
        What `write` returned there.

    Raises:
        ImportError: that backend is not installed.
        ValueError: as `write` there raises it.
        RuntimeError: anything else that went wrong there: how.
    """
    if importlib.util.find_spec(backend) is None:
        raise ImportError(
            f"This needs {backend}: pip install keras-bert-zoo[{backend}]. The task is then built "
            f"on it in a process of its own; here Keras goes on as it is."
        )
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        task.save_to_preset(place / "preset")
        job = {
            "preset": str(place / "preset"),
            "module": module,
            "folder": str(Path(folder).resolve()),
            "options": options,
            "weights": digest(task),
            "source": os.path.dirname(os.path.dirname(os.path.dirname(__file__))),
        }
        (place / "job.json").write_text(json.dumps(job), "utf-8")
        env = {**os.environ, "KERAS_BACKEND": backend}
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [job["source"], env.get("PYTHONPATH")]))
        command = [sys.executable, "-m", __name__, str(place / "job.json")]
        done = subprocess.run(command, env=env, capture_output=True, text=True, errors="replace")
        answer = place / ANSWER
        if not answer.is_file():
            raise RuntimeError(
                f"The process on {backend} ended with {done.returncode}:\n{done.stderr[-2000:]}"
            )
        told = json.loads(answer.read_text("utf-8"))
    if "error" in told:
        kind = PASSED_ON.get(told["kind"])
        if kind is not None:
            raise kind(told["error"])
        raise RuntimeError(f"On {backend}: {told['kind']}: {told['error']}\n{told['trace']}")
    return told["report"]


def digest(task):
    """SHA-256 of the names and values of a task's weights, by which two backends compare them."""
    from ..checkpoints.native import weights_to_write

    found = hashlib.sha256()
    for path, array in sorted(weights_to_write(task).items()):
        found.update(path.encode())
        found.update(array.tobytes())
    return found.hexdigest()


def _run(path):
    import traceback

    path = Path(path)
    job = json.loads(path.read_text("utf-8"))
    try:
        answer = {"report": _write(job)}
    except Exception as error:
        trace = traceback.format_exc(limit=-3)
        answer = {"kind": type(error).__name__, "error": str(error), "trace": trace}
    new = path.with_name("answer.tmp")
    new.write_text(json.dumps(answer), "utf-8")
    new.replace(path.with_name(ANSWER))


def _write(job):
    from ..catalog import load_task

    task = load_task(job["preset"])
    if digest(task) != job["weights"]:
        raise RuntimeError("The weights are not those of the task. Please report this.")
    module = importlib.import_module(f".{job['module']}", __package__)
    return module.write(task, Path(job["folder"]), **job["options"])


if __name__ == "__main__":
    _run(sys.argv[1])
