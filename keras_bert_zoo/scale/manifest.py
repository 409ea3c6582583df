"""`_predictions.json`: what answers are made from and with, and which rows are in which shard.

Its name begins with an underscore: who reads the folder as one table passes over it.
"""

import json
import pathlib

from ..pretraining.corpus.files import names_of
from ..pretraining.corpus.manifest import digest_of
from .plan import plan
from .tasks import TASK
from .whole import MARK, write_json

MANIFEST = "_predictions.json"
FORMAT, VERSION = "keras_bert_zoo predictions", 1


def new_manifest(inputs, schema, digest, settings):
    """The manifest of answers of which none is written yet.

    Args:
        inputs: list of `Input`.
        schema: of the columns that are kept.
        digest: of the task.
        settings: dictionary of all that changes answers or shards.
    """
    shards = plan(inputs, settings["shard_rows"])
    width = max(5, len(str(len(shards))))
    number = "shard-{:0{w}d}-of-{:0{w}d}.parquet"
    planned = {
        "format": FORMAT,
        "version": VERSION,
        "task": digest,
        "settings": settings,
        "inputs": [
            {"name": name, "size": one.size, "rows": one.rows, "footer": one.footer}
            for name, one in zip(names_of([one.path for one in inputs]), inputs)
        ],
        "schema": [[field.name, str(field.type)] for field in schema],
        "rows": sum(one.rows for one in inputs),
        "shards": [
            {
                "file": number.format(place, len(shards), w=width),
                "rows": sum(stop - start for _, start, stop in stretches),
                "stretches": stretches,
            }
            for place, stretches in enumerate(shards)
        ],
    }
    return {**planned, "plan": digest_of(planned), "finished": False}


def read_manifest(folder):
    """The manifest of a folder, or None if it has none.

    Raises:
        ValueError: the file is none, or of a release that is not known here.
    """
    path = pathlib.Path(folder) / MANIFEST
    if not path.is_file():
        return None
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        kind, version = manifest["format"], manifest["version"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no manifest of answers: {error!r}.") from error
    if kind != FORMAT or version != VERSION:
        raise ValueError(
            f"{path} is {kind!r} of version {version}; this release reads version {VERSION}. Name "
            "a new folder."
        )
    return manifest


def write_manifest(folder, manifest):
    """Writes it: a reader meets the old one or the new one."""
    write_json(pathlib.Path(folder) / MANIFEST, manifest)


def check_folder(folder):
    """Raises a ValueError for a folder that holds something else than answers."""
    folder = pathlib.Path(folder)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file. Name a folder for the answers.")
    found = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    strange = [name for name in found if not name.endswith(MARK) and not name.startswith(TASK)]
    if strange and MANIFEST not in found:
        raise ValueError(f"{folder} holds {sorted(strange)[0]!r}, and no answers. Name a new one.")


def continued(folder, new):
    """The manifest to go on with: the one that is there, if it is that of the same answers.

    One of which no shard has been written is replaced.

    Raises:
        ValueError: what differs.
    """
    old = read_manifest(folder)
    if old is not None and old["plan"] == new["plan"]:
        return old
    if old is not None and any(pathlib.Path(folder).glob("shard-*.parquet")):
        raise ValueError(
            f"{folder} holds other answers ({'; '.join(differences(old, new))}). Name a new "
            "folder, or delete this one."
        )
    write_manifest(folder, new)
    return new


def differences(old, new):
    """What two manifests have otherwise, as texts."""
    before, now = old["settings"], new["settings"]
    found = [
        f"{key}: {before.get(key)!r}, now {now.get(key)!r}"
        for key in {**before, **now}
        if before.get(key) != now.get(key)
    ]
    if old["task"] != new["task"]:
        found.append("another task")
    return found + _other_inputs(old, new)


def _other_inputs(old, new):
    found = [{one["name"]: one for one in manifest["inputs"]} for manifest in (old, new)]
    before, now = found
    said = [f"input {name!r} was not there" for name in now if name not in before]
    said += [f"input {name!r} is not there any more" for name in before if name not in now]
    said += [f"input {name!r} has changed" for name in now if before.get(name, now[name]) != now[name]]  # fmt: skip  # noqa: E501
    said = [*said[:3], f"{len(said) - 3} inputs more"] if len(said) > 4 else said
    if not said and old["schema"] != new["schema"]:
        said = ["other columns"]
    return said
