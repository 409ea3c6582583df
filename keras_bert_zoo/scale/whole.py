"""Files that appear whole or not at all."""

import contextlib
import json
import os
import pathlib
import uuid

MARK = ".tmp"  # end of the name of a file that is not whole


@contextlib.contextmanager
def whole_file(path):
    """A name to write a file under; it gets its own when all went well.

    The other name begins with a dot: who reads the folder as one table passes over it.
    """
    path = pathlib.Path(path)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}{MARK}")
    try:
        yield temporary
        with open(temporary, "rb+") as stream:
            os.fsync(stream.fileno())  # a name for what is not on the disk yet would be a lie
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path, value):
    """Writes a file of JSON: a reader meets the old one or the new one."""
    with whole_file(path) as temporary:
        text = json.dumps(value, indent=1) + "\n"
        temporary.write_text(text, encoding="utf-8", newline="\n")
