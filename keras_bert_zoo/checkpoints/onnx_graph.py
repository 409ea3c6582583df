"""What an ONNX file says: which nodes there are, and where the numbers of the tensors lie.

The messages: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

import dataclasses
import math
import re

import ml_dtypes
import numpy as np

from ..protobuf import Message

# Numbers of TensorProto.DataType. Weights are of one of these; all else is passed over.
DTYPES = {
    1: np.dtype("<f4"),
    10: np.dtype("<f2"),
    11: np.dtype("<f8"),
    16: np.dtype(ml_dtypes.bfloat16),
}
# Where the numbers of a dtype may be, beside `raw_data`: the number of the field.
_TYPED = {1: 4, 11: 10}
_RAW, _EXTERNAL = 9, 1
STANDARD = ("", "ai.onnx")
QUANTIZED = ("DequantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "QLinearMatMul")
# What all nodes may have together; a large encoder's have ten thousand.
MAX_WORDS = 200_000
MAX_DIMENSIONS = 32


@dataclasses.dataclass(frozen=True)
class Tensor:
    """One initialiser of floating point numbers.

    Args:
        dtype: numpy dtype.
        shape: tuple of sizes.
        data: its bytes, or None where they are in another file.
        file: name of that file.
        offset: of the first byte there.
    """

    dtype: np.dtype
    shape: tuple
    data: object = None
    file: str = ""
    offset: int = 0

    @property
    def size(self):
        """How many bytes."""
        return math.prod(self.shape) * self.dtype.itemsize


@dataclasses.dataclass(frozen=True)
class Node:
    """One operation: its name, the names of what goes in and comes out, its attributes."""

    op: str
    inputs: tuple
    outputs: tuple
    attributes: tuple

    def attribute(self, name):
        """The `Message` of an attribute, which is empty where it is not given."""
        return next((a for a in self.attributes if a.text(1) == name), Message(b""))


def read_graph(data):
    """`(list of Node, {name: Tensor})` of a model.

    Args:
        data: bytes or a memoryview of a file.

    Raises:
        ValueError: not a model, one that cannot be, or one whose operations hide its weights.
    """
    graphs = Message(data).parts(7)
    if len(graphs) != 1:
        raise ValueError(f"it holds {len(graphs)} graphs, as no ONNX model does")
    graph = Message(graphs[0])
    if graph.parts(15):
        raise ValueError("it has sparse tensors, which are not supported")
    nodes, words = [], 0
    for part in graph.parts(1):
        nodes.append(_node(part))
        words += sum(map(len, (nodes[-1].inputs, nodes[-1].outputs, nodes[-1].attributes)))
        if words > MAX_WORDS:
            raise ValueError(f"its nodes have more than {MAX_WORDS:,} inputs and outputs")
    if not nodes:
        raise ValueError("it has no nodes")
    tensors = {}
    for part in graph.parts(5):
        message = Message(part)
        name = message.text(8)
        if name in tensors:
            raise ValueError(f"two tensors have the name {name!r}")
        try:
            tensors[name] = _tensor(message)
        except ValueError as error:
            raise ValueError(f"tensor {name!r:.100}: {error}") from error
    return nodes, {name: tensor for name, tensor in tensors.items() if tensor is not None}


def _node(data):
    message = Message(data)
    op, domain = message.text(4), message.text(7)
    if op in QUANTIZED or domain not in STANDARD:
        kind = "quantised" if op in QUANTIZED else "optimised, or quantised, for one runtime"
        raise ValueError(
            f"it is {kind}: it has the operation {domain and domain + '.'}{op}. Only a graph as it "
            "was exported has the weights that it was made of; take that model.onnx, or export it "
            "anew"
        )
    attributes = tuple(Message(part) for part in message.parts(5) if len(part) < 1000)
    return Node(op, tuple(message.texts(1)), tuple(message.texts(2)), attributes)


def _tensor(message):
    """A `Tensor`, or None where it is of another dtype than weights are."""
    kind, shape = message.number(2), tuple(message.numbers(1))
    if kind not in DTYPES:
        return None
    if len(shape) > MAX_DIMENSIONS or min(shape, default=0) < 0 or math.prod(shape) >> 48:
        raise ValueError(f"its shape is {shape[: MAX_DIMENSIONS + 1]}")
    if message.number(14) == _EXTERNAL:
        return _external(Tensor(DTYPES[kind], shape), message)
    data = message.bytes(_RAW) or message.bytes(_TYPED.get(kind, _RAW))
    tensor = Tensor(DTYPES[kind], shape, data)
    if len(data) != tensor.size:
        raise ValueError(
            f"it has {len(data):,} bytes; expected {tensor.size:,} for {tensor.dtype} of shape "
            f"{shape}"
        )
    return tensor


def _external(tensor, message):
    """The same with the place of its bytes in another file, beside this one."""
    entries = {}
    for part in message.parts(13):
        entry = Message(part)
        entries[entry.text(1)] = entry.text(2)
    file = entries.get("location", "")
    if not re.fullmatch(r"[^/\\:\0]{1,255}", file) or file in (".", ".."):
        raise ValueError(f"its numbers are in {file!r:.300}; expected a plain file name")
    offset, size = (entries.get(key, "") for key in ("offset", "length"))
    if not re.fullmatch(r"[0-9]{0,15}", offset) or size not in ("", str(tensor.size)):
        raise ValueError(
            f"it has {size!r:.30} bytes from {offset!r:.30} in {file}; expected {tensor.size:,} "
            f"for {tensor.dtype} of shape {tensor.shape}"
        )
    return dataclasses.replace(tensor, file=file, offset=int(offset or 0))
