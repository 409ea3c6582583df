"""What answers: processes of this machine, or actors on the machines of a Ray cluster."""

import os
import sys

from ..piped import PipedProcess, WorkerEndedError, in_turns, processors
from . import packages

ENGINES = ("local", "ray")
TRIES = 3  # how many workers may end at one piece


def run(engine, job, pieces, workers, progress):
    """Writes the shard of each piece.

    Args:
        engine: one of `ENGINES`.
        job: `Job`.
        pieces: list of `Piece`.
        workers: how many; each loads the task once.
        progress: `Progress`.

    Returns:
        What each shard says of itself.

    Raises:
        WorkerEndedError: three workers ended at the same piece; the message names it.
    """
    if not pieces:
        return []
    count = min(workers, len(pieces))

    def do(worker, piece):
        try:
            if not worker.is_loaded:
                worker.do(job)
                worker.is_loaded = True
            told = worker.do(piece)
        except WorkerEndedError as error:
            where = piece if worker.is_loaded else f"the loading of {job.task}, before {piece}"
            raise WorkerEndedError(
                f"{TRIES} workers ended at the same place ({error}; -9 may be a lack of memory): "
                f"{where}. What is finished stays: run again with fewer workers, or without these "
                "rows."
            ) from error
        progress.read(piece.rows)
        progress.finished()
        return told

    with Cluster() if engine == "ray" else Machine(count) as place:
        return in_turns(pieces, count, place.worker, do, TRIES)


class Machine:
    """Starts processes here.

    Args:
        count: how many there will be.
    """

    def __init__(self, count):
        self._count, self._variables = count, variables(count)
        self._devices = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")

    def worker(self, number):
        """A process; those of several have a GPU each if CUDA_VISIBLE_DEVICES names several."""
        own = {}
        if len(self._devices) > 1 and self._count > 1:
            own["CUDA_VISIBLE_DEVICES"] = self._devices[number % len(self._devices)]
        process = PipedProcess(f"{__package__}.worker", {**self._variables, **own})
        process.is_loaded = False
        return process

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Cluster:
    """Starts actors on Ray: on the cluster that RAY_ADDRESS names, or a new one here."""

    def __init__(self):
        self._ray, self._variables = packages.ray(), variables(1)

    def worker(self, number):
        """An actor, with a GPU if the cluster has any."""
        gpus = 1 if self._ray.cluster_resources().get("GPU") else 0
        return Actor(self._ray, gpus, self._variables)

    def __enter__(self):
        self._was_running = self._ray.is_initialized()
        if not self._was_running:
            self._ray.init(logging_level="ERROR", log_to_driver=False)
        return self

    def __exit__(self, *_):
        if not self._was_running:
            self._ray.shutdown()


class Actor:
    """A `Worker` somewhere on a Ray cluster."""

    def __init__(self, ray, gpus, variables):
        from .worker import Worker

        options = {"num_cpus": 1, "num_gpus": gpus, "runtime_env": {"env_vars": variables}}
        self._ray, self.is_loaded = ray, False
        self._actor = ray.remote(Worker).options(**options).remote()

    def do(self, given):
        """As `PipedProcess.do`."""
        errors = self._ray.exceptions
        try:
            return self._ray.get(self._actor.do.remote(given))
        except errors.RayActorError as error:
            raise WorkerEndedError(f"its actor is gone: {str(error).splitlines()[0]}") from None
        except errors.RayTaskError as error:
            raise error.cause from None

    def stop(self):
        self._ray.kill(self._actor)


def variables(count):
    """Variables of the environment of each of several workers."""
    found = {"TOKENIZERS_PARALLELISM": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}
    if "keras" in sys.modules:
        found["KERAS_BACKEND"] = sys.modules["keras"].config.backend()
    elif os.environ.get("KERAS_BACKEND"):
        found["KERAS_BACKEND"] = os.environ["KERAS_BACKEND"]
    if count > 1:
        threads = str(max(1, processors() // count))
        shared = {"OMP_NUM_THREADS": threads, "TF_NUM_INTRAOP_THREADS": threads}
        # One process would take all memory of a GPU for itself.
        shared |= {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
        found |= {name: value for name, value in shared.items() if name not in os.environ}
    return found
