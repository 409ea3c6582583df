"""`corpus.json`: what a corpus is built from and with, and what is in it when it is finished."""

import dataclasses
import hashlib
import importlib.metadata
import json
import os
import pathlib

from .settings import Settings

MANIFEST, TOKENIZER = "corpus.json", "tokenizer"
VERSION = 1  # of what is in shards; another one is another corpus
LIBRARIES = ("pyarrow", "sentencex", "tokenizers")
SUMS = ("rows", "tokens", "documents", "sentences", "left_out", "bytes")


def new_manifest(settings, files, file_sizes, names, shards, tokenizer):
    """The manifest of a corpus of which nothing is built yet.

    Args:
        settings: `Settings`.
        files, file_sizes: of the input; see `plan.sizes`.
        names: of the files, without what differs between machines.
        shards: lists of `Stretch`.
        tokenizer: dictionary: `sha256`, `rooms`, `separator`, `vocabulary_size`.
    """
    total = len(shards) * settings.dupe_factor
    plan = {
        "format": "keras_bert_zoo corpus",
        "version": VERSION,
        "settings": dataclasses.asdict(settings),
        "tokenizer": tokenizer,
        "inputs": [
            {"name": name, "kind": file.kind, "size": size}
            for name, file, (size, _) in zip(names, files, file_sizes)
        ],
        "shards": [
            {
                "file": f"shard-{copy * len(shards) + number:05d}-of-{total:05d}.parquet",
                "copy": copy,
                "stretches": [list(dataclasses.astuple(stretch)) for stretch in stretches],
            }
            for copy in range(settings.dupe_factor)
            for number, stretches in enumerate(shards)
        ],
    }
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
    return {**plan, "plan": digest_of(plan), "libraries": versions, "finished": False}


def digest_of(value):
    """A short text that tells one value of JSON from others."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]


def finished(manifest, told):
    """The manifest with what each shard says of itself, and the sums.

    Args:
        manifest: dictionary.
        told: dictionary for each shard; see `records.told`.
    """
    shards = [
        {**shard, **{key: said[key] for key in (*SUMS, "sha256")}}
        for shard, said in zip(manifest["shards"], told)
    ]
    sums = {key: sum(shard[key] for shard in shards) for key in SUMS}
    checksum = digest_of([shard["sha256"] for shard in shards])
    return {**manifest, "shards": shards, **sums, "checksum": checksum, "finished": True}


def write_manifest(folder, manifest):
    """Writes `corpus.json`: a reader meets the old file or the new one."""
    path = pathlib.Path(folder) / MANIFEST
    temporary = path.with_name(f"{MANIFEST}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8", newline="\n")
    os.replace(temporary, path)


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
        raise ValueError(f"{path} is no manifest of a corpus: {error!r}.") from error
    if kind != "keras_bert_zoo corpus" or version != VERSION:
        raise ValueError(
            f"{path} is {kind!r} of version {version}; this release reads version {VERSION}. Build "
            "the corpus again."
        )
    return manifest


def differences(old, new):
    """What another corpus would have otherwise, as texts; none if it is the same."""
    if old["plan"] == new["plan"]:
        return []
    found = []
    for key in [field.name for field in dataclasses.fields(Settings)]:
        was, wanted = old["settings"].get(key), new["settings"].get(key)
        if was != wanted:
            found.append(f"{key}: {was!r}, now {wanted!r}")
    if old["tokenizer"] != new["tokenizer"]:
        found.append("another tokenizer")
    if old["inputs"] != new["inputs"]:
        found.append("other input files, or of other sizes")
    return found or ["the input files have changed"]
