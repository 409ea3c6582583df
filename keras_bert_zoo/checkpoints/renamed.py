"""Tensors of another library's file, under the names that Hugging Face has for them."""

from collections.abc import Mapping


class RenamedTensors(Mapping):
    """Read-only mapping: Hugging Face's name -> array as it would be there, read when asked for.

    A subclass fills `_places`, name -> where the array is, and has `__getitem__`, `shape(name)`,
    which reads nothing, and `close()`, after which arrays already read stay valid.
    """

    def __iter__(self):
        return iter(self._places)

    def __len__(self):
        return len(self._places)

    def __contains__(self, name):  # that of Mapping would read the array
        return name in self._places
