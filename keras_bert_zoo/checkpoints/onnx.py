"""Reads the weights of an ONNX model that was exported from transformers, by optimum or by torch.

Tables, norms and biases keep their names there, and kernels lose them: the exporters write them
the other way round, as the product wants them. What a kernel is of is told by the bias that is
added to the product.
"""

import mmap
import re
from contextlib import ExitStack
from itertools import takewhile

import numpy as np

from ..families import FAMILIES
from .onnx_graph import read_graph

PARAMETER = re.compile(r"\w+(\.\w+)+")
# A head's bias that stands beside its layer, not in it -> the bias in the layer.
IN_LAYER = {
    plain: other
    for family in FAMILIES.values()
    for other, plain in family.hugging_face.aliases.items()
}
_ONE = 0x3F800000  # as the bits of a float32


class OnnxFile:
    """The weights of one file: `path`, `specs` (name -> shape, dtype), `read`, `close`.

    The names are those of the model in PyTorch, and so are the shapes. A kernel whose name is not
    certain keeps the one that it has.

    Args:
        path: the file. Another one that holds its numbers must be beside it.

    Raises:
        FileNotFoundError: there is no such other file.
        ValueError: damaged; quantised; or of two kernels it is not certain which is which.
    """

    def __init__(self, path):
        self.path, self._files = path, ExitStack()
        with open(path, "rb") as file:
            if not file.seek(0, 2):
                raise ValueError(f"{path}: it is empty.")
            self._data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        try:
            nodes, tensors = read_graph(self._data)
            self._places = places(nodes, tensors)
            others = {tensor.file: [] for tensor, _ in self._places.values() if tensor.file}
            self._others = {name: self._open(name) for name in others}
            for name, (tensor, _) in self._places.items():
                self._check_size(name, tensor)
        except ValueError as error:
            self.close()
            raise ValueError(f"{path}: not an ONNX model that can be read: {error}.") from error
        except OSError:
            self.close()
            raise
        self.specs = {
            name: (tensor.shape[::-1] if flipped else tensor.shape, tensor.dtype)
            for name, (tensor, flipped) in self._places.items()
        }

    def _open(self, name):
        path = self.path.with_name(name)
        if not path.is_file():
            raise FileNotFoundError(
                f"{self.path}: its numbers are in {name}, but there is no such file beside it."
            )
        return self._files.enter_context(open(path, "rb", buffering=0))

    def _check_size(self, name, tensor):
        if tensor.file and tensor.offset + tensor.size > self._others[tensor.file].seek(0, 2):
            raise ValueError(f"{tensor.file} ends before the last byte of {name!r}")

    def read(self, name):
        """The weight as a fresh array."""
        tensor, flipped = self._places[name]
        if tensor.file:
            data = bytearray(tensor.size)
            self._others[tensor.file].seek(tensor.offset)
            if self._others[tensor.file].readinto(data) != tensor.size:
                raise ValueError(f"{self.path}: {tensor.file} ends within {name!r}.")
        else:
            data = bytearray(tensor.data)
        array = np.frombuffer(data, tensor.dtype).reshape(tensor.shape)
        return array.T if flipped else array

    def close(self):
        """Closes the files. Arrays already read stay valid."""
        self._files.close()
        self._places, self._data = {}, None


def places(nodes, tensors):
    """Name -> `(Tensor, whether its axes are reversed)` of the weights of a graph.

    Args:
        nodes: list of `Node`.
        tensors: name -> `Tensor`.

    Raises:
        ValueError: two tensors have one name, or one has two.
    """
    tensors = {**tensors}
    for node in nodes:  # equal tensors are kept once, under one of their names
        if node.op == "Identity" and node.inputs[:1] and node.inputs[0] in tensors:
            tensors.update(dict.fromkeys(node.outputs, tensors[node.inputs[0]]))
    users = {}
    for node in nodes:
        for name in node.inputs:
            users.setdefault(name, []).append(node)
    found, kernels = {}, {}
    for node in nodes:
        kernel = node.inputs[1] if node.op in LAYERS and len(node.inputs) > 1 else None
        if kernel in tensors and len(tensors[kernel].shape) == 2:
            bias, flipped = LAYERS[node.op](node, users)
            width = tensors[kernel].shape[-1 if flipped else 0]
            bias = bias if bias in tensors and tensors[bias].shape == (width,) else None
            name = name_of(kernel, bias)
            claim(found, name, (tensors[kernel], flipped))
            if kernels.setdefault(kernel, name) != name:
                raise ValueError(f"{kernel!r} is both {kernels[kernel]} and {name}")
    for name, tensor in tensors.items():
        if name not in kernels and PARAMETER.fullmatch(name):
            claim(found, name, (tensor, False))
    start = len(wrapper(name for name in found if PARAMETER.fullmatch(name)))
    return {name[start:] if PARAMETER.fullmatch(name) else name: found[name] for name in found}


def wrapper(names):
    """What stands before all names, because the model was exported as a part of another.

    >>> wrapper(["model.0.auto_model.embeddings.a.weight", "model.0.auto_model.pooler.b.weight"])
    'model.0.auto_model.'
    """
    columns = zip(*(name.split(".")[:-1] for name in names))
    return "".join(f"{column[0]}." for column in takewhile(lambda c: len(set(c)) == 1, columns))


def claim(found, name, place):
    if found.setdefault(name, place) != place:
        raise ValueError(
            f"two tensors are {name}: the biases that tell kernels apart may have been equal, and "
            "merged"
        )


def name_of(kernel, bias):
    """Name of a kernel's weight in PyTorch: its own, or by its bias; what it is called, if neither.

    >>> name_of("onnx::MatMul_359", "encoder.layer.0.output.dense.bias")
    'encoder.layer.0.output.dense.weight'
    """
    bias = IN_LAYER.get(bias, bias) or ""
    told = bias.removesuffix(".bias") + ".weight" if bias.endswith(".bias") else None
    own = kernel if PARAMETER.fullmatch(kernel) else None
    if own and told and own != told:
        raise ValueError(f"{own!r} has the bias {bias!r} of another layer")
    return own or told or kernel


def _product(node, users):
    """The bias that is added to a product, and that its kernel is written (inputs, outputs)."""
    (output,) = node.outputs
    added = users.get(output, [])
    if len(added) != 1 or added[0].op != "Add":
        return None, True
    return next((name for name in added[0].inputs if name != output), None), True


def _product_and_sum(node, users):
    """The bias of a Gemm, and whether its kernel is written (inputs, outputs)."""
    for name, accepted in (("alpha", _ONE), ("beta", _ONE)):
        given = node.attribute(name)
        if given.values and given.number(2) != accepted:
            raise ValueError(f"a Gemm has an {name} that is not 1")
    if node.attribute("transA").number(3):
        raise ValueError("a Gemm has transA")
    bias = node.inputs[2] if len(node.inputs) > 2 else None
    return bias, not node.attribute("transB").number(3)


LAYERS = {"MatMul": _product, "Gemm": _product_and_sum}
