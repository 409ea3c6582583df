"""What writes shards: this process, several on this machine, or a cluster."""

import json

from ...piped import PipedProcess, WorkerEndedError, decoded, encoded, in_turns, processors
from .extras import needed
from .shard import write_shard


def run(engine, tasks, workers, progress):
    """Writes the shard of each task.

    Args:
        engine: one of `settings.ENGINES`.
        tasks: list of `Task`.
        workers: processes, or None for as many as there are processors.
        progress: `Progress`.

    Returns:
        What each shard says of itself, by path.
    """
    if not tasks:
        return {}
    if engine == "ray":
        return _on_ray(tasks, workers, progress)
    count = min(workers or processors(), len(tasks))
    return _here(tasks, progress) if count == 1 else _in_processes(tasks, count, progress)


def _here(tasks, progress):
    found = {}
    for task in tasks:
        found[task.path] = write_shard(task, progress.read)
        progress.finished()
    return found


def _in_processes(tasks, count, progress):
    told = in_turns(
        tasks,
        count,
        lambda _: _process(),
        lambda process, task: _written(process, task, progress),
    )
    return {task.path: said for task, said in zip(tasks, told)}


def _process():
    # Every process is busy already: the tokenizer needs no threads.
    return PipedProcess(f"{__package__}.worker", {"TOKENIZERS_PARALLELISM": "false"})


def _written(process, task, progress):
    """What a shard says of itself, written by a process."""
    try:
        told = process.do(task, progress.read)
    except WorkerEndedError as error:
        raise RuntimeError(
            f"The process that wrote {task.path} ended with {error} (-9 may be a lack of memory). "
            "Build again: what is finished stays. Fewer workers need less memory."
        ) from error
    progress.finished()
    return told


def _on_ray(tasks, workers, progress):
    """A row of a data set for each shard: Ray gives them to the machines of its cluster."""
    data = needed("ray.data", "Ray", "The engine 'ray'", "corpus-ray")
    import ray

    was_running, items = ray.is_initialized(), [{"task": encoded(task)} for task in tasks]
    try:
        rows = data.from_items(items, override_num_blocks=len(items))
        written = rows.map(_row, compute=data.TaskPoolStrategy(size=workers)).take_all()
    finally:
        if not was_running:
            ray.shutdown()
    for _ in written:
        progress.finished()
    return {row["path"]: json.loads(row["told"]) for row in written}


def _row(row):
    task = decoded(row["task"])
    return {"path": task.path, "told": json.dumps(write_shard(task))}
