"""Which of their tensors is which of our variables.

A family lists `our layer path -> their prefix`; `{i}` is the block's number. Suffixes and
transposes follow from the kind of variable, so the table is read in both directions. A variable
that has an entry of its own, path and all, is kept under that very name and as it is.
"""

import dataclasses
import re

import numpy as np

SUFFIX = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "embeddings": "weight",
}


@dataclasses.dataclass(frozen=True)
class Place:
    """Where one of our variables is kept: their tensor's name, and whether it is transposed."""

    name: str
    transposed: bool

    def to_ours(self, value):
        return transposed(value) if self.transposed else value

    def shape_theirs(self, shape):
        """The shape that a variable of shape `shape` has in their file."""
        return tuple(reversed(shape)) if self.transposed else tuple(shape)


def transposed(value, block=128):
    """The axes in reverse, contiguous. Matrices go block by block: four times as fast."""
    if value.ndim != 2:
        return np.ascontiguousarray(value.T)
    result = np.empty(value.shape[::-1], value.dtype)
    for start in range(0, len(value), block):
        result[:, start : start + block] = value[start : start + block].T
    return result


def locate(path, names):
    """The `Place` of the variable at `path`, by the table `names`; None if it is not in it.

    >>> locate("layer_3/attention/query/kernel", {"layer_{i}/attention/query": "layer.{i}.q"})
    Place(name='layer.3.q.weight', transposed=True)
    """
    layer, variable = path.rsplit("/", 1)
    number = re.search(r"layer_(\d+)", layer)
    number = number[1] if number else ""
    template = re.sub(r"layer_\d+", "layer_{i}", layer)
    exact = names.get(f"{template}/{variable}")
    if exact is not None:
        return Place(exact.replace("{i}", number), False)
    prefix = names.get(template)
    if prefix is None or variable not in SUFFIX:
        return None
    prefix = prefix.replace("{i}", number)
    return Place(f"{prefix}.{SUFFIX[variable]}", variable == "kernel")


def paths_of(theirs, names):
    """`(path, transposed)` of the variables that their tensor of that name may fill.

    The table does not say of what kind a layer is: a weight of theirs is a kernel, a table or the
    scale of a norm.

    >>> next(paths_of("layer.3.q.weight", {"layer_{i}/attention/query": "layer.{i}.q"}))
    ('layer_3/attention/query/kernel', True)
    """
    number = re.search(r"\.(\d+)\.", theirs)
    for template in names:
        layer = template.replace("{i}", number[1] if number else "")
        for variable in SUFFIX:
            place = locate(f"{layer}/{variable}", names)
            if place and place.name == theirs:
                yield f"{layer}/{variable}", place.transposed
