"""A checkpoint is whole, or it is noticed that it is not."""

import builtins
import errno
import json
import os

import ml_dtypes
import numpy as np
import pytest

from keras_bert_zoo.training.checkpoint_file import (
    DIGEST,
    MAGIC,
    DamagedFile,
    read_checkpoint,
    read_info,
    write_checkpoint,
)

pytestmark = pytest.mark.any_backend
INFO = {"epoch": 3, "name": "ä"}


def arrays():
    rng = np.random.default_rng(0)
    return {
        "matrix": rng.normal(size=(3, 5)).astype("float32"),
        "turned": np.asfortranarray(rng.normal(size=(2, 3))),
        "scalar": np.array(7, "int64"),
        "empty": np.zeros((0, 4), "float16"),
        "short": rng.normal(size=6).astype(ml_dtypes.bfloat16),
        "flags": np.array([True, False]),
    }


@pytest.fixture
def path(tmp_path):
    write_checkpoint(tmp_path / "one", INFO, arrays())
    return tmp_path / "one"


def test_what_was_written_is_read(path):
    info, found = read_checkpoint(path)
    assert info == read_info(path) == INFO
    for name, array in arrays().items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(found[name], array)
    assert os.listdir(path.parent) == ["one"]


def test_every_missing_end_is_noticed(path):
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedFile):
            read_checkpoint(path)


def test_every_changed_byte_is_noticed(path):
    whole = path.read_bytes()
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        with pytest.raises(DamagedFile):
            read_checkpoint(path)


@pytest.mark.parametrize("shape", [[2**40], [-4], [-2, -2], [1.5], "x"])
def test_sizes_are_compared_before_anything_is_allocated(tmp_path, shape):
    header = json.dumps({"info": {}, "arrays": [["a", "float32", shape]]}).encode()
    content = MAGIC + len(header).to_bytes(8, "little") + header + bytes(DIGEST)
    (tmp_path / "hostile").write_bytes(content)
    with pytest.raises(DamagedFile):
        read_checkpoint(tmp_path / "hostile")


def test_a_header_longer_than_the_file_is_not_read(tmp_path):
    (tmp_path / "hostile").write_bytes(MAGIC + (2**62).to_bytes(8, "little") + bytes(100))
    with pytest.raises(DamagedFile, match="ends too early"):
        read_info(tmp_path / "hostile")


class FullDisk:
    """A file that takes so many bytes and no more."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def write(self, data):
        if len(data) > self.room:
            self.file.write(bytes(data[: self.room]))
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= len(data)
        return self.file.write(data)

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()


@pytest.mark.parametrize("room", [0, 20, 380])
def test_a_full_disk_leaves_what_was_there(path, room, monkeypatch):
    real = builtins.open
    monkeypatch.setattr(
        builtins, "open", lambda name, mode="r", **k: FullDisk(real(name, mode, **k), room)
    )
    with pytest.raises(OSError, match="No space left"):
        write_checkpoint(path, {"epoch": 4}, arrays())
    monkeypatch.undo()
    assert read_checkpoint(path)[0] == INFO
    assert os.listdir(path.parent) == ["one"]
