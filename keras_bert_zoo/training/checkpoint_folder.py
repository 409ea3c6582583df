"""The checkpoints of one run in a folder: the newest whole one counts."""

import contextlib
import pathlib
import warnings

from ..distribution.replicas import common, together
from .checkpoint_file import DamagedFile, read_checkpoint, read_info, write_checkpoint

ENDING = ".checkpoint"


class ResumeWarning(UserWarning):
    """A checkpoint could not be written or read; an older one stands in for it."""


class CheckpointFolder:
    """Writes checkpoints of a run, and finds the last.

    Args:
        folder: made when something is written.
        keep: how many whole checkpoints stay; older ones go when a new one is whole.

    Example:

    >>> folder = CheckpointFolder("run")
    >>> folder.write(12, {"epoch": 1}, {"weights": np.ones(3)})
    >>> info, arrays = folder.read_last()
    """

    def __init__(self, folder, keep=2):
        self.path, self.keep = pathlib.Path(folder), keep
        self._damaged = set()

    def files(self):
        """Paths of the checkpoints, the newest first."""
        found = [p for p in self.path.glob(f"*{ENDING}") if p.name[: -len(ENDING)].isdigit()]
        return sorted(found, key=_number, reverse=True)

    def write(self, number, info, arrays):
        """Adds a checkpoint, then removes those that are too old.

        Raises:
            OSError: it could not be written; those before it are untouched.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        new = self._path(number)
        write_checkpoint(new, info, arrays)
        self._damaged.discard(new)
        # A damaged one is none that could be gone back to.
        whole = [path for path in self.files() if path not in self._damaged]
        for old in [*whole[self.keep :], *self._damaged]:
            old.unlink(missing_ok=True)
        self._damaged.clear()

    def of_process(self, number):
        """The folder of one of several processes that train together: the first has this one."""
        return CheckpointFolder(self.path / f"process_{number}", self.keep) if number else self

    def read_last(self):
        """`(info, arrays)` of the newest whole checkpoint; None where there is no checkpoint.

        Where several processes train together it is the newest that all of them have.

        Raises:
            DamagedFile: there are checkpoints, and none is whole.
        """
        if together()[1] == 1:
            return self._first_readable(read_checkpoint)
        known = common(_number(path) for path in self.files() if self._is_whole(path))
        if not known and common([not self.files()]) != {True}:
            raise DamagedFile(
                f"The processes that train together have no whole checkpoint in common in "
                f"{self.path}. To begin anew, give another folder or remove this one."
            )
        return read_checkpoint(self._path(max(known))) if known else None

    def _is_whole(self, path):
        try:
            read_checkpoint(path)
        except (DamagedFile, OSError):
            self._damaged.add(path)
            return False
        return True

    def _path(self, number):
        return self.path / f"{number:012d}{ENDING}"

    def last_info(self):
        """What the newest checkpoint says of itself, or None; its arrays are not looked at."""
        try:
            return self._first_readable(read_info, warn=False)
        except DamagedFile:
            return None

    def _first_readable(self, read, warn=True):
        wrong = []
        for path in self.files():
            try:
                result = read(path)
            except (DamagedFile, OSError) as error:
                wrong.append(f"{path.name}: {error}")
                if warn:
                    self._damaged.add(path)
                continue
            if wrong and warn:
                warnings.warn(
                    f"Checkpoint {'; '.join(wrong)}. {path.name} before it is whole and is used.",
                    ResumeWarning,
                    stacklevel=2,
                )
            return result
        if wrong:
            raise DamagedFile(
                f"No checkpoint in {self.path} is whole: {'; '.join(wrong)}. To begin anew, give "
                "another folder or remove this one."
            )
        return None

    @contextlib.contextmanager
    def alone(self):
        """Keeps other processes out; the system ends this when a process is killed.

        Raises:
            RuntimeError: another training is at work in this folder.
        """
        try:
            import fcntl
        except ImportError:  # Windows
            yield
            return
        self.path.mkdir(parents=True, exist_ok=True)
        with open(self.path / "lock", "w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RuntimeError(
                    f"Another training is at work in {self.path}: wait for its end, or give "
                    "another folder."
                ) from None
            yield

    def remove_unfinished(self):
        """Removes what was being written when a process was killed."""
        for path in self.path.glob("*.unfinished"):
            path.unlink(missing_ok=True)


def _number(path):
    return int(path.name[: -len(ENDING)])
