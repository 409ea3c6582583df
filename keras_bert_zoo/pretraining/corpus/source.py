"""A corpus that was built, as a source of examples."""

import pathlib
import threading
from collections import OrderedDict

import numpy as np

from ..example import Example
from .extras import pyarrow_parquet
from .manifest import MANIFEST, TOKENIZER, read_manifest
from .records import digest, read_group, rows_per_group
from .windows import WindowOrder

CACHE = 512 * 10**6  # bytes of unpacked examples that are kept


class Corpus:
    """A folder of shards as a source of examples, read as they are asked for.

    Opening it reads the manifest alone. Files are mapped into memory, and unpacked a row group (a
    thousand examples) at a time; the latest ones are kept. It may be read in many threads, and
    sent to other processes.

    Args:
        folder: what `build_corpus` wrote.
        cache: bytes of unpacked examples to keep.

    Raises:
        FileNotFoundError: no corpus is there.
        ValueError: it is not finished, or a shard is missing or of another size.

    Example:

    >>> corpus = Corpus("shards")
    >>> len(corpus), corpus.read([7, 3])[0].token_ids.dtype
    (81230, dtype('int32'))
    """

    def __init__(self, folder, cache=CACHE):
        self.folder, self._cache = pathlib.Path(folder), cache
        self.manifest = opened(self.folder)
        self.checksum = self.manifest["checksum"]
        self.length = self.manifest["settings"]["length"]
        self._paths = [self.folder / shard["file"] for shard in self.manifest["shards"]]
        rows, most = (
            [shard["rows"] for shard in self.manifest["shards"]],
            rows_per_group(self.length),
        )
        places = [(shard, row) for shard, n in enumerate(rows) for row in range(0, n, most)]
        self._groups = [(shard, row // most) for shard, row in places]
        sizes = [min(most, rows[shard] - row) for shard, row in places]
        self._starts = np.concatenate([[0], np.cumsum(sizes, dtype="int64")])
        self._files, self._unpacked, self._held, self._lock = {}, OrderedDict(), 0, threading.Lock()

    def __len__(self):
        return int(self._starts[-1])

    def __getitem__(self, number):
        return self.read([number])[0]

    def __reduce__(self):
        return type(self), (self.folder, self._cache)

    @property
    def tokenizer(self):
        """The `Tokenizer` that it was built with."""
        from ...tokenizers import Tokenizer

        return Tokenizer.from_folder(self.folder / TOKENIZER)

    @property
    def group_sizes(self):
        """How many examples each row group has, an int64 array."""
        return np.diff(self._starts)

    @property
    def sizes(self):
        """Tokens and parts of each example, an int64 array `(examples, 2)`."""
        found = []
        for shard in range(len(self._paths)):
            lists = self._file(shard).read(["lengths"])["lengths"].combine_chunks()
            starts = lists.offsets.to_numpy()
            tokens = np.add.reduceat(lists.flatten().to_numpy(), starts[:-1] - starts[0])
            found.append(np.stack([tokens, np.diff(starts)], axis=1))
        return np.concatenate(found).astype("int64")

    def order(self, seed=0, epoch=0):
        """All numbers in a random order that is read quickly: shuffled in windows of row groups."""
        order = WindowOrder(self.group_sizes, seed)
        return order.numbers(epoch * len(order), len(order))

    def read(self, numbers):
        """The examples with these numbers.

        Args:
            numbers: whole numbers from 0 on.

        Returns:
            List of `Example`; their arrays are views: copy what you change.

        Raises:
            IndexError: there is no such number.
        """
        numbers = np.asarray(numbers, "int64")
        wrong = (numbers < 0) | (numbers >= len(self))
        if wrong.any():
            raise IndexError(f"No example {numbers[wrong][0]}: the corpus has {len(self)}.")
        groups = np.searchsorted(self._starts, numbers, side="right") - 1
        found = [None] * len(numbers)
        for at in np.argsort(groups, kind="stable").tolist():
            rows, places = self._group(int(groups[at]))
            found[at] = example(rows, places, int(numbers[at] - self._starts[groups[at]]))
        return found

    def _group(self, number):
        """`(examples, where each begins)` of a row group, unpacked or kept from before."""
        with self._lock:
            if number in self._unpacked:
                self._unpacked.move_to_end(number)
                return self._unpacked[number]
            shard, group = self._groups[number]
            rows = read_group(self._file(shard), group)
            places = np.concatenate([[0], np.cumsum(rows.lengths.sum(axis=1))])
            self._unpacked[number] = rows, places.tolist()
            self._held += len(rows.ids) * 5
            while self._held > self._cache and len(self._unpacked) > 1:
                _, (old, _) = self._unpacked.popitem(last=False)
                self._held -= len(old.ids) * 5
            return self._unpacked[number]

    def _file(self, shard):
        if shard not in self._files:
            self._files[shard] = pyarrow_parquet().ParquetFile(self._paths[shard], memory_map=True)
        return self._files[shard]

    def verify(self):
        """Compares every shard with the checksum in the manifest.

        Raises:
            ValueError: which shard is not as it was written.
        """
        for path, shard in zip(self._paths, self.manifest["shards"]):
            if digest(path)["sha256"] != shard["sha256"]:
                raise ValueError(
                    f"{path} is not what was written (SHA-256). Delete it and build_corpus again."
                )


def example(rows, places, row):
    """One `Example` of a `Packed`."""
    own = slice(places[row], places[row + 1])
    lengths, document = tuple(rows.lengths[row].tolist()), int(rows.documents[row])
    return Example(rows.ids[own], rows.starts_word[own], lengths, document)


def opened(folder):
    """The manifest of a finished corpus, whose files are all there.

    Raises:
        FileNotFoundError, ValueError: what is wrong, and what to do.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise FileNotFoundError(
            f"{folder} holds no corpus: it has no {MANIFEST}. Build one with build_corpus, or "
            "`keras-bert-zoo corpus build`."
        )
    shards = manifest["shards"]
    if not manifest["finished"]:
        done = sum((folder / shard["file"]).is_file() for shard in shards)
        raise ValueError(
            f"{folder} is not finished: {done} of {len(shards)} shards are there. Run what built "
            "it once more; it goes on where it was."
        )
    for shard in shards:
        path = folder / shard["file"]
        size = path.stat().st_size if path.is_file() else None
        if size != shard["bytes"]:
            found = "is missing" if size is None else f"has {size} bytes, not {shard['bytes']}"
            raise ValueError(f"{path} {found}. Build the corpus again, in a new folder.")
    return manifest
