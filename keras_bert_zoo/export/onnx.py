"""ONNX: ids in, outputs out, with open batch and length, for onnxruntime and its like.

The graph comes from torch's exporter, whatever the backend of the task: where Keras runs on another
one, the task is rebuilt on torch in a process of its own. Why: docs/decisions/0016-onnx.md.
"""

import importlib.util
import os

import keras

from ..checkpoints.native import write_json
from ..errors import unknown_name
from .description import FILE, describe
from .formats import copy_tokenizer, size_of
from .onnx_card import card
from .onnx_check import compare
from .onnx_graph import MODEL, graph_of, save, unused_inputs
from .onnx_precision import PRECISIONS, convert
from .rebuild import write_on
from .runner import write_runner

PACKAGES = ("onnx", "onnxruntime", "onnxscript")


def write(task, folder, *, precision="float32", opset=None, verify=True):
    """Writes model.onnx, task.json, the tokenizer, a card, and run.py, which gives answers.

    Args:
        task: any task, on any backend, in float32.
        folder: to write to; it is there and empty.
        precision: `"float32"`; `"float16"`, weights and products in half precision;
            `"int8"`, weights of eight bits. Inputs and outputs are the same in all three.
        opset: of ONNX; torch's own choice if not given.
        verify: whether the file is reopened and compared with the task at several shapes.

    Returns:
        The report: `file`, `bytes`, `opset`, `inputs` and `outputs`, `unused_inputs` (they are
        kept, so that all tasks are fed the same), `runner`, and what `verify` found.

    Raises:
        ImportError: a package is missing: which.
        RuntimeError: torch cannot export it, or the file says something else than the task.
        ValueError: an unknown precision, or a task that computes in another one than float32.
    """
    _check(task, precision)
    if keras.config.backend() == "torch":
        return _write(task, folder, precision, opset, verify)
    options = {"precision": precision, "opset": opset, "verify": False}
    report = write_on("torch", task, "onnx", folder, options)
    return {**report, **(compare(task, folder, precision) if verify else {})}


def _check(task, precision):
    if precision not in PRECISIONS:
        raise unknown_name("precision", precision, PRECISIONS)
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ImportError(
            f"ONNX needs {', '.join(missing)}: pip install keras-bert-zoo[onnx,torch]."
        )
    policy, quantized = task.encoder.dtype_policy.name, task.encoder._quantized
    if policy != "float32" or quantized:
        raise ValueError(
            f"The encoder computes in {quantized or policy}; ONNX is written from float32. Load "
            'the task with dtype="float32", or before quantize(), and give precision="float16" or '
            '"int8" to export.'
        )


def _write(task, folder, precision, opset, verify):
    import onnx

    model = graph_of(task, opset)
    save(model, folder)
    convert(folder / MODEL, precision)
    onnx.checker.check_model(os.fspath(folder / MODEL), full_check=True)
    known = describe(task)
    write_json(folder / FILE, known)
    copy_tokenizer(task, folder)
    runner, reason = _runner(known, folder)
    report = {
        "file": MODEL,
        "precision": precision,
        "opset": model.opset_imports[""],
        "bytes": size_of(folder),
        "inputs": known["inputs"],
        "unused_inputs": unused_inputs(model),
        "outputs": known["outputs"],
        "runner": runner,
        **({"no_runner": reason} if reason else {}),
        **(compare(task, folder, precision) if verify else {}),
    }
    (folder / "README.md").write_text(card(task, report), "utf-8")
    return report


def _runner(known, folder):
    """`(file, None)`, or None and why there is no run.py."""
    if known["kind"] is None:
        return None, "it reads images: give model.onnx their regions as arrays"
    if not (folder / "tokenizer.json").is_file():
        return None, "no tokenizer.json can hold its tokenizer: give model.onnx ids"
    write_runner(known["kind"], folder)
    return "run.py", None
