"""Which files are read, lazily and checked; what is said where there is nothing to read."""

import ast
import json
import struct
import sys
import tracemalloc
from contextlib import suppress
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from keras_bert_zoo.checkpoints import tensors as tensors_module
from keras_bert_zoo.checkpoints import torch_pickle
from keras_bert_zoo.checkpoints.tensors import FILES, open_tensors
from tests.paths import data_path

pytestmark = pytest.mark.any_backend

DTYPES = "float64 float32 float16 int64 int32 int16 int8 uint64 uint32 uint16 uint8 bool"
ONE = {"a": np.ones(2, "float32")}
TWO = {"b": np.zeros((2, 3), "float16")}


def save_torch(arrays, path):
    torch = pytest.importorskip("torch")
    torch.save({name: torch.from_numpy(array) for name, array in arrays.items()}, path)


def save(arrays, path):
    (save_file if path.suffix == ".safetensors" else save_torch)(arrays, path)


def shards(folder, kind="model.safetensors", **changes):
    """Two shards with their index; a change replaces where the index says a tensor is."""
    stem, suffix = kind.split(".")
    first, second = (f"{stem}-0000{n}-of-00002.{suffix}" for n in (1, 2))
    save(ONE, folder / first)
    save(TWO, folder / second)
    listed = {"a": first, "b": second} | changes
    index = {"metadata": {"total_size": 20}, "weight_map": listed}
    (folder / f"{kind}.index.json").write_text(json.dumps(index))
    return folder


def header(folder, entries, data=b"", *, length=None):
    """A safetensors file with any header: a JSON text or what becomes one."""
    text = (entries if isinstance(entries, str) else json.dumps(entries)).encode()
    length = len(text) if length is None else length
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", length) + text + data)
    return folder


def entry(dtype="F32", shape=(2,), begin=0, end=8):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


# What is read.


def test_mapping_of_a_file(tmp_path):
    save_file(ONE | TWO, tmp_path / "model.safetensors")
    with open_tensors(tmp_path) as tensors:
        assert sorted(tensors.names()) == sorted(tensors) == ["a", "b"]
        assert len(tensors) == 2
        assert "a" in tensors
        assert "c" not in tensors
        assert tensors.get("c") is None
        assert tensors.shape("b") == (2, 3)
        assert tensors.dtype("b") == np.float16
        assert tensors.source == ("model.safetensors",)
        assert repr(tensors) == "<2 tensors from model.safetensors>"
        assert {name: array.tolist() for name, array in tensors.items()} == {
            "a": [1, 1],
            "b": [[0] * 3] * 2,
        }
        with pytest.raises(TypeError):
            tensors["a"] = 1
        array = tensors["a"]
    assert array.tolist() == [1, 1]


@pytest.mark.parametrize("suffix", [".safetensors", ".bin"])
def test_reading_after_close_is_an_error(tmp_path, suffix):
    save(ONE, tmp_path / f"weights{suffix}")
    tensors = open_tensors(tmp_path / f"weights{suffix}")
    tensors.close()
    with pytest.raises(ValueError, match="closed"):
        tensors["a"]
    assert tensors.shape("a") == (2,)


def test_an_unknown_name_gets_the_nearest(tmp_path):
    save_file({"encoder.weight": np.ones(1)}, tmp_path / "model.safetensors")
    with open_tensors(tmp_path) as tensors:
        for ask in (tensors.__getitem__, tensors.shape, tensors.dtype):
            with pytest.raises(KeyError, match=r"Did you mean 'encoder\.weight'"):
                ask("encoder.weigth")


@pytest.mark.parametrize("dtype", [*DTYPES.split(), "bfloat16"])
def test_dtypes(tmp_path, dtype):
    kind = ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype
    arrays = {
        "table": np.array([[0, 1], [2, 3]]).astype(kind),
        "scalar": np.array(1).astype(kind),
        "empty": np.zeros((0, 3), kind),
    }
    save_file(arrays, tmp_path / "model.safetensors")
    with open_tensors(tmp_path) as tensors:
        for name, array in arrays.items():
            assert tensors[name].dtype == tensors.dtype(name) == np.dtype(kind)
            assert tensors[name].shape == tensors.shape(name) == array.shape
            assert tensors[name].tobytes() == array.tobytes()


def test_torch_files_have_the_same_face(tmp_path):
    save_torch(ONE | TWO, tmp_path / "pytorch_model.bin")
    with open_tensors(tmp_path) as tensors:
        assert tensors.names() == ["a", "b"]
        assert tensors.source == ("pytorch_model.bin",)
        assert tensors.dtype("b") == np.float16
        assert tensors["b"].tolist() == TWO["b"].tolist()


@pytest.mark.parametrize("kind", ["model.safetensors", "pytorch_model.bin"])
def test_shards(tmp_path, kind):
    shards(tmp_path, kind)
    for path in (tmp_path, tmp_path / f"{kind}.index.json"):
        with open_tensors(path) as tensors:
            assert tensors.names() == ["a", "b"]
            assert tensors["b"].tolist() == TWO["b"].tolist()
            assert len(tensors.source) == 3
            assert tensors.source[0] == f"{kind}.index.json"


def test_the_order_of_choice(tmp_path):
    kinds = [name for name in FILES if "tf_model" not in name and "onnx" not in name]
    for kind in ("model.safetensors", "pytorch_model.bin"):
        shards(tmp_path, kind)
        save(ONE, tmp_path / kind)
    while kinds:
        with open_tensors(tmp_path) as tensors:
            assert tensors.source[0] == kinds[0]
        (tmp_path / kinds.pop(0)).unlink()
    with pytest.raises(FileNotFoundError):
        open_tensors(tmp_path)


def test_opening_reads_no_numbers(tmp_path):
    big = np.zeros(1_000_000, "float32")
    save_file({"a": big, "b": big}, tmp_path / "model.safetensors")
    tracemalloc.start()
    try:
        tensors = open_tensors(tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
        assert tensors.shape("a") == (1_000_000,)
        tensors.close()
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("module", [tensors_module, torch_pickle])
def test_importing_imports_no_framework(module):
    imported = set()
    for node in ast.parse(Path(module.__file__).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and not node.level:
            imported.add(node.module.split(".")[0])
        elif isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
    assert not imported - sys.stdlib_module_names - {"numpy", "ml_dtypes"}


@pytest.mark.real
def test_real_folder():
    with open_tensors(data_path("weights", "bert-tiny-splade")) as tensors:
        assert len(tensors) == 42
        assert sum(tensors[name].size for name in tensors) == 4_416_698
        assert sum(int(np.prod(tensors.shape(name))) for name in tensors) == 4_416_698


@pytest.mark.real
def test_real_torch_folder():
    with open_tensors(data_path("weights", "bert-chem-pretraining")) as tensors:
        assert len(tensors) == 207
        assert tensors.shape("cls.seq_relationship.weight") == (2, 256)


# Where there is nothing to read.


def test_the_error_says_what_is_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="the folder is empty"):
        open_tensors(tmp_path)
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        open_tensors(tmp_path / "nothing")
    for name in ("config.json", "flax_model.msgpack", *(f"{n:02}.txt" for n in range(12))):
        (tmp_path / name).write_text("{}")
    with pytest.raises(FileNotFoundError) as error:
        open_tensors(tmp_path)
    said = str(error.value)
    assert all(name in said for name in FILES)
    assert "found flax_model.msgpack (Flax weights, not supported yet), 00.txt" in said
    assert said.endswith("...")
    with pytest.raises(FileNotFoundError, match=r"flax_model\.msgpack is Flax weights"):
        open_tensors(tmp_path / "flax_model.msgpack")
    with pytest.raises(FileNotFoundError, match=r"config\.json is a file of unknown kind"):
        open_tensors(tmp_path / "config.json")


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_a_pointer_of_git_lfs_is_recognised(tmp_path, name):
    (tmp_path / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    with pytest.raises(ValueError, match="git lfs pull"):
        open_tensors(tmp_path)


# Shards that contradict their index.

AWAY = ["../model.safetensors", "/m.safetensors", "a\\m.safetensors", "C:m.safetensors", ".."]


@pytest.mark.parametrize("place", [*AWAY, "", "m.safetensors\0", "x" * 300, 1, None, ["a"]])
def test_shards_lie_beside_their_index(tmp_path, place):
    folder = tmp_path / "model"
    folder.mkdir()
    save_file(ONE, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="'stray' is in"):
        open_tensors(shards(folder, stray=place))


def test_shards_hold_what_their_index_says(tmp_path):
    with pytest.raises(ValueError, match=r"expected a \.safetensors file"):
        open_tensors(shards(tmp_path, stray="pytorch_model.bin"))
    with pytest.raises(FileNotFoundError, match=r"'stray' is in third\.safetensors"):
        open_tensors(shards(tmp_path, stray="third.safetensors"))
    with pytest.raises(ValueError, match="'stray' in model-00002-of-00002"):
        open_tensors(shards(tmp_path, stray="model-00002-of-00002.safetensors"))
    with pytest.raises(ValueError, match="'a' in model-00002-of-00002"):
        open_tensors(shards(tmp_path, a="model-00002-of-00002.safetensors"))
    save_file(ONE, tmp_path / "third.safetensors")
    with pytest.raises(ValueError, match=r"'a' is in model-00001.* as well"):
        open_tensors(shards(tmp_path, stray="third.safetensors"))


def test_a_tensor_that_the_index_forgets_is_there(tmp_path):
    shards(tmp_path)
    save_file(TWO | {"c": np.ones(1)}, tmp_path / "model-00002-of-00002.safetensors")
    with open_tensors(tmp_path) as tensors:
        assert set(tensors) == {"a", "b", "c"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"weight_map": []}',
        '{"weight_map": {}}',
        '{"weight_map": {"a": "m.safetensors", "a": "m.safetensors"}}',
        "[" * 100_000,
        "\ud800",
    ],
    ids=lambda text: text[:40],
)
def test_an_index_must_be_sound(tmp_path, text):
    path = tmp_path / "model.safetensors.index.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ValueError, match="index"):
        open_tensors(tmp_path)


# Safetensors files that are damaged or lie.


@pytest.mark.parametrize(
    ("entries", "size"),
    [
        ({"a": entry(shape=(4,), end=16)}, 8),
        ({"a": entry()}, 16),
        ({"a": entry(shape=(3,))}, 8),
        ({"a": entry(), "b": entry()}, 8),
        ({"a": entry(), "b": entry(begin=4, end=12)}, 12),
        ({"a": entry(), "b": entry(begin=12, end=20)}, 20),
        ({"a": entry(begin=8, end=0)}, 8),
        ({"a": entry(begin=-8, end=0)}, 8),
        ({"a": entry(shape=(-2,))}, 8),
        ({"a": entry(shape=(-2, -1))}, 8),
        ({"a": entry(shape=(2.0,))}, 8),
        ({"a": entry(shape=(2**62, 4), end=0)}, 0),
        ({"a": entry(dtype="F31")}, 8),
        ({"a": entry(dtype="F8_E4M3", shape=(8,))}, 8),
        ({"a": {"dtype": "F32"}}, 8),
        ("[" * 10_000, 8),
        ('{"a": 1} \xff', 8),
        (f'{{"a": {json.dumps(entry())}, "a": {json.dumps(entry("I32"))}}}', 8),
    ],
    ids=lambda value: str(value)[:60],
)
def test_headers_must_describe_the_file(tmp_path, entries, size):
    path = header(tmp_path, entries, bytes(size)) / "model.safetensors"
    with pytest.raises(ValueError) as error:
        open_tensors(tmp_path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("length", [0, 5, 500, 2**31, 2**63, 2**64 - 1])
def test_the_length_of_a_header_must_fit(tmp_path, length):
    with pytest.raises(ValueError, match=r"model\.safetensors"):
        open_tensors(header(tmp_path, {"a": entry()}, bytes(8), length=length))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "model.safetensors"
    save_file(ONE | TWO | {"empty": np.zeros((0, 2))}, path)
    return path, path.read_bytes()


def test_a_file_cut_short_is_refused(small):
    path, content = small
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"model\.safetensors"):
            open_tensors(path)


@settings(
    max_examples=300, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_flipped_bytes_give_an_error_or_arrays_as_announced(small, data):
    path, content = small
    changes = st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255))
    mangled = bytearray(content)
    for place, value in data.draw(st.lists(changes, min_size=1, max_size=4)):
        mangled[place] = value
    path.write_bytes(mangled)
    with suppress(ValueError), open_tensors(path) as tensors:
        for name in tensors:
            array = tensors[name]
            assert (array.shape, array.dtype) == (tensors.shape(name), tensors.dtype(name))
            assert array.nbytes <= len(content)
