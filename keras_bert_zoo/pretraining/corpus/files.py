"""The files that a corpus is built from: which there are, and how each is opened."""

import dataclasses
import glob
import gzip
import lzma
import os
from pathlib import Path

KINDS = {".txt": "text", ".jsonl": "jsonl", ".parquet": "parquet"}
PACKERS = {".gz": gzip.open, ".xz": lzma.open}
ACCEPTED = "txt, jsonl and parquet, the first two perhaps as .gz or .xz"


@dataclasses.dataclass(frozen=True)
class InputFile:
    """A file of documents.

    Args:
        path: where it is.
        kind: `"text"` (a paragraph a line, a blank line between documents), `"jsonl"` or
            `"parquet"` (a row a document).
        packer: `".gz"`, `".xz"` or None.
    """

    path: str
    kind: str
    packer: str | None

    def open(self, start=0):
        """A binary stream of the unpacked text, from this byte on."""
        stream = PACKERS.get(self.packer, open)(self.path, "rb")
        try:
            stream.seek(start)  # a packed file is unpacked and dropped up to there
        except BaseException:
            stream.close()
            raise
        return stream


def input_file(path):
    """The `InputFile` of a path, by the end of its name.

    Raises:
        ValueError: a kind that is not read.
    """
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    packer = suffixes.pop() if suffixes and suffixes[-1] in PACKERS else None
    kind = KINDS.get(suffixes[-1] if suffixes else None)
    if kind is None or (packer and kind == "parquet"):
        raise ValueError(f"{path}: what kind of file is it? Accepted: {ACCEPTED}.")
    return InputFile(str(path), kind, packer)


def find_files(patterns):
    """All files that are meant, ordered by path: the order of the corpus.

    Args:
        patterns: path, folder or pattern such as `books/**/*.txt`, or a list of them. Of a folder,
            all files in it of a kind that is read.

    Raises:
        FileNotFoundError: nothing is there, or nothing matches.
        ValueError: a file of a kind that is not read.
    """
    patterns = [patterns] if isinstance(patterns, (str, os.PathLike)) else list(patterns)
    if not patterns:
        raise ValueError("The corpus has no input: name files, folders or patterns.")
    found = set()
    for pattern in map(os.fspath, patterns):
        paths = matches(pattern, _is_read)
        if not paths:
            raise FileNotFoundError(
                f"{pattern}: no such file. Name {ACCEPTED}, a folder of them, or a pattern such as "
                "'books/*.txt'."
            )
        found.update(os.path.abspath(path) for path in paths)
    return [input_file(path) for path in sorted(found)]


def matches(pattern, is_read):
    """Paths of the files that a path, folder or pattern means.

    Args:
        pattern: str.
        is_read: whether a file of a folder is meant, by its path.
    """
    if os.path.isdir(pattern):
        inside = (str(path) for path in Path(pattern).rglob("*") if path.is_file())
        return [path for path in inside if is_read(path)]
    if os.path.isfile(pattern):
        return [pattern]
    return [path for path in glob.glob(pattern, recursive=True) if os.path.isfile(path)]


def _is_read(path):
    try:
        return bool(input_file(path))
    except ValueError:
        return False


def names_of(paths):
    """The paths below the folder that they share: the same on another machine."""
    top = os.path.dirname(paths[0]) if len(paths) == 1 else os.path.commonpath(paths)
    return [Path(os.path.relpath(path, top)).as_posix() for path in paths]
