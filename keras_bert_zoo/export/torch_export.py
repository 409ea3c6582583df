"""A task as a torch program, model.pt2: it runs where there is torch alone."""

import inspect

import keras

from .beside import write_beside
from .fresh import check
from .names import input_axes, input_names, named_outputs, output_names
from .probe import SHAPES, probe_inputs
from .rebuild import write_on

MODEL = "model.pt2"
OPENED = f"""
import torch

model = torch.export.load("{MODEL}").module()


def run(inputs):
    with torch.no_grad():
        outputs = model(**{{name: torch.from_numpy(array) for name, array in inputs.items()}})
    return {{name: tensor.numpy() for name, tensor in outputs.items()}}
"""
TOLERANCE = 1e-5  # on torch itself nothing differs
# Sizes to trace with, of which none is 1 and no two are the same: torch takes such for related.
TRACED = {"shapes": [(3, 8)], "choices": 2, "places": 4, "regions": 5}


def write(task, folder):
    """Writes model.pt2, by `torch.export`, with open batch and length.

    Args:
        task: the task.
        folder: to write to.

    Returns:
        What the report says of it.

    Raises:
        ImportError: torch is not installed.
        RuntimeError: torch cannot trace the model, or the program does not say what the task says.
    """
    if keras.config.backend() != "torch":
        report = write_on("torch", task, "torch_export", folder, {})
        return {**report, **_checked(task, folder)}
    import torch

    torch.export.save(program(task), folder / MODEL)
    report = {
        "file": MODEL,
        "inputs": {name: list(axes) for name, axes in input_axes(task).items()},
        "outputs": output_names(task),
        "bytes": (folder / MODEL).stat().st_size,
        **_checked(task, folder),
    }
    write_beside(task, folder, "torch.export", OPENED)
    return report


def _checked(task, folder):
    return check(task, folder, OPENED, TOLERANCE, ((1, 1), (2, 2), *SHAPES))


def program(task):
    """The `torch.export.ExportedProgram` of a task that is on torch.

    Raises:
        RuntimeError: torch cannot trace it: why.
    """
    import torch

    net = _module(task)
    device = next(net.parameters()).device
    example = {
        name: torch.from_numpy(array).to(device)
        for name, array in probe_inputs(task, **TRACED)[0].items()
    }
    try:
        with torch.no_grad():
            found = torch.export.export(
                net, (), example, dynamic_shapes=_open_axes(task), strict=False
            )
    except Exception as error:
        raise RuntimeError(
            f"torch cannot export this {type(task).__name__} on a {task.encoder.config.family} "
            f"encoder: {str(error)[:1000]} The formats 'tf_saved_model' and 'onnx' may have it."
        ) from error
    for node in found.graph.nodes:
        node.meta.pop("stack_trace", None)  # paths of this machine
    return found if device.type == "cpu" else _on_cpu(found)


def _open_axes(task):
    """Input -> number of an axis -> `torch.export.Dim` of its name."""
    import torch

    limits = {"length": task.encoder.config.max_sequence_length}
    dims = {
        axis: torch.export.Dim(axis, max=limits.get(axis))
        for axes in input_axes(task).values()
        for axis in axes
        if axis != "visual_dim"
    }
    return {
        name: {place: dims[axis] for place, axis in enumerate(axes) if axis in dims}
        for name, axes in input_axes(task).items()
    }


def _module(task):
    """The task as a torch module whose `forward` takes its inputs by name."""
    import torch

    def forward(self, **inputs):
        # Keras' variables hold their tensors themselves: torch would take these for constants.
        state = [(variable, self.weights[variable.path]) for variable in variables]
        with keras.StatelessScope(state_mapping=state):
            return named_outputs(task, task(inputs, training=False))

    variables = task.weights
    kind = inspect.Parameter
    names = [kind(name, kind.KEYWORD_ONLY) for name in input_names(task)]
    own = kind("self", kind.POSITIONAL_OR_KEYWORD)
    forward.__signature__ = inspect.Signature([own, *names])
    module = type("Net", (torch.nn.Module,), {"forward": forward})()
    # An output that is a weight, as a CRF's transitions, would ask for a gradient.
    fixed = {v.path: torch.nn.Parameter(v.value.detach(), requires_grad=False) for v in variables}
    module.weights = torch.nn.ParameterDict(fixed)
    return module.eval()


def _on_cpu(found):
    from torch.export.passes import move_to_device_pass

    return move_to_device_pass(found, "cpu")
