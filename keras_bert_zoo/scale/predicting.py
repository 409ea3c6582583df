"""Batch inference: plans it, has the shards written, and finishes the manifest."""

import os
import pathlib
import shutil
import time
import warnings

from ..errors import unknown_name
from ..pretraining.corpus.progress import Progress
from .answers import answers_of
from .engines import ENGINES, run
from .inputs import find_inputs, read_inputs
from .manifest import check_folder, continued, new_manifest, write_manifest
from .report import Report
from .shard import Job, Piece, told
from .tasks import TASK, name_of, preset_of, task_digest
from .whole import MARK


def predict(
    dataset,
    task,
    output,
    *,
    text_column="text",
    columns=None,
    prefix="",
    shard_rows=10_000,
    batch_size=32,
    engine="local",
    workers=None,
    progress=False,
    **options,
):
    """Answers for all texts of Parquet files, as Parquet files: any number, on any machines.

    If the call is killed, the same call goes on where it was. Each row is answered for once: a
    worker that is killed has its rows taken over by another.

    Args:
        dataset: path, folder or pattern such as `"texts/*.parquet"`, or a list of them.
        task: a preset, which workers load themselves; or a task, which is saved for them.
        output: folder of the answers; made if missing. Its shards have the rows of the input, in
            its order.
        text_column: name of the column of the texts, or names of two for pairs.
        columns: names of the columns of the input that are kept; all if not given.
        prefix: before the names of the columns of answers, such as `"predicted_"`.
        shard_rows: most rows of a shard: what a worker holds at a time, and does again when it is
            killed.
        batch_size: texts in a batch.
        engine: `"local"`, processes of this machine; or `"ray"`, a cluster (extra `scale-ray`)
            whose machines must see the same files.
        workers: how many; each loads the task once. One if not given.
        progress: whether to show how far it is, on standard error.
        **options: of the answers: `top_k` and `uncertainty` of classifiers; `prompt`,
            `truncate_dim` and `normalize` of a `TextEmbedder`; `min_score` of a `TokenClassifier`;
            `threshold` of a `ReplacedTokenDetector`.

    Returns:
        `Report`.

    Raises:
        FileNotFoundError: no input.
        ValueError: an input, a task or an option that cannot be used; a text that is null, or that
            the task raises at; a folder that holds other answers.
        WorkerEndedError: three workers ended at the same rows.
        ImportError: an extra is needed.

    Example:

    >>> report = predict("reviews/*.parquet", "my_classifier", "answers", workers=4)
    >>> report.rows, report.rows_per_second
    (1000000, 812.3)
    """
    began = time.perf_counter()
    if engine not in ENGINES:
        raise unknown_name("engine", engine, ENGINES)
    for name, value in (("shard_rows", shard_rows), ("batch_size", batch_size),
                        ("workers", 1 if workers is None else workers)):  # fmt: skip
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be a whole number of 1 or more. Given: {value!r}.")
    text_columns = [text_column] if isinstance(text_column, str) else list(text_column)
    kept = [columns] if isinstance(columns, str) else columns
    output = pathlib.Path(os.path.abspath(output))
    inputs, schema = read_inputs(find_inputs(dataset, output), text_columns, kept)
    check_folder(output)
    name = name_of(task)
    if name is not None:
        answers_of(name, text_columns, options)
    output.mkdir(parents=True, exist_ok=True)
    settings = {
        "text_columns": text_columns,
        "columns": schema.names,
        "prefix": prefix,
        "shard_rows": shard_rows,
        "options": {"batch_size": batch_size, **options},
    }
    with preset_of(task, output) as preset:
        digest = task_digest(preset)
        manifest = continued(output, new_manifest(inputs, schema, digest, settings))
        job = Job(
            task=preset,
            digest=digest,
            text_columns=tuple(text_columns),
            columns=tuple(schema.names),
            prefix=prefix,
            options=settings["options"],
            plan=manifest["plan"],
        )
        before, now = answered(job, pieces_of(manifest, inputs, output), engine, workers, progress)
    finish(output, manifest)
    report = Report(
        folder=output,
        rows=sum(said["rows"] for said in before + now),
        shards=len(before) + len(now),
        done_before=len(before),
        rows_before=sum(said["rows"] for said in before),
        cut_texts=sum(said["cut"] for said in before + now),
        seconds=time.perf_counter() - began,
    )
    if report.cut_texts:
        warnings.warn(
            f"{report.cut_texts:,} of {report.rows:,} texts were longer than the model, and were "
            "cut.",
            stacklevel=2,
        )
    return report


def answered(job, pieces, engine, workers, progress):
    """`(before, now)`: what the shards say of themselves that were there, and the other ones."""
    said = {piece: told(piece.path) for piece in pieces}
    before = {
        piece: one for piece, one in said.items() if one is not None and one["plan"] == job.plan
    }
    left = [piece for piece in pieces if piece not in before]
    with Progress(sum(p.rows for p in pieces), len(pieces), progress, speed=False) as shown:
        for piece in before:
            shown.read(piece.rows)
            shown.finished()
        now = run(engine, job, left, workers or 1, shown)
    return list(before.values()), now


def pieces_of(manifest, inputs, output):
    """A `Piece` for each shard."""
    return [
        Piece(
            path=str(output / shard["file"]),
            stretches=tuple(
                (inputs[number].path, inputs[number].size, start, stop)
                for number, start, stop in shard["stretches"]
            ),
            rows=shard["rows"],
        )
        for shard in manifest["shards"]
    ]


def finish(output, manifest):
    """Says that all shards are there, and clears away what killed runs left behind."""
    if not manifest["finished"]:
        write_manifest(output, {**manifest, "finished": True})
    for path in output.glob(f".*{MARK}"):
        path.unlink(missing_ok=True)
    for path in output.glob(f"{TASK}*"):
        shutil.rmtree(path, ignore_errors=True)
