"""`keras-bert-zoo package`: a preset as a wheel, for machines that may not download models.

A wheel is a zip file of the package and of what installers want to know
(https://packaging.python.org/en/latest/specifications/binary-distribution-format/).
"""

import base64
import hashlib
import keyword
import os
import re
import shutil
import tempfile
import zipfile
from pathlib import Path

from .arguments import UsageError
from .runtime import start_keras

NEEDS_KERAS = True
TAG = "py3-none-any"
FOLDER = "preset"
BLOCK = 1 << 20


def run(args):
    name, module = names_of(args.name)
    if not re.fullmatch(r"\d+(\.\d+)*((a|b|rc|\.post|\.dev)\d+)?", args.version):
        raise UsageError(f"--package-version {args.version}: write it as 1.0, or 1.0.post1")
    start_keras(debug=args.debug)
    from ..checkpoints.native import is_native, load_task

    folder = Path(args.preset)
    if not is_native(folder):
        raise ValueError(
            f"{folder} is not a preset of this library. Make one of it first: keras-bert-zoo "
            f"convert {args.preset} DEST --to keras-bert-zoo"
        )
    load_task(folder)  # what cannot be read is not packed
    wheel = build(folder, name, module, args.version, Path(args.output))
    print(f"{wheel} ({wheel.stat().st_size / 1e6:,.1f} MB)")
    print(f'pip install {wheel}, then from_preset("pkg:{module}")')


def names_of(name):
    """`(name of the distribution, name of its module)`.

    Raises:
        UsageError: not a name that pip and Python take.
    """
    module = re.sub(r"[-.]+", "_", name).lower()
    if not re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]", module) or keyword.iskeyword(module):
        raise UsageError(f"--name {name}: use letters, digits and dashes, such as my-bert")
    return module.replace("_", "-"), module


def build(folder, name, module, version, output):
    """Writes the wheel, or nothing. Returns its path."""
    output.mkdir(parents=True, exist_ok=True)
    wheel = output / f"{module}-{version}-{TAG}.whl"
    handle, new = tempfile.mkstemp(prefix=f".{wheel.name}.", dir=output)
    os.close(handle)
    try:
        with zipfile.ZipFile(new, "w", zipfile.ZIP_STORED) as archive:
            _fill(archive, folder, name, module, version)
        os.chmod(new, 0o644)
        os.replace(new, wheel)
    finally:
        Path(new).unlink(missing_ok=True)
    return wheel


def _fill(archive, folder, name, module, version):
    info, record = f"{module}-{version}.dist-info", []
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in files:
        place = f"{module}/{FOLDER}/{path.relative_to(folder).as_posix()}"
        record.append(_add_file(archive, path, place))
    about = f"{name}: a preset of keras-bert-zoo"
    texts = {
        f"{module}/__init__.py": f'"""{about}: `from_preset("pkg:{module}")`."""\n',
        f"{info}/METADATA": (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: {about}\n"
            "Requires-Python: >=3.10\n"
        ),
        f"{info}/WHEEL": (
            f"Wheel-Version: 1.0\nGenerator: keras-bert-zoo\nRoot-Is-Purelib: true\nTag: {TAG}\n"
        ),
    }
    for place, text in texts.items():
        data = text.encode()
        archive.writestr(place, data)
        record.append((place, hashlib.sha256(data), len(data)))
    lines = [f"{place},sha256={_digest(found)},{size}" for place, found, size in record]
    archive.writestr(f"{info}/RECORD", "\n".join([*lines, f"{info}/RECORD,,", ""]))


def _add_file(archive, path, place):
    found = hashlib.sha256()
    with open(path, "rb") as source:
        while block := source.read(BLOCK):
            found.update(block)
        source.seek(0)
        with archive.open(zipfile.ZipInfo.from_file(path, place), "w", force_zip64=True) as target:
            shutil.copyfileobj(source, target, BLOCK)
    return place, found, path.stat().st_size


def _digest(found):
    return base64.urlsafe_b64encode(found.digest()).rstrip(b"=").decode()
