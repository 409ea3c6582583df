"""Texts to learn a vocabulary from: lines of files, or what the caller has."""

import bz2
import gzip
import lzma
from pathlib import Path

_LONGEST = 1 << 20  # characters of a line that are read at once
_OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def texts_in(source):
    """The texts of a source, one after the other.

    Args:
        source: path of a text file or of a folder of `*.txt` files, a list of `pathlib.Path`; of
            these every line is a text, and `.gz`, `.bz2` and `.xz` are unpacked while they are
            read. Or any iterable of str, which are the texts themselves.

    Raises:
        FileNotFoundError: there is no such file, or nothing in the folder.
        TypeError: something that is neither a path nor a str.
        ValueError: a file that is not UTF-8; or names of files as str in a list.
    """
    if isinstance(source, (str, Path)):
        source = [Path(source)]
    checked = 0
    for one in source:
        if isinstance(one, Path):
            for path in _files(one):
                yield from _lines(path)
        elif not isinstance(one, str):
            raise TypeError(f"A text must be a str, a file a pathlib.Path. Given: {one!r:.80}.")
        else:
            if checked < 8 and len(one) < 256 and "\n" not in one and _is_file(one):
                raise ValueError(
                    f"{one!r} names a file; a str in a list is a text to learn from. Give "
                    "pathlib.Path objects for files."
                )
            checked += 1
            yield one


def _is_file(text):
    try:
        return bool(text) and Path(text).is_file()
    except (OSError, ValueError):
        return False


def _files(path):
    if path.is_dir():
        found = sorted(p for p in path.rglob("*.txt*") if p.suffix in (".txt", *_OPENERS))
        if not found:
            raise FileNotFoundError(f"{path} holds no *.txt file, nor one that is packed.")
        return found
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} does not exist; expected a text file, or a folder of them."
        )
    return [path]


def _lines(path):
    """Lines of a file; one that is very long comes in parts that end at white space."""
    opener = _OPENERS.get(path.suffix, open)
    try:
        with opener(path, "rt", encoding="utf-8", newline="\n") as file:
            rest = ""
            while part := file.readline(_LONGEST):
                text, rest = rest + part, ""
                if len(part) == _LONGEST and " " in text:
                    text, _, rest = text.rpartition(" ")
                yield text.rstrip("\r\n")
            if rest:
                yield rest
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text: {error}.") from error
    except (gzip.BadGzipFile, lzma.LZMAError, EOFError) as error:
        raise ValueError(f"{path} cannot be unpacked: {error}.") from error
