"""A task for LiteRT (TensorFlow Lite): one file for phones, small computers and the browser."""

import importlib.util
import re

import keras

from ..errors import unknown_name
from .beside import write_beside
from .fresh import check
from .names import input_axes, output_names
from .rebuild import write_on
from .tf_graph import check_sizes, tf_module

MODEL = "model.tflite"
OPENED = f"""
from ai_edge_litert.interpreter import Interpreter

model = Interpreter("{MODEL}").get_signature_runner()


def run(inputs):
    return model(**inputs)
"""
# Precision of the weights -> how far the outputs, if they are up to 1, may be from the task's.
TOLERANCES = {"float32": 1e-4, "float16": 2e-2, "int8": 0.5}


def write(task, folder, *, precision="float32", **sizes):
    """Writes model.tflite, which the stock interpreter runs: no operations of TensorFlow in it.

    Batch and length are open; the interpreter makes room for what it is given. A device that wants
    fixed ones has them with `batch=1, length=128`.

    Args:
        task: the task.
        folder: to write to.
        precision: of the weights: `"float32"`; `"float16"`, half the size; or `"int8"`, a quarter,
            activations being quantized as they come.
        **sizes: `batch`, `length`, and where the task has them `choices`, `places` and `regions`,
            if they are to be fixed.

    Returns:
        What the report says of it.

    Raises:
        ImportError: a package is needed: which.
        RuntimeError: the file does not say what the task says.
        ValueError: an option that is out of its range, or a model with an operation that LiteRT
            does not have: which.
    """
    if precision not in TOLERANCES:
        raise unknown_name("precision", precision, TOLERANCES)
    check_sizes(task, sizes)
    if importlib.util.find_spec("ai_edge_litert") is None:
        raise ImportError(
            "LiteRT's files are compared with the task in its interpreter: "
            "pip install keras-bert-zoo[tensorflow,litert]."
        )
    if keras.config.backend() != "tensorflow":
        options = {"precision": precision, **sizes}
        report = write_on("tensorflow", task, "litert", folder, options)
        return {**report, **check(task, folder, OPENED, TOLERANCES[precision], **sizes)}
    content = convert(task, precision, **sizes)
    (folder / MODEL).write_bytes(content)
    report = {
        "file": MODEL,
        "precision": precision,
        "inputs": {
            name: [sizes.get(a, a) for a in axes] for name, axes in input_axes(task).items()
        },
        "outputs": output_names(task),
        "bytes": len(content),
        **check(task, folder, OPENED, TOLERANCES[precision], **sizes),
    }
    write_beside(task, folder, "LiteRT", OPENED, **sizes)
    return report


def convert(task, precision, **sizes):
    """The bytes of the file, of a task that is on TensorFlow.

    Raises:
        ValueError: the model has an operation that LiteRT does not have.
    """
    import tensorflow as tf

    module = tf_module(task, **sizes)
    function = module.serve.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], module)
    # Without those of TensorFlow, which would take a delegate that the stock interpreter lacks.
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    try:
        return converter.convert()
    except Exception as error:
        raise ValueError(_refusal(task, str(error))) from error


def _refusal(task, message):
    missing = re.search(r"TF Select ops: ([^\n]+)", message)
    custom = re.search(r"(?:Custom|custom) ops: ([^\n]+)", message)
    found = missing or custom
    said = f"it lacks {found[1]}" if found else f"its converter says: {message.strip()[:500]}"
    return (
        f"LiteRT cannot run this {type(task).__name__} on a {task.encoder.config.family} encoder: "
        f"{said}. Try fixed sizes, batch=1, length=128, or another format, such as 'onnx'."
    )
