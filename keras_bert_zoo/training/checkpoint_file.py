"""A file of named arrays that tells whether it is whole.

8 bytes    MAGIC
8 bytes    length of the header, little-endian
header     JSON: {"info": ..., "arrays": [[name, dtype, shape], ...]}
arrays     the bytes of each, one after the other, C order, little-endian
32 bytes   SHA-256 of all that stands before
"""

import hashlib
import json
import math
import os
import pathlib

import numpy as np

MAGIC = b"KBZRUN01"
DIGEST = 32
LONGEST_HEADER = 2**28  # bytes; far above that of any model, far below the memory of a machine


class DamagedFile(ValueError):
    """A file that is not whole, or is none of ours."""


def write_checkpoint(path, info, arrays):
    """Writes a file whole or not at all: under another name first, synced, then renamed.

    Args:
        path: of the file; what is there is replaced.
        info: what JSON can hold.
        arrays: name -> numpy array.

    Raises:
        OSError: it could not be written; what was at `path` is untouched.
    """
    path = pathlib.Path(path)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
    try:
        with open(unfinished, "wb") as file:
            _write(file, info, arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _write(file, info, arrays):
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    told = [[name, array.dtype.name, array.shape] for name, array in arrays.items()]
    header = json.dumps({"info": info, "arrays": told}).encode()
    digest = hashlib.sha256()
    for part in (MAGIC, len(header).to_bytes(8, "little"), header, *arrays.values()):
        part = part if isinstance(part, bytes) else part.reshape(-1).view("uint8").data
        digest.update(part)
        file.write(part)
    file.write(digest.digest())


def sync_folder(folder):
    """Makes a renaming last through a power failure, where the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except (OSError, PermissionError):  # Windows opens no folders
        return
    try:
        os.fsync(handle)
    except OSError:
        pass  # some network file systems
    finally:
        os.close(handle)


def read_info(path):
    """What stands in the header; the arrays are not looked at.

    Raises:
        DamagedFile: no header of ours.
        OSError: the file cannot be read.
    """
    with open(path, "rb") as file:
        return _read_header(file, os.path.getsize(path))[0]["info"]


def read_checkpoint(path):
    """`(info, arrays)` of a file that `write_checkpoint` wrote.

    Raises:
        DamagedFile: bytes are missing, or other than those written.
        OSError: the file cannot be read.
    """
    with open(path, "rb") as file:
        header, digest, arrays = *_read_header(file, os.path.getsize(path)), {}
        for name, dtype, shape in header["arrays"]:
            array = np.empty(shape, _dtype(dtype))
            view = array.reshape(-1).view("uint8").data
            if file.readinto(view) != len(view):
                raise DamagedFile("the file ends too early")
            digest.update(view)
            arrays[name] = array
        if file.read() != digest.digest():
            raise DamagedFile("its bytes are not those that were written (SHA-256 differs)")
    return header["info"], arrays


def _read_header(file, size):
    """`(header, digest)`; sizes are compared with the file's before anything is allocated."""
    start = file.read(16)
    if len(start) < 16 or start[:8] != MAGIC:
        raise DamagedFile("it does not begin as a checkpoint of a run does")
    length = int.from_bytes(start[8:], "little")
    if length > min(size - 16 - DIGEST, LONGEST_HEADER):
        raise DamagedFile("the file ends too early")
    text = file.read(length)
    try:
        header = json.loads(text)
        needed = [_size(dtype, shape) for _, dtype, shape in header["arrays"]]
        header["info"]
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedFile(f"its header cannot be read ({error})") from None
    if 16 + length + sum(needed) + DIGEST != size:
        raise DamagedFile(f"it has {size} bytes, not {16 + length + sum(needed) + DIGEST}")
    return header, hashlib.sha256(start + text)


def _size(dtype, shape):
    """Bytes of an array."""
    if not all(type(length) is int and length >= 0 for length in shape):
        raise ValueError(f"shape {shape!r:.40}")
    return math.prod(shape) * _dtype(dtype).itemsize


def _dtype(name):
    try:
        dtype = np.dtype(name)
    except TypeError:  # bfloat16 and smaller ones
        import ml_dtypes  # a dependency of keras

        dtype = np.dtype(getattr(ml_dtypes, name, None) or name)
    if dtype.hasobject:
        raise ValueError(f"dtype {name}")
    return dtype
