"""Builds a corpus: plans it, writes its shards, and finishes its manifest."""

import hashlib
import os
import pathlib
import shutil
import tempfile

from ...errors import unknown_name
from . import records
from .engines import run
from .files import find_files, names_of
from .manifest import (
    LIBRARIES,
    TOKENIZER,
    differences,
    finished,
    new_manifest,
    read_manifest,
    write_manifest,
)
from .plan import plan, sizes
from .progress import Progress
from .settings import ENGINES, Settings
from .shard import Task
from .tokenizer_folder import tokenizer_folder


def build_corpus(
    input, tokenizer, output, *, engine="local", workers=None, progress=False, **settings
):
    """Builds a corpus for pre-training: text files to shards of examples.

    What is in a shard depends on its part of the input, the settings and the tokenizer alone. If
    the call is killed, the same call goes on where it was: shards that are finished stay as they
    are, and the others come out as they would have. A corpus that is finished is left as it is.

    Args:
        input: path, folder or pattern such as `"books/*.txt"`, or a list of them. A .txt has a
            paragraph a line and a blank line between documents; a .jsonl or .parquet has a document
            a row. The first two may be packed, as .gz or .xz.
        tokenizer: `keras_bert_zoo.Tokenizer`, or the preset or folder of one.
        output: folder; made if missing.
        engine: `"local"`, or `"ray"` for a cluster (extra `corpus-ray`), whose machines must see
            the same files; the shards are the same.
        workers: how many processes write shards; one for each processor if not given.
        progress: whether to show how far it is, on standard error.
        **settings: `packing`, `length`, `short_seq_prob`, `dupe_factor`, `language`, `text_column`,
            `shard_size`, `seed`; see `Settings`.

    Returns:
        `Corpus`.

    Raises:
        FileNotFoundError: no input.
        ValueError: a setting or an input that cannot be used; a folder that holds another corpus.
        ImportError: an extra is needed.

    Example:

    >>> corpus = build_corpus("books/*.txt", "bert_nano_en_uncased", "shards", length=128)
    >>> corpus.read([0])[0].lengths
    (60, 65)
    """
    from .source import Corpus

    if engine not in ENGINES:
        raise unknown_name("engine", engine, ENGINES)
    settings = Settings(**settings)
    files = find_files(input)
    output = pathlib.Path(os.path.abspath(output))
    manifest = prepared(files, tokenizer, output, settings)
    if not manifest["finished"]:
        tasks = tasks_of(manifest, files, output)
        told = written(tasks, engine, workers, progress)
        write_manifest(output, checked_rows(finished(manifest, told)))
        for left in output.glob("*.tmp"):  # of a build that was killed
            left.unlink(missing_ok=True)
    return Corpus(output)


def written(tasks, engine, workers, progress):
    """What each shard says of itself; those that are not there yet have been written."""
    told = {task.path: done(task) for task in tasks}
    left = [task for task in tasks if told[task.path] is None]
    total = sum(stop - start for task in tasks for _, start, stop, _ in task.stretches)
    rest = sum(stop - start for task in left for _, start, stop, _ in task.stretches)
    with Progress(total, len(tasks), progress) as shown:
        shown.read(total - rest)
        for _ in range(len(tasks) - len(left)):
            shown.finished()
        told.update(run(engine, left, workers, shown))
    return [told[task.path] for task in tasks]


def checked_rows(manifest):
    """The manifest of a corpus, if there is an example in it.

    Raises:
        ValueError: there is none.
    """
    if not manifest["rows"]:
        raise ValueError(
            f"{manifest['documents']} documents with {manifest['sentences']} sentences gave no "
            "example. A pair needs two sentences: use packing='doc_sentences' or 'full_sentences' "
            "for documents of one."
        )
    return manifest


def prepared(files, tokenizer, output, settings):
    """The manifest of a corpus, new or as far as it has been built; its tokenizer is written.

    Raises:
        ValueError: the folder holds another corpus.
    """
    check_folder(output)
    with tempfile.TemporaryDirectory() as folder:
        about = saved_tokenizer(tokenizer, folder, settings)
        file_sizes = sizes(files, settings.text_column)
        shards = plan(files, file_sizes, settings.shard_size)
        names = names_of([file.path for file in files])
        new = new_manifest(settings, files, file_sizes, names, shards, about)
        old = read_manifest(output)
        if old is not None:
            return checked(old, new, output)
        output.mkdir(parents=True, exist_ok=True)
        shutil.copytree(folder, output / TOKENIZER, dirs_exist_ok=True)
    write_manifest(output, new)
    return new


def check_folder(output):
    """Raises a ValueError for a folder that holds something else than a corpus."""
    if output.exists() and not output.is_dir():
        raise ValueError(f"{output} is a file. Name a folder for the shards.")
    strange = [p.name for p in output.iterdir() if p.name != TOKENIZER] if output.is_dir() else []
    if strange and read_manifest(output) is None:
        raise ValueError(f"{output} holds {strange[0]!r}, and no corpus. Name a new folder.")


def checked(old, new, output):
    """The old manifest, if the new one would be the same.

    Raises:
        ValueError: what differs.
    """
    found = differences(old, new)
    if not found and not old["finished"] and old["libraries"] != new["libraries"]:
        found = [
            f"{name} {old['libraries'].get(name)}, now {new['libraries'][name]}"
            for name in LIBRARIES
            if old["libraries"].get(name) != new["libraries"][name]
        ]
    if found:
        raise ValueError(
            f"{output} holds a corpus that is built otherwise ({'; '.join(found)}). Name a new "
            "folder, or delete this one."
        )
    return old


def saved_tokenizer(tokenizer, folder, settings):
    """Saves a tokenizer in a folder; returns what the manifest says about it.

    Raises:
        ValueError: rows are too short for its special tokens, or it lacks the one that is needed.
    """
    if isinstance(tokenizer, (str, os.PathLike)):
        tokenizer = tokenizer_folder(tokenizer)
    tokenizer.save(folder)
    digest = hashlib.sha256()
    for path in sorted(pathlib.Path(folder).iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    template = tokenizer.template
    rooms = [settings.length - layout.special for layout in (template.single, template.pair)]
    if min(rooms) < 4:
        raise ValueError(
            f"length={settings.length} leaves no room beside the special tokens. Give 16 or more."
        )
    if settings.packing == "full_sentences" and tokenizer.sep_id is None:
        raise ValueError(
            "full_sentences puts a separator between documents, which this tokenizer has not. Use "
            "packing='doc_sentences'."
        )
    about = {"sha256": digest.hexdigest(), "vocabulary_size": tokenizer.vocabulary_size}
    return {**about, "rooms": rooms, "separator": tokenizer.sep_id}


def tasks_of(manifest, files, output):
    """A `Task` for each shard."""
    bases, total = [], 0
    for one in manifest["inputs"]:
        bases.append(total)
        total += one["size"]
    about, settings = manifest["tokenizer"], Settings(**manifest["settings"])
    return [
        Task(
            path=str(output / shard["file"]),
            stretches=tuple(
                (files[number], start, stop, bases[number])
                for number, start, stop, _ in shard["stretches"]
            ),
            copy=shard["copy"],
            settings=settings,
            tokenizer=str(output / TOKENIZER),
            rooms=tuple(about["rooms"]),
            separator=about["separator"],
            plan=manifest["plan"],
        )
        for shard in manifest["shards"]
    ]


def done(task):
    """What a finished shard of this corpus says of itself, or None if there is none."""
    if not os.path.exists(task.path):
        return None
    try:
        told = records.told(task.path)
    except ValueError:  # damaged: it is written again
        return None
    return told if told["plan"] == task.plan else None
