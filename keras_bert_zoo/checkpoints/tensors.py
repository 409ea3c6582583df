"""Named arrays from the files that Hugging Face models are kept in, read one at a time."""

import json
import math
import re
import struct
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import ml_dtypes
import numpy as np

from ..errors import nearest
from .tensor_bundle import SUFFIX as _BUNDLE
from .tensor_bundle import TensorBundle, find_bundle

# What a folder is searched for, first come first served.
FILES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "tf_model.h5",
    "tf_model.h5.index.json",
    "model.onnx",
    "onnx/model.onnx",
)
_INDEX = ".index.json"
_TORCH = (".bin", ".pt", ".pth")
_KERAS, _ONNX = ".h5", ".onnx"
# Said of files that hold weights all the same.
_FOREIGN = {
    ".h5": "Keras or TensorFlow weights",
    ".msgpack": "Flax weights",
    ".onnx": "an ONNX graph",  # under another name: quantised, or of a part
    ".gguf": "GGUF weights",
}
# The names of dtypes in a safetensors header:
# https://github.com/huggingface/safetensors#format
_DTYPES = {
    "F64": np.dtype("float64"),
    "F32": np.dtype("float32"),
    "F16": np.dtype("float16"),
    "BF16": np.dtype(ml_dtypes.bfloat16),
    "I64": np.dtype("int64"),
    "I32": np.dtype("int32"),
    "I16": np.dtype("int16"),
    "I8": np.dtype("int8"),
    "U64": np.dtype("uint64"),
    "U32": np.dtype("uint32"),
    "U16": np.dtype("uint16"),
    "U8": np.dtype("uint8"),
    "BOOL": np.dtype("bool"),
}


def open_tensors(folder_or_file):
    """The tensors of a model folder, or of one file of weights.

    Args:
        folder_or_file: a folder with `model.safetensors` or `pytorch_model.bin`, whole or in
            shards, `tf_model.h5`, `model.onnx`, or else with one TensorFlow checkpoint; or such a
            file (`.safetensors`, `.bin`, `.pt`, `.pth`, `.h5`, `.onnx`, `.index.json`, `.index`).

    Raises:
        FileNotFoundError: there is nothing there that can be read, or a shard is missing.
        ValueError: a file is damaged, contradicts its index, or asks to run code.

    Example:

    >>> with open_tensors("bert-base-uncased") as tensors:
    ...     table = tensors["bert.embeddings.word_embeddings.weight"]
    """
    path = Path(folder_or_file)
    return Tensors(path if path.is_file() else _pick(path))


class Tensors(Mapping):
    """Read-only mapping: name -> numpy array, each read from its file when asked for.

    Nothing is kept: asking twice reads twice. Names come in the order of the files. A tensor that
    a shard holds and the index forgets is here too, so that a report can tell of it.

    Args:
        path: a file of weights, or the index of its shards.

    Attributes:
        source: names of the files read, the index first.
    """

    def __init__(self, path):
        path = Path(path)
        self._holders = {}
        with ExitStack() as files:
            if path.name.endswith(_INDEX):
                self.source = self._open_shards(path, files)
            else:
                self.source = (path.name,)
                self._add(_open_file(path, files))
            self._files = files.pop_all()

    def _open_shards(self, index, files):
        listed = _read_index(index)
        shards = list(dict.fromkeys(listed.values()))
        for shard in shards:
            self._add(_open_file(index.with_name(shard), files))
        for name, shard in listed.items():
            holder = self._holders.get(name)
            if holder is None or holder.path.name != shard:
                raise ValueError(f"{index}: it lists {name!r} in {shard}, which does not hold it.")
        return (index.name, *shards)

    def _add(self, file):
        for name in file.specs:
            if name in self._holders:
                first = self._holders[name].path.name
                raise ValueError(f"{file.path}: {name!r} is in {first} as well.")
            self._holders[name] = file

    def _holder(self, name):
        try:
            return self._holders[name]
        except KeyError:
            raise KeyError(
                f"no tensor {name!r} in {', '.join(self.source)}.{nearest(name, self._holders)}"
            ) from None

    def __getitem__(self, name):
        return self._holder(name).read(name)

    def __contains__(self, name):
        return name in self._holders

    def __iter__(self):
        return iter(self._holders)

    def __len__(self):
        return len(self._holders)

    def __repr__(self):
        return f"<{len(self)} tensors from {', '.join(self.source)}>"

    def names(self):
        """Names of all tensors, as a list."""
        return list(self._holders)

    def shape(self, name):
        """Shape of a tensor, without reading it."""
        return self._holder(name).specs[name][0]

    def dtype(self, name):
        """Numpy dtype of a tensor, without reading it; ml_dtypes' for bfloat16."""
        return self._holder(name).specs[name][1]

    def close(self):
        """Closes the files. Arrays already read stay valid."""
        self._files.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


class _SafetensorsFile:
    """The tensors of one safetensors file: `path`, `specs` (name -> shape, dtype), `read`, `close`.

    The library checks header and offsets against the file (sizes, overlaps, gaps, products of
    dimensions). It lets a name appear twice if both mean the same bytes: that is checked here.
    """

    def __init__(self, path):
        from safetensors import safe_open

        self.path = path
        with _named(path), ExitStack() as opened:
            with safe_open(path, framework="numpy"):
                pass
            entries, self._start = _read_header(path)
            entries.pop("__metadata__", None)
            self.specs = {name: _spec(name, entry) for name, entry in entries.items()}
            self._offsets = {name: entry["data_offsets"][0] for name, entry in entries.items()}
            self._data = opened.enter_context(open(path, "rb", buffering=0))
            self._opened = opened.pop_all()

    def read(self, name):
        # Not by the library, which maps the file: a model would be in memory twice.
        shape, dtype = self.specs[name]
        count = math.prod(shape)
        with _named(self.path):
            self._data.seek(self._start + self._offsets[name])
            array = np.fromfile(self._data, dtype, count)
            if len(array) < count:
                raise ValueError(f"it ends within {name!r}")
        return array.reshape(shape)

    def close(self):
        self._opened.close()


@contextmanager
def _named(path):
    """Makes of what the library raises one `ValueError` that names the file."""
    from safetensors import SafetensorError

    try:
        yield
    except (SafetensorError, ValueError) as error:
        raise ValueError(f"{path}: not a sound safetensors file: {error}.") from error


def _read_header(path):
    """`(header, where the data start)`."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        return json.loads(file.read(length), object_pairs_hook=_once), 8 + length


def _spec(name, entry):
    if entry["dtype"] not in _DTYPES:
        raise ValueError(
            f"tensor {name!r} has dtype {entry['dtype']}. Accepted: {', '.join(_DTYPES)}"
        )
    return tuple(entry["shape"]), _DTYPES[entry["dtype"]]


def _once(pairs):
    """A JSON object, in which no name may be given twice."""
    found = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} is given twice")
        found[name] = value
    return found


def _open_file(path, files):
    """Opens a file by its suffix, and leaves closing it to `files`."""
    with open(path, "rb") as start:
        if start.read(19) == b"version https://git":
            raise ValueError(f"{path} is a Git LFS pointer, not the weights: run `git lfs pull`.")
    if path.suffix == ".safetensors":
        file = _SafetensorsFile(path)
    elif path.suffix in _TORCH:
        from .torch_pickle import TorchFile

        file = TorchFile(path)
    elif path.suffix == _BUNDLE:
        file = TensorBundle(path)
    elif path.suffix == _KERAS:
        from .keras_h5 import KerasH5File

        file = KerasH5File(path)
    elif path.suffix == _ONNX:
        from .onnx import OnnxFile

        file = OnnxFile(path)
    else:
        raise FileNotFoundError(
            f"{path} is {_kind(path.name)}, not supported yet. Accepted: .safetensors, "
            f"{', '.join(_TORCH)}, {_INDEX}, {_BUNDLE}, {_KERAS}, {_ONNX}, or a folder that "
            f"holds one of {', '.join(FILES)}."
        )
    files.callback(file.close)
    return file


def _read_index(path):
    """Tensor name -> name of its shard, a plain file beside the index.

    Raises:
        FileNotFoundError: a shard is missing.
        ValueError: not an index of shards, or an entry leads out of the folder.
    """
    try:
        index = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not a sound index: {error}.") from error
    listed = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(listed, dict) or not listed:
        raise ValueError(f'{path}: expected {{"weight_map": {{tensor name: file name}}}}.')
    suffix = Path(path.name.removesuffix(_INDEX)).suffix
    for name, shard in listed.items():
        if not isinstance(shard, str) or not re.fullmatch(r"[^/\\:\0]{1,255}", shard):
            raise ValueError(f"{path}: {name!r} is in {shard!r}; expected a plain file name.")
        if not shard.endswith(suffix):
            raise ValueError(f"{path}: {name!r} is in {shard!r}; expected a {suffix} file.")
        if not path.with_name(shard).is_file():
            raise FileNotFoundError(f"{path}: {name!r} is in {shard}, but there is no such file.")
    return listed


def _pick(folder):
    """The file of weights in a folder."""
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: no such file or folder.")
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is neither a file nor a folder.")
    for name in FILES:
        if (folder / name).is_file():
            return folder / name
    if bundle := find_bundle(folder):
        return bundle
    found = sorted(path.name for path in folder.iterdir())
    foreign = [f"{name} ({_kind(name)}, not supported yet)" for name in found if _is_foreign(name)]
    others = [name for name in found if not _is_foreign(name)]
    listed = (foreign + others)[:10] + ["..."] * (len(found) > 10)
    raise FileNotFoundError(
        f"{folder} holds no weights that can be read. Looked for {', '.join(FILES)}, *{_BUNDLE}; "
        + (f"found {', '.join(listed)}." if found else "the folder is empty.")
    )


def _is_foreign(name):
    return name.endswith(tuple(_FOREIGN))


def _kind(name):
    """What a file holds, in words."""
    kinds = [words for suffix, words in _FOREIGN.items() if name.endswith(suffix)]
    return kinds[0] if kinds else "a file of unknown kind"
