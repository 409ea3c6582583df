"""The newest whole checkpoint of a folder counts."""

import warnings

import numpy as np
import pytest

from keras_bert_zoo.training.checkpoint_file import DamagedFile
from keras_bert_zoo.training.checkpoint_folder import CheckpointFolder, ResumeWarning

pytestmark = pytest.mark.any_backend


def written(path, numbers, keep=2):
    folder = CheckpointFolder(path, keep)
    for number in numbers:
        folder.write(number, {"number": number}, {"a": np.full(4, number)})
    return folder


def names(folder):
    return [int(path.stem) for path in folder.files()]


def test_the_newest_are_kept(tmp_path):
    folder = written(tmp_path / "new" / "run", [1, 5, 9, 10])
    assert names(folder) == [10, 9]
    info, arrays = folder.read_last()
    assert info == folder.last_info() == {"number": 10}
    np.testing.assert_array_equal(arrays["a"], np.full(4, 10))


def test_nothing_there_is_none(tmp_path):
    folder = CheckpointFolder(tmp_path / "nowhere")
    assert folder.read_last() is None
    assert folder.last_info() is None


def test_a_damaged_one_is_told_and_the_one_before_is_used(tmp_path):
    folder = written(tmp_path, [3, 7])
    (tmp_path / "000000000007.checkpoint").write_bytes(b"KBZRUN01 and no more")
    with pytest.warns(ResumeWarning, match=r"000000000007.*000000000003\.checkpoint before it"):
        info, _ = folder.read_last()
    assert info == {"number": 3}
    assert folder.last_info() == {"number": 3}


def test_a_damaged_one_is_no_reason_to_remove_a_whole_one(tmp_path):
    written(tmp_path, [3, 7])
    (tmp_path / "000000000007.checkpoint").write_bytes(b"")
    folder = CheckpointFolder(tmp_path, keep=2)
    with pytest.warns(ResumeWarning):
        folder.read_last()
    folder.write(5, {"number": 5}, {})
    assert names(folder) == [5, 3]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert folder.read_last()[0] == {"number": 5}


def test_damaged_ones_only_are_an_error(tmp_path):
    folder = written(tmp_path, [3, 7])
    for path in folder.files():
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamagedFile, match=r"000000000007.*000000000003.*begin anew"):
        folder.read_last()


def test_what_a_killed_process_left_is_removed(tmp_path):
    folder = written(tmp_path, [3])
    (tmp_path / "000000000007.checkpoint.4711.unfinished").write_bytes(b"half")
    (tmp_path / "notes.checkpoint").write_text("not ours")
    folder.remove_unfinished()
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "000000000003.checkpoint",
        "notes.checkpoint",
    ]


def test_one_training_at_a_time(tmp_path):
    pytest.importorskip("fcntl", reason="locks are those of Unix")
    with (
        CheckpointFolder(tmp_path).alone(),
        pytest.raises(RuntimeError, match="Another training"),
        CheckpointFolder(tmp_path).alone(),
    ):
        pass
    with CheckpointFolder(tmp_path).alone():
        pass
