"""Reads `tf_model.h5`, as transformers kept its TensorFlow models up to release 4.

An HDF5 file of Keras: a group for each layer of the model, in which a weight's name is a path. The
names become those of the same model in PyTorch, so that one table in a family serves both.
"""

import re

import numpy as np

from .hdf5 import Hdf5File

ENDS = {"kernel": "weight", "gamma": "weight", "embeddings": "weight", "beta": "bias"}
TRANSPOSED = "kernel"


def translate(path):
    """`(the name in PyTorch, whether the matrix is transposed)` of a weight.

    Args:
        path: `layer/model/part/.../weight:0`. A part `a___b` stands for b, and `_._` for `/`.

    >>> translate("bert/tf_bert_model/bert/encoder/layer_._0/output/dense/kernel:0")
    ('bert.encoder.layer.0.output.dense.weight', True)
    """
    parts = re.sub(r":\d+$", "", path).split("/")[1:]
    parts = "/".join(part.rpartition("___")[2] for part in parts).replace("_._", "/").split("/")
    *parts, end = [part for part in parts if part][1:]
    return ".".join([*parts, ENDS.get(end, end)]), end == TRANSPOSED


class KerasH5File:
    """The weights of one file: `path`, `specs` (name -> shape, dtype), `read`, `close`.

    Args:
        path: the file.

    Raises:
        ValueError: it is not such a file, or a damaged one.
    """

    def __init__(self, path):
        self.path, self._places, self.specs = path, {}, {}
        self._file = Hdf5File(path)
        try:
            for place, (shape, dtype) in self._file.specs.items():
                self._add(place, shape, dtype)
            if not self.specs:
                raise ValueError(f"{path}: it holds no weights.")
        except ValueError:
            self.close()
            raise

    def _add(self, place, shape, dtype):
        if place.count("/") < 2:
            raise ValueError(
                f"{self.path}: {place!r} is no layer/model/weight: not a file that transformers "
                "wrote."
            )
        name, transposed = translate(place)
        transposed = transposed and len(shape) > 1
        spec = shape[::-1] if transposed else shape, dtype
        places, _ = self._places.setdefault(name, ([], transposed))
        # A head that shares the token table keeps it once more.
        if self.specs.setdefault(name, spec) != spec:
            raise ValueError(
                f"{self.path}: {places[0]!r} and {place!r} are both {name}, of different shapes."
            )
        places.append(place)

    def read(self, name):
        places, transposed = self._places[name]
        array, *others = map(self._file.read, places)
        if not all(np.array_equal(array, other) for other in others):
            both = " and ".join(map(repr, places))
            raise ValueError(f"{self.path}: {both} are both {name}, and differ.")
        return array.T if transposed else array

    def close(self):
        self._file.close()
