"""The task that answers: where it is, what it is, and whether it is still the same."""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import tempfile

from ..locating import locate

MARK = "keras_bert_zoo"  # in the config of a preset of ours
# What differs between two savings of one task, and changes no answer.
FREE = (MARK, "seed", "recipe")
UNREAD = ("README.md", "recipe.json", "report.html")
TASK = ".task-"  # beginning of the name of the folder that a task is saved to
BLOCK = 1 << 20


@contextlib.contextmanager
def preset_of(task, folder):
    """What workers load: a preset as it was given, or a folder that a task is saved to meanwhile.

    Args:
        task: str or path of a preset, or a task.
        folder: that all workers see.
    """
    if isinstance(task, (str, os.PathLike)):
        path = pathlib.Path(task)
        yield os.path.abspath(path) if path.exists() else str(task)
        return
    folder = tempfile.mkdtemp(prefix=TASK, dir=folder)
    try:
        task.save_to_preset(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def name_of(task):
    """The name of the class of a task, or of that in a preset of ours; None if it is not said."""
    if not isinstance(task, (str, os.PathLike)):
        return type(task).__name__
    config = _config(pathlib.Path(locate(task)[0]) / "config.json")
    return config.get("task") if MARK in config else None


def load(preset):
    """The task of a preset.

    Raises:
        ValueError: it cannot be loaded, or reads no texts.
    """
    from ..catalog import load_task

    try:
        task = load_task(preset, head="load")
    except (OSError, ValueError, ImportError):
        raise
    except Exception as error:
        raise ValueError(f"{preset} cannot be loaded: {type(error).__name__}: {error}") from error
    if task.preprocessor is None:
        raise ValueError(f"{preset} was saved without a tokenizer: it cannot read texts.")
    return task


def task_digest(preset):
    """A short text that tells the files of one task from those of others."""
    place, digest = pathlib.Path(locate(preset)[0]), hashlib.sha256()
    if place.is_dir():
        files = [path for path in place.rglob("*") if path.is_file()]
        names = {path.relative_to(place).as_posix(): path for path in files}
    else:  # one of several TensorFlow checkpoints
        names = {path.name: path for path in place.parent.glob(f"{place.name}*")}
    for name, path in sorted(names.items()):
        if name in UNREAD or any(part.startswith(".") for part in name.split("/")):
            continue
        digest.update(f"{name}\0".encode())
        config = _config(path) if name == "config.json" else {}
        if MARK in config:
            config = {key: value for key, value in config.items() if key not in FREE}
            digest.update(json.dumps(config, sort_keys=True).encode())
            continue
        with open(path, "rb") as stream:
            while block := stream.read(BLOCK):
                digest.update(block)
    return digest.hexdigest()[:32]


def _config(path):
    try:
        config = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}
