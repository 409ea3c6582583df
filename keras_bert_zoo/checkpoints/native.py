"""Reads and writes our own preset folders: config.json, tokenizer.json, weights, a card."""

import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path

import keras
import numpy as np

from ..encoder import Encoder
from ..errors import unknown_name
from ..families import family_called
from ..layers.initializers import zeros_for_now
from ..precision import dtype_scope
from ..preprocessing import preprocessor_for
from ..tokenizers import Tokenizer
from ..training import Recipe
from ..version import __version__
from .fill import fill
from .hugging_face import read_json
from .name_map import Place, paths_of
from .report import ConversionError, ConversionReport
from .tensors import open_tensors

FORMAT = 1
MARK = "keras_bert_zoo"
WEIGHTS = "model.safetensors"


def is_native(folder):
    """Whether the folder is one that `save_to_preset` wrote."""
    path = Path(folder) / "config.json"
    return path.is_file() and MARK in read_json(path)


def save_task(task, folder, *, overwrite=False):
    """Writes a task; the folder is there whole, or as it was.

    Raises:
        FileExistsError: the folder holds something that is not a preset.
    """
    from ..card import model_card

    with replaced_folder(folder, overwrite) as new:
        if task.preprocessor is not None:
            task.preprocessor.tokenizer.save(new)
        write_json(new / "config.json", plain_config(task))
        write_json(new / "recipe.json", task.recipe.to_config())
        write_weights(task, new / WEIGHTS)
        (new / "README.md").write_text(model_card(task), encoding="utf-8")


def plain_config(task):
    """What config.json says: names and numbers, no classes to be looked up and called."""
    config = {
        MARK: {"format": FORMAT, "version": __version__},
        "task": type(task).__name__,
        **task.get_config(),
        "encoder": {k: v for k, v in task.encoder.get_config().items() if k != "lora"},  # merged
    }
    if task.preprocessor is not None:
        tokenizer = task.preprocessor.tokenizer.get_config()
        special = {"special_tokens": tokenizer["special_tokens"]}
        config["preprocessor"] = {**task.preprocessor.get_config(), "tokenizer": special}
    return config


def load_task(folder, dtype=None):
    """The task in a folder that `save_task` wrote.

    Args:
        folder: the folder.
        dtype: precision policy; the saved one if not given.

    Returns:
        `(task, report)`.

    Raises:
        ConversionError: the folder is from a newer version, or its parts do not fit.
    """
    folder = Path(folder)
    config = read_json(folder / "config.json")
    mark, name = config.pop(MARK), config.pop("task", None)
    if mark.get("format") != FORMAT:
        raise ConversionError(
            f"{folder} has format {mark.get('format')!r}; this version reads {FORMAT}. It was "
            f"written by version {mark.get('version')!r}: install that one or a newer one."
        )
    with open_tensors(folder) as tensors:
        try:
            with dtype_scope(dtype):
                task = build(name, config, folder, tensors, dtype)
        except ConversionError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise ConversionError(f"{folder / 'config.json'} cannot be built: {reason}") from error
        return task, read_weights(task, tensors, str(folder))


def build(name, config, folder, tensors, dtype=None):
    """A task from its plain config, with weights that are zero until they are read."""
    from ..tasks import TASKS

    if name not in TASKS:
        raise unknown_name("task", name, TASKS)
    check_sizes(config["encoder"], tensors)
    dtype = dtype or config["encoder"]["dtype"]
    with zeros_for_now():
        config["encoder"] = Encoder.from_config({**config["encoder"], "dtype": dtype})
    if config["preprocessor"] is not None:
        tokenizer = Tokenizer(**config["preprocessor"].pop("tokenizer"))
        tokenizer.load_assets(str(folder))
        numbers, options = config["encoder"].config, config["preprocessor"]
        config["preprocessor"] = preprocessor_for(numbers, tokenizer, **options)
    config["recipe"] = Recipe(**config["recipe"])
    with zeros_for_now():
        return TASKS[name](**config)


def check_sizes(config, tensors):
    """A config must not make us allocate what the file does not hold."""
    family = family_called(config["family"])
    table = family.weight_names(None)
    for field, (theirs, axis) in family.hugging_face.sizes.items():
        known = list(paths_of(theirs, table))
        path, transposed = next((one for one in known if one[0] in tensors), known[0])
        shape = tensors.shape(path) if path in tensors else ()
        held = (tuple(reversed(shape)) if transposed else shape)[axis : axis + 1]
        rows = config[field] + family.hugging_face.offsets.get(field, 0)
        if held != (rows,):
            raise ValueError(f"{field}={config[field]!r}, but {path} has shape {shape}.")
    blocks = family.hugging_face.blocks
    last = f"layer_{config[blocks] - 1}/"
    if not any(name.startswith(last) for name in tensors):
        raise ValueError(f"{blocks}={config[blocks]}, but no tensor starts with {last}")


def write_weights(model, path):
    """Writes the weights under the paths of their variables, low-rank updates merged."""
    from safetensors.numpy import save_file

    save_file(weights_to_write(model), str(path), metadata={"format": "keras"})


def weights_to_write(model):
    """Path -> array of each weight, low-rank updates merged."""
    merged = {
        id(layer._kernel): layer.kernel
        for layer in model._flatten_layers()
        if getattr(layer, "lora_enabled", False)
    }
    return {
        variable.path: np.ascontiguousarray(
            keras.ops.convert_to_numpy(merged.get(id(variable), variable))
        )
        for variable in model.weights
        if not variable.name.startswith("lora_")
    }


def read_weights(model, tensors, source):
    """Fills the weights of `model`.

    Raises:
        ConversionError: a tensor is missing, left over, or of another shape.
    """
    report = ConversionReport(source=source)
    fill(
        model.weights,
        lambda variable: Place(variable.path, False),
        lambda name: tensors.get(name),
        report,
    )
    report.leftover = sorted(set(tensors) - set(report.used))
    report.raise_if_incomplete()
    return report


def write_json(path, value):
    Path(path).write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")


@contextlib.contextmanager
def replaced_folder(folder, overwrite=False):
    """A new folder to write to, which takes the place of `folder` when all went well.

    Raises:
        FileExistsError: `folder` holds something that is not a preset.
    """
    folder = Path(folder)
    if folder.is_file():
        raise FileExistsError(f"{folder} is a file. Name a folder to save to.")
    if folder.is_dir() and any(folder.iterdir()) and not overwrite and not is_native(folder):
        raise FileExistsError(
            f"{folder} holds something that is not a preset of this library. Name another folder, "
            "or pass overwrite=True to replace all that is in it."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield new
        os.chmod(new, 0o755)
        if folder.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
            os.replace(folder, old / "old")
            os.replace(new, folder)
            shutil.rmtree(old)
        else:
            os.replace(new, folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
