"""Reads `tf_model.h5`, as transformers kept its TensorFlow models up to release 4.

An HDF5 file of Keras: a group for each layer of the model, in which a weight's name is a path. The
names become those of the same model in PyTorch, so that one table in a family serves both.
"""

import contextlib
import re

import numpy as np

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

    Links out of the file, and data that the file does not hold in full, are refused.

    Args:
        path: the file.

    Raises:
        ValueError: it is not such a file, or a damaged one.
    """

    def __init__(self, path):
        self.path, self._places, self.specs = path, {}, {}
        with contextlib.ExitStack() as stack:
            self._file = stack.enter_context(opened(path))
            with named(path):
                for place, data in datasets(self._file, path):
                    self._add(place, data)
            if not self.specs:
                raise ValueError(f"{path}: it holds no weights.")
            self._opened = stack.pop_all()

    def _add(self, place, data):
        if place.count("/") < 2:
            raise ValueError(
                f"{place!r} is no layer/model/weight: not a file that transformers wrote"
            )
        name, transposed = translate(place)
        transposed = transposed and data.ndim > 1
        spec = data.shape[::-1] if transposed else data.shape, data.dtype
        places, _ = self._places.setdefault(name, ([], transposed))
        # A head that shares the token table keeps it once more.
        if self.specs.setdefault(name, spec) != spec:
            raise ValueError(f"{places[0]!r} and {place!r} are both {name}, of different shapes")
        places.append(place)

    def read(self, name):
        places, transposed = self._places[name]
        with named(self.path):
            array, *others = (np.asarray(self._file[place][()]) for place in places)
            if not all(np.array_equal(array, other) for other in others):
                raise ValueError(f"{' and '.join(map(repr, places))} are both {name}, and differ")
        return array.T if transposed else array

    def close(self):
        self._opened.close()


@contextlib.contextmanager
def named(path):
    """Makes of what the library raises one `ValueError` that names the file."""
    try:
        yield
    except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
        if str(error).startswith(f"{path}:"):
            raise
        raise ValueError(f"{path}: not a sound file of weights: {error}.") from error


@contextlib.contextmanager
def opened(path):
    """The `h5py.File` for reading.

    Raises:
        ValueError: it is none.
    """
    import h5py

    with named(path):
        file = h5py.File(path, "r")
    with file:
        yield file


def datasets(file, path):
    """`(place, dataset)` of all weights in a file: whole, of numbers, by links within the file.

    Raises:
        ValueError: a link to another place, or data that the file does not hold in full.
    """
    with named(path):
        # States of random generators are no weights.
        found = [(p, data) for p, data in _walk(file) if "seed_generator" not in p.split("/")]
        for place, data in found:
            if data.dtype.kind != "f":
                raise ValueError(
                    f"{place!r} has dtype {data.dtype}; expected floating-point numbers"
                )
            if data.is_virtual or data.external or data.id.get_storage_size() != data.nbytes:
                raise ValueError(f"{place!r} of shape {data.shape} is not held in full")
    return found


def _walk(group, place="", depth=0):
    import h5py

    if depth > 32:
        raise ValueError(f"groups are nested too deeply at {place!r}")
    for name in group:
        path = f"{place}/{name}" if place else name
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ValueError(f"{path!r} is a link to another place")
        item = group[name]
        if isinstance(item, h5py.Dataset):
            yield path, item
        else:
            yield from _walk(item, path, depth + 1)
