"""How far a build is, on standard error: a bar on a terminal, lines in a log."""

import sys
import threading


class Progress:
    """Counts what has been read of the input.

    Args:
        total: bytes, or rows, of all that is to be read.
        shards: how many are to be written.
        shown: whether to show it.
        speed: whether to show bytes a second, too.
    """

    def __init__(self, total, shards, shown, speed=True):
        self._total, self._shards, self._shown = max(total, 1), shards, shown
        self._speed = speed
        self._read = self._done = self._told = 0
        self._lock, self._bar = threading.Lock(), None

    def __enter__(self):
        if self._shown and sys.stderr.isatty():
            from rich import progress
            from rich.console import Console

            columns = (
                progress.TextColumn("{task.description}"),
                progress.BarColumn(),
                progress.TaskProgressColumn(),
                *([progress.TransferSpeedColumn()] if self._speed else []),
                progress.TimeRemainingColumn(),
            )
            self._bar = progress.Progress(*columns, console=Console(stderr=True))
            self._bar.start()
            self._task = self._bar.add_task(self._text(), total=self._total)
        return self

    def __exit__(self, *_):
        if self._bar:
            self._bar.stop()

    def _text(self):
        return f"{self._done} of {self._shards} shards"

    def read(self, amount):
        """More of the input has been read."""
        with self._lock:
            self._read += amount
            if self._bar:
                self._bar.update(self._task, completed=self._read)

    def finished(self):
        """Another shard is finished."""
        with self._lock:
            self._done += 1
            if self._bar:
                self._bar.update(self._task, description=self._text())
            elif self._shown and self._done * 20 // self._shards > self._told:
                self._told = self._done * 20 // self._shards
                print(f"{self._text()}, {100 * self._read // self._total}%", file=sys.stderr)
