"""Tensors of another library's file, under the names that Hugging Face has for them."""

from collections.abc import Mapping
from pathlib import Path


class RenamedTensors(Mapping):
    """Read-only mapping: Hugging Face's name -> array as it would be there, read when asked for.

    A subclass sets `path`, the file, and fills `_places`, name -> where the array is. It has
    `__getitem__`, `shape(name)`, which reads nothing, and `close()`, after which arrays already
    read stay valid.
    """

    @property
    def source(self):
        """Names of the files read."""
        return (Path(self.path).name,)

    def __iter__(self):
        return iter(self._places)

    def __len__(self):
        return len(self._places)

    def __contains__(self, name):  # that of Mapping would read the array
        return name in self._places
