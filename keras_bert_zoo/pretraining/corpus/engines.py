"""What writes shards: this process, several on this machine, or a cluster."""

import json
import os
import queue
import subprocess
import sys
import threading

from .extras import needed
from .shard import write_shard
from .worker import decoded, encoded

KINDS = {
    "ValueError": ValueError,
    "ImportError": ImportError,
    "FileNotFoundError": FileNotFoundError,
}


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
    processors = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    )
    count = min(workers or processors or 1, len(tasks))
    return _here(tasks, progress) if count == 1 else _in_processes(tasks, count, progress)


def _here(tasks, progress):
    found = {}
    for task in tasks:
        found[task.path] = write_shard(task, progress.read)
        progress.finished()
    return found


def _in_processes(tasks, count, progress):
    """A thread for each process hands it one task after the other."""
    waiting, found, errors = queue.SimpleQueue(), {}, []
    for task in tasks:
        waiting.put(task)
    processes = [_process() for _ in range(count)]
    threads = [
        threading.Thread(
            target=_feed, args=(process, waiting, found, errors, progress), daemon=True
        )
        for process in processes
    ]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    if errors:
        raise errors[0]
    return found


def _process():
    # A process of its own, not a fork: threads of the tokenizer or a backend may be running here.
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "TOKENIZERS_PARALLELISM": "false",  # every process is busy already
    }
    return subprocess.Popen(
        [sys.executable, "-m", f"{__package__}.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment,
    )


def _feed(process, waiting, found, errors, progress):
    while not errors:
        try:
            task = waiting.get_nowait()
        except queue.Empty:
            return
        try:
            found[task.path] = _written(process, task, progress)
        except Exception as error:
            errors.append(error)


def _written(process, task, progress):
    """What a shard says of itself, written by a process."""
    try:
        process.stdin.write(encoded(task))
        process.stdin.flush()
    except BrokenPipeError:
        pass  # it is gone; its end is told below
    for line in process.stdout:
        answer = json.loads(line)
        if "read" in answer:
            progress.read(answer["read"])
        elif "told" in answer:
            progress.finished()
            return answer["told"]
        else:
            raise KINDS.get(answer["error"], OSError)(answer["message"])
    raise RuntimeError(
        f"The process that wrote {task.path} ended with code {process.wait()} (-9 may be a lack of "
        "memory). Build again: what is finished stays. Fewer workers need less memory."
    )


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
