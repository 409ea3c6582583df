"""A task for OpenVINO: model.xml and model.bin, for processors and graphics of Intel, and Arm."""

import importlib.util
import tempfile

import keras

from ..errors import unknown_name
from .beside import write_beside
from .fresh import check
from .names import input_axes, input_names, output_names
from .rebuild import write_on
from .tf_graph import tf_module

MODEL = "model.xml"
# Left to itself OpenVINO computes in half precision where the processor is faster so.
OPENED = f"""
import openvino

model = openvino.Core().compile_model("{MODEL}", "CPU", {{"INFERENCE_PRECISION_HINT": "f32"}})


def run(inputs):
    found = model(inputs)
    return {{output.get_any_name(): found[output] for output in model.outputs}}
"""
# Precision of the weights -> how far the outputs, if they are up to 1, may be from the task's.
TOLERANCES = {"float32": 1e-4, "float16": 2e-2}


def write(task, folder, *, precision="float32"):
    """Writes model.xml and model.bin with open batch and length.

    Args:
        task: the task.
        folder: to write to.
        precision: of the weights, `"float32"` or `"float16"`. In which one it computes is chosen
            where it runs.

    Returns:
        What the report says of it.

    Raises:
        ImportError: a package is needed: which.
        RuntimeError: the model does not say what the task says.
        ValueError: an unknown precision.
    """
    if precision not in TOLERANCES:
        raise unknown_name("precision", precision, TOLERANCES)
    if importlib.util.find_spec("openvino") is None:
        raise ImportError("This needs openvino: pip install keras-bert-zoo[tensorflow,openvino].")
    if keras.config.backend() != "tensorflow":
        report = write_on("tensorflow", task, "openvino", folder, {"precision": precision})
        return {**report, **check(task, folder, OPENED, TOLERANCES[precision])}
    size = _save(task, folder, precision)
    report = {
        "file": MODEL,
        "precision": precision,
        "inputs": {name: list(axes) for name, axes in input_axes(task).items()},
        "outputs": output_names(task),
        "bytes": size,
        **check(task, folder, OPENED, TOLERANCES[precision]),
    }
    write_beside(task, folder, "OpenVINO", OPENED)
    return report


def _save(task, folder, precision):
    """Writes the two files, and says how many bytes they have."""
    import openvino
    import tensorflow as tf

    module = tf_module(task)
    with tempfile.TemporaryDirectory() as place:
        # By a SavedModel, whose signature has the names; those of a function are lost.
        tf.saved_model.save(module, place, signatures={"serving_default": module.serve})
        model = openvino.convert_model(place)
    _check_names(model, task)
    openvino.save_model(model, folder / MODEL, compress_to_fp16=precision == "float16")
    return sum(path.stat().st_size for path in folder.glob("model.*"))


def _check_names(model, task):
    found = [[port.get_any_name() for port in ports] for ports in (model.inputs, model.outputs)]
    for names, expected in zip(found, (input_names(task), output_names(task))):
        if sorted(names) != sorted(expected):
            raise RuntimeError(
                f"OpenVINO calls {expected} {names}: this release keeps no names. Please report it."
            )
