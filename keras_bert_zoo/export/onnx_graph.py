"""A task on torch as an ONNX graph with open axes, and nothing in it of where it was made."""

import contextlib
import io
import logging
import warnings

from .names import input_axes, input_names, named_outputs, output_names
from .probe import probe_inputs

MODEL, WEIGHTS = "model.onnx", "model.onnx.data"
LARGEST = 2**31 - 2**20  # bytes that a protobuf holds; weights of more are a file of their own
# What an axis may be fixed to while it is exported: any number that no other axis has.
EXAMPLE = {"shapes": ((2, 8),), "choices": 3, "places": 4, "regions": 5}
FIXED = ("visual_dim",)


def graph_of(task, opset=None):
    """The `onnx_ir.Model` of a task that is on torch.

    Args:
        task: the task.
        opset: of ONNX; torch's own choice if not given.

    Raises:
        RuntimeError: torch cannot export it: why.
    """
    import torch

    names = input_names(task)
    example = probe_inputs(task, **EXAMPLE)[0]
    device = next(task.parameters()).device
    inputs = tuple(torch.from_numpy(example[name]).to(device) for name in names)
    axes = input_axes(task)
    open_axes = tuple(
        {
            place: torch.export.Dim.DYNAMIC
            for place, axis in enumerate(axes[name])
            if axis not in FIXED
        }
        for name in names
    )
    try:
        with torch.no_grad(), quiet():
            program = torch.export.export(
                _module(task, names), inputs, dynamic_shapes={"inputs": open_axes}, strict=False
            )
            program = torch.onnx.export(
                program,
                inputs,
                dynamo=True,
                verbose=False,
                opset_version=opset,
                input_names=names,
                output_names=output_names(task),
            )
    except Exception as error:
        raise RuntimeError(
            f"torch cannot export this {type(task).__name__} on a {task.encoder.config.family} "
            f"encoder: {error}. The formats 'tf_saved_model' and 'torch_export' may have it."
        ) from error
    return _clean(program.model, task)


def _module(task, names):
    """The task as a module that takes its inputs one by one and gives a tuple of tensors."""
    import torch

    class Module(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.task = task

        def forward(self, *inputs):
            outputs = self.task(dict(zip(names, inputs)), training=False)
            return tuple(named_outputs(self.task, outputs).values())

    return Module().eval()


@contextlib.contextmanager
def quiet():
    """Without what torch and Keras say of exporting: that it fails is an error, not a message."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _clean(model, task):
    """Names the axes, and takes out the stack traces, which hold paths of this machine."""
    from ..version import __version__

    _name_axes(model.graph, input_axes(task))
    for node in model.graph.all_nodes():
        _forget(node)
        for value in node.outputs:
            _forget(value)
    for value in (*model.graph.inputs, *model.graph.outputs, *model.graph.initializers.values()):
        _forget(value)
    _forget(model.graph)
    _forget(model)
    model.graph.name = task.name
    model.producer_name, model.producer_version = "keras_bert_zoo", __version__
    return model


def _forget(what):
    what.metadata_props.clear()
    what.doc_string = None


def _name_axes(graph, axes):
    """Calls open axes `batch`, `length` and so on, in place of torch's numbered symbols."""
    import onnx_ir

    known = {}
    for value in graph.inputs:
        for size, name in zip(value.shape, axes[value.name]):
            if not isinstance(size, int):
                known[str(size)] = name
    outputs = set(graph.outputs)
    for value in (*graph.inputs, *graph.outputs):
        value.shape = onnx_ir.Shape(
            size if isinstance(size, int) else known.get(str(size)) for size in value.shape
        )
    for node in graph.all_nodes():
        for value in node.outputs:
            if value not in outputs:  # the shapes on the way are left to whoever reads it
                value.shape = None


def save(model, folder):
    """Writes an `onnx_ir.Model`; weights of more than two gigabytes go into a file beside it."""
    import onnx_ir

    size = sum(value.const_value.nbytes for value in model.graph.initializers.values())
    beside = {"external_data": WEIGHTS} if size > LARGEST else {}
    onnx_ir.save(model, folder / MODEL, **beside)


def unused_inputs(model):
    """Names of inputs that nothing reads, as segment ids in a family without segments."""
    return [value.name for value in model.graph.inputs if not value.uses()]
