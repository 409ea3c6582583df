"""The formats that a task is exported to, and what all of them share: the folder and its report."""

import importlib
import inspect
from pathlib import Path

from ..errors import unknown_name
from ..version import __version__

# Format -> module of this package. Each has `write(task, folder, **options)`, which writes into an
# empty folder and returns what the report says of it, a dictionary that JSON can hold.
FORMATS = {
    "tf_saved_model": "saved_model",
    "onnx": "onnx",
    "litert": "litert",
    "openvino": "openvino",
    "torch_export": "torch_export",
}
REPORT = "export.json"


def export(task, folder, format="tf_saved_model", *, overwrite=False, **options):
    """Writes a task for another runtime; the folder is there whole, or as it was.

    Args:
        task: the task.
        folder: a new one, an empty one, or one that an export wrote.
        format: one of `FORMATS`.
        overwrite: whether a folder that holds something else may be replaced.
        **options: of the format; see `write` of its module.

    Returns:
        The report, which is also in the folder, as `export.json`.

    Raises:
        FileExistsError: the folder holds something that no export wrote.
        ImportError: a package is needed: which.
        ValueError: an unknown format, or one that has no place for such a task.
    """
    from ..checkpoints.native import replaced_folder, write_json  # imports Keras

    if format not in FORMATS:
        raise unknown_name("format", format, FORMATS)
    module = importlib.import_module(f".{FORMATS[format]}", __package__)
    check_options(module.write, options, format)
    ours = (Path(folder) / REPORT).is_file()
    with replaced_folder(folder, overwrite or ours) as new:
        report = {
            "format": format,
            "task": type(task).__name__,
            "keras_bert_zoo": __version__,
            **module.write(task, new, **options),
        }
        write_json(new / REPORT, report)
    return report


def check_options(write, options, format):
    """Raises a ValueError for an option that a format does not have."""
    parameters = list(inspect.signature(write).parameters.values())[2:]
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return  # it looks at the rest itself
    known = [parameter.name for parameter in parameters]
    for name in options:
        if name not in known:
            raise unknown_name(f"option of the format {format!r}", name, known)


def copy_tokenizer(task, folder):
    """Writes tokenizer.json and its companions beside an exported model."""
    if task.preprocessor is not None:
        task.preprocessor.tokenizer.save(folder)


def size_of(folder):
    """Bytes in all files of a folder."""
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
