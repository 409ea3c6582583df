"""Files of `torch.save`: equal to what torch reads, refused where torch would run code."""

import os
import pickle
import struct
import tracemalloc
import zipfile
from collections import OrderedDict
from contextlib import contextmanager, suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keras_bert_zoo.checkpoints.torch_pickle import _MAGIC, TorchFile
from tests.paths import data_path

pytestmark = pytest.mark.any_backend

FORMATS = ["zip", "legacy"]
DTYPES = [
    "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 bool",
    "uint64 uint32 uint16",
]


# A pickler that can say anything: no class needs to exist, and nothing is checked.


class Global(str):
    """`module.name`, to be looked up by whoever reads the pickle."""


class Call:
    def __init__(self, function, *arguments):
        self.function, self.arguments = Global(function), arguments


class Persistent:
    def __init__(self, *pid):
        self.pid = pid


class Raw(bytes):
    """Instructions, as they are."""


def say(value):
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, Global):
        return b"c" + "\n".join(value.rsplit(".", 1)).encode() + b"\n"
    if isinstance(value, Call):
        return say(value.function) + say(value.arguments) + b"R"
    if isinstance(value, Persistent):
        return say(value.pid) + b"Q"
    if isinstance(value, tuple):
        return b"(" + b"".join(map(say, value)) + b"t"
    if isinstance(value, dict):
        return b"}(" + b"".join(say(k) + say(v) for k, v in value.items()) + b"u"
    return pickle.dumps(value, 2)[2:-1]


def write_zip(path, state, storages=(), order=b"little", **options):
    with zipfile.ZipFile(path, "w", **options) as archive:
        archive.writestr("m/data.pkl", b"\x80\x02" + say(state) + b".")
        archive.writestr("m/byteorder", order)
        for key, raw in enumerate(storages):
            archive.writestr(f"m/data/{key}", raw)
    return path


def write_legacy(path, state, storages=(), little=True):
    """Storages: pairs of the number of elements and their bytes."""
    system = {"protocol_version": 1001, "little_endian": little, "type_sizes": {}}
    keys = [str(key) for key in range(len(storages))]
    said = [b"\x80\x02" + say(part) + b"." for part in (_MAGIC, 1001, system, state, keys)]
    said += [struct.pack("<q", count) + raw for count, raw in storages]
    path.write_bytes(b"".join(said))
    return path


def write(path, kind, state):
    return (write_zip if kind == "zip" else write_legacy)(path, state)


def tensor(offset=0, shape=(2,), strides=(1,), count=2, storage="torch.FloatStorage", key="0"):
    pid = Persistent("storage", Global(storage), key, "cpu", count)
    return Call("torch._utils._rebuild_tensor_v2", pid, offset, shape, strides, False, {})


def refused(path, *words):
    with pytest.raises(ValueError) as error:
        TorchFile(path)
    for word in (str(path), *words):
        assert word in str(error.value)


def read_all(path):
    file = TorchFile(path)
    try:
        return {name: file.read(name) for name in file.specs}
    finally:
        file.close()


@contextmanager
def memory_below(limit):
    """Fails if what runs inside allocates more bytes at once."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < limit


# Against torch.


def states(torch):
    """State dicts that torch writes; together they use all that is supported."""
    base = torch.arange(60, dtype=torch.float32).reshape(3, 4, 5)
    dtypes = {}
    for name in " ".join(DTYPES).split():
        bits = torch.arange(64, dtype=torch.uint8) % (2 if name == "bool" else 251)
        dtypes[name] = bits.view(getattr(torch, name)).clone()
    late = {name: dtypes.pop(name) for name in DTYPES[1].split()}
    views = {
        "base": base,
        "transposed": base.transpose(0, 2),
        "sliced": base[1:, ::2, 1:4],
        "column": base[:, 0, 0],
        "expanded": base[0, 0, :1].expand(4, 3),
        "odd stride of one": base[:1, :, :1],
    }
    others = {
        "scalar": torch.tensor(2.5, dtype=torch.float64),
        "empty": torch.empty(0, 3),
        "empty view": base[3:],
        "parameter": torch.nn.Parameter(torch.ones(2, 3, dtype=torch.bfloat16)),
        "frozen": torch.nn.Parameter(torch.ones(2), requires_grad=False),
        "nan": torch.tensor([float("nan"), -0.0, float("inf")]),
    }
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    return {
        "dtypes": dtypes,
        "late dtypes": late,
        "views": views,
        "others": OrderedDict(others),
        "module": module.state_dict(),  # an OrderedDict with the attribute _metadata
    }


def bits(torch, value):
    return value.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def assert_equal(torch, arrays, expected):
    assert list(arrays) == list(expected)
    for name, value in expected.items():
        assert arrays[name].shape == tuple(value.shape), name
        assert arrays[name].dtype.name == str(value.dtype).removeprefix("torch."), name
        assert np.ascontiguousarray(arrays[name]).tobytes() == bits(torch, value), name


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("which", ["dtypes", "late dtypes", "views", "others", "module"])
def test_equals_torch_bit_by_bit(tmp_path, which, kind):
    torch = pytest.importorskip("torch")
    state, path = states(torch)[which], tmp_path / "model.bin"
    torch.save(state, path, _use_new_zipfile_serialization=kind == "zip")
    # torch cannot read the legacy files that it writes of these dtypes; we can.
    if (which, kind) != ("late dtypes", "legacy"):
        state = torch.load(path, weights_only=True)
    assert_equal(torch, read_all(path), state)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_reads_every_binary_pickle_protocol(tmp_path, kind, protocol):
    torch = pytest.importorskip("torch")
    state = {f"layer {index}": torch.full((2,), index / 4) for index in range(300)}
    zipped = kind == "zip"
    path = tmp_path / "model.bin"
    torch.save(state, path, pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)
    assert_equal(torch, read_all(path), state)


@pytest.mark.parametrize("kind", FORMATS)
def test_finds_a_state_dict_one_level_down(tmp_path, kind):
    torch = pytest.importorskip("torch")
    state = {"a": torch.ones(2), "steps": 7}
    optimizer = {"state": {0: {"step": torch.ones(1)}}, "param_groups": [{"betas": (0.9, 1)}]}
    checkpoint = {"model": state, "optimizer": optimizer, "epoch": 3, "words": ["a", None]}
    torch.save(checkpoint, tmp_path / "a.pt", _use_new_zipfile_serialization=kind == "zip")
    assert_equal(torch, read_all(tmp_path / "a.pt"), {"a": state["a"]})
    torch.save({"model": state, "ema": state}, tmp_path / "b.pt")
    refused(tmp_path / "b.pt", "several", "'model', 'ema'")


def test_files_without_checksums_are_read(tmp_path):
    torch = pytest.importorskip("torch")
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({"a": torch.ones(2)}, tmp_path / "model.bin")
    finally:
        torch.serialization.set_crc32_options(True)
    assert_equal(torch, read_all(tmp_path / "model.bin"), {"a": torch.ones(2)})


def test_tensors_are_read_one_at_a_time_and_once(tmp_path):
    torch = pytest.importorskip("torch")
    size = 4_000_000
    big = torch.zeros(size // 4)
    torch.save({"a": big, "b": big.clone(), "part": big[10:20]}, tmp_path / "model.bin")
    with memory_below(size / 4):
        file = TorchFile(tmp_path / "model.bin")
    with memory_below(1.25 * size):
        file.read("b")
    with memory_below(0.6 * size):
        file.read("part")  # its whole storage is checked, a piece at a time
    file.close()


@pytest.mark.real
def test_real_legacy_file_equals_torch():
    path = data_path("weights", "bert-chem-pretraining", "pytorch_model.bin")
    arrays = read_all(path)
    assert len(arrays) == 207
    assert arrays["bert.embeddings.word_embeddings.weight"].shape == (591, 256)
    torch = pytest.importorskip("torch")
    assert_equal(torch, arrays, torch.load(path, weights_only=True))


# Pickles that want more than tensors.


class Evil:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"mkdir {self.marker}",)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_code_is_refused_and_not_run(tmp_path, kind, protocol):
    evil = pickle.dumps({"a": Evil(tmp_path / "ran")}, protocol)
    pickle.loads(evil)
    assert (tmp_path / "ran").exists()  # it would work
    (tmp_path / "ran").rmdir()
    refused(write(tmp_path / "m.bin", kind, Raw(evil[:-1])))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    "name",
    [
        "posix.system",
        "builtins.eval",
        "torch.load",
        "torch._utils._rebuild_qtensor",
        "collections.OrderedDict.update",
        "collections.Counter",
        "torch.ComplexFloatStorage",
    ],
)
def test_other_names_are_refused_and_named(tmp_path, kind, name):
    path = write(tmp_path / "m.bin", kind, {"a": Call(name, "1")})
    refused(path, repr(name), "safetensors")


NAME = say(Global("collections.OrderedDict"))
BUILT = [
    b"(ios\nsystem\nX\x01\x00\x00\x00a0t",  # INST
    b"(" + NAME + b"X\x01\x00\x00\x00ao",  # OBJ
    NAME + b")\x81",  # NEWOBJ
    NAME + b")}\x92",  # NEWOBJ_EX
    b"\x82\x01",  # EXT1
    b"\x8f",  # EMPTY_SET
    b"\x96" + struct.pack("<Q", 2**40),  # BYTEARRAY8
    b"}" + NAME + b"K\x01s}b",  # BUILD of what has no state
    say(Global("torch.float32")) + b")R",  # a call of a dtype
    say(Global("torch.FloatStorage")) + b")R",
    say(Call("collections.OrderedDict", (("a", 1),))),
    say(Call("collections.OrderedDict", *range(9))),
    say(Call("torch.Size", tuple(range(99)))),
    b"X\x01\x00\x00\x00aK\x01a",  # an item appended to a string
    b"X\x01\x00\x00\x00aK\x01K\x01s",  # an item set on a string
]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("said", BUILT)
def test_other_instructions_are_refused(tmp_path, kind, said):
    refused(write(tmp_path / "m.bin", kind, {"a": Raw(said)}))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    "bomb",
    [
        b"]r" + struct.pack("<I", 2**31),  # the memo of C's unpickler would take 32 GB
        b"}" + b")" + b"\x85" * 150_000 + b"K\x01s",  # hashing this key overflows C's stack
        b"})" + b"q\0h\0h\0\x86" * 60 + b"K\x01s",  # hashing this one takes 2**60 steps
        b"X" + struct.pack("<I", 2**32 - 1) + b"a",
        b"\x8d" + struct.pack("<Q", 2**62) + b"a",
        b"\x8b" + struct.pack("<i", 2**31 - 1),
        b"\x95" + struct.pack("<Q", 2**62),
    ],
    ids=["memo", "depth", "hash", "unicode", "unicode8", "long4", "frame"],
)
def test_bombs_do_no_harm(tmp_path, kind, bomb):
    path = write(tmp_path / "m.bin", kind, {"a": Raw(bomb)})
    with memory_below(100 << 20):
        refused(path)


# Notes that do not fit the file.


@pytest.mark.parametrize(
    "given",
    [
        {"shape": (3,)},
        {"offset": 1},
        {"strides": (2,)},
        {"offset": -1},
        {"shape": (-2,)},
        {"strides": (-1,)},
        {"shape": (2, 1)},
        {"shape": (2.0,)},
        {"shape": (True,)},
        {"shape": ((2,),)},
        {"shape": (1,) * 33, "strides": (1,) * 33},
        {"shape": (2**31, 2**31), "strides": (0, 0)},
        {"shape": (2**62,), "strides": (2**62,)},
        {"shape": (2**40,), "count": 2**40},
        {"count": 3},
        {"count": 2**70},
        {"key": "1"},
        {"key": "../m/data/0"},
        {"key": 0},
        {"storage": "torch.DoubleStorage"},
        {"storage": "torch.float32"},
    ],
    ids=str,
)
def test_tensors_must_fit_their_bytes(tmp_path, given):
    good = {"good": tensor()}
    assert read_all(write_zip(tmp_path / "m.bin", good, [bytes(8)]))["good"].shape == (2,)
    assert read_all(write_legacy(tmp_path / "m.bin", good, [(2, bytes(8))]))["good"].shape == (2,)
    bad = {"bad": tensor(**given)}
    refused(write_zip(tmp_path / "m.bin", bad, [bytes(8)]))
    refused(write_legacy(tmp_path / "m.bin", bad, [(2, bytes(8))]))


def test_archives_must_be_as_torch_writes_them(tmp_path):
    path, state = tmp_path / "m.bin", {"a": tensor(count=50_000)}
    zeros = bytes(200_000)
    refused(write_zip(path, state, [zeros], compression=zipfile.ZIP_DEFLATED), "compressed")
    refused(write_zip(path, state, [zeros], order=b"big"), "b'big'")
    refused(write_legacy(path, state, [(50_000, zeros)], little=False), "little-endian")
    with pytest.warns(UserWarning, match="Duplicate name"):
        refused(write_zip(path, state, [zeros], order=b"little") and _twice(path), "one name")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m/data.pklx", b"")
    refused(path, "data.pkl")
    # The list at the end claims more bytes than there are.
    raw = bytearray(write_zip(path, state, [zeros]).read_bytes())
    entry = raw.rindex(b"m/data/0") - 46
    raw[entry + 20 : entry + 28] = struct.pack("<II", 2**31, 2**31)
    path.write_bytes(raw)
    refused(path, "beyond the end")


def _twice(path):
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("m/data/0", b"other")
    return path


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("state", [{}, {"a": 1}, {"a": {"b": {"c": tensor()}}}, [1], 1, tensor()])
def test_there_must_be_tensors(tmp_path, kind, state):
    path = tmp_path / "m.bin"
    if kind == "zip":
        refused(write_zip(path, state, [bytes(8)]))
    else:
        refused(write_legacy(path, state, [(2, bytes(8))] if "Call" in repr(state) else []))


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\3\4", b"\x80", b"\x89HDF\r\n", b"{}"])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "m.bin"
    path.write_bytes(content)
    refused(path)


# Damage. A small file of each format, as torch writes it.


@pytest.fixture(scope="module", params=FORMATS)
def small(request, tmp_path_factory):
    torch = pytest.importorskip("torch")
    path = tmp_path_factory.mktemp(request.param) / "model.bin"
    base = torch.arange(6.0).reshape(2, 3)
    state = OrderedDict(a=base, b=base.t(), c=torch.nn.Parameter(torch.ones(2).bfloat16()))
    torch.save(state, path, _use_new_zipfile_serialization=request.param == "zip")
    return path, path.read_bytes(), read_all(path)


def test_a_file_cut_short_is_refused(small):
    path, content, _ = small
    for length in {*range(0, len(content), 5), *range(len(content) - 60, len(content))}:
        path.write_bytes(content[:length])
        refused(path)


@settings(
    max_examples=400, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_flipped_bytes_give_an_error_or_the_right_numbers(small, data):
    path, content, expected = small
    changes = st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255))
    mangled = bytearray(content)
    for place, value in data.draw(st.lists(changes, min_size=1, max_size=4)):
        mangled[place] = value
    path.write_bytes(mangled)
    arrays = {}
    with memory_below(100 << 20), suppress(ValueError):
        arrays = read_all(path)
    for name, array in arrays.items():
        assert array.nbytes <= len(content)
        if path.parent.name.startswith("zip"):  # whose checksums tell
            assert array.tobytes() == expected[name].tobytes()
