"""Work in processes of this machine, started fresh and fed through pipes.

Not forks: threads of a tokenizer or a backend may be running. When the process that started them is
gone, so is the other end of their pipes, and they end.
"""

import base64
import json
import os
import pickle
import queue
import subprocess
import sys
import threading

TOLD = (ValueError, OSError, ImportError)  # what the input or the machine may be to blame for
KINDS = {
    "ValueError": ValueError,
    "ImportError": ImportError,
    "FileNotFoundError": FileNotFoundError,
    "OSError": OSError,
}


class WorkerEndedError(ChildProcessError):
    """A worker was gone before it answered."""


def processors():
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def encoded(value):
    """A value as a line of text."""
    return base64.b64encode(pickle.dumps(value)).decode() + "\n"


def decoded(line):
    """The value of a line that `encoded` made."""
    return pickle.loads(base64.b64decode(line))


class PipedProcess:
    """A process that answers lines with lines; see `serve`.

    Args:
        module: what it runs, as of `python -m`.
        environment: variables that it has beside those of this process.
    """

    def __init__(self, module, environment):
        path = os.pathsep.join(filter(None, sys.path))
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": path, **environment},
        )
        self.pid = self._process.pid

    def do(self, task, read=lambda amount: None):
        """What the process says of a task.

        Args:
            task: anything that can be pickled.
            read: called with what has been read of the input.

        Raises:
            WorkerEndedError: it is gone.
            ValueError, OSError, ImportError: what it met with.
        """
        try:
            self._process.stdin.write(encoded(task))
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it is gone; its end is told below
        for line in self._process.stdout:
            answer = json.loads(line)
            if "read" in answer:
                read(answer["read"])
            elif "told" in answer:
                return answer["told"]
            else:
                raise KINDS[answer["error"]](answer["message"])
        raise WorkerEndedError(f"code {self._process.wait()}")

    def stop(self):
        """Ends it, whatever it does."""
        self._process.kill()
        self._process.communicate()


def serve(work, tasks, answers):
    """Does tasks: the other end of a `PipedProcess`.

    Args:
        work: called with a task, and with a function to tell what has been read; returns JSON.
        tasks: stream of `encoded` tasks.
        answers: stream; a line is `{"read": N}`, `{"told": ...}` for a task that is done, or
            `{"error": type, "message": ...}`.
    """

    def answer(**what):
        answers.write(json.dumps(what) + "\n")
        answers.flush()

    for line in tasks:
        try:
            told = work(decoded(line), lambda n: answer(read=n))
        except BrokenPipeError:
            return
        except TOLD as error:
            kinds = (kind.__name__ for kind in type(error).__mro__ if kind.__name__ in KINDS)
            answer(error=next(kinds, "OSError"), message=str(error))
        else:
            answer(told=told)


def serve_pipes(work):
    """`serve` for the pipes of this process."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    try:
        serve(work, sys.stdin, answers)
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(1)


def in_turns(tasks, count, start, do, tries=1):
    """What workers say of tasks, by the order of the tasks.

    A thread for each worker hands it one task after the other. Where a worker ends, another takes
    its place, and one of them its task.

    Args:
        tasks: list.
        count: how many workers.
        start: called with the number of a worker; returns it. It has `stop()`.
        do: called with a worker and a task; returns what it says of it.
        tries: how many workers may end at one task.

    Raises:
        WorkerEndedError: they did.
        Exception: the first that `do` raised.
    """
    waiting, found, errors, stopped = queue.SimpleQueue(), {}, [], threading.Event()
    workers, lock = {}, threading.Lock()
    for number, task in enumerate(tasks):
        waiting.put((number, task, 1))

    def started(place):
        with lock:  # so that none is started behind the back of the last loop below
            if not stopped.is_set():
                workers[place] = start(place)
            return workers[place]

    def feed(place):
        while not errors:
            try:
                number, task, tried = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                found[number] = do(workers.get(place) or started(place), task)
            except WorkerEndedError as error:
                if stopped.is_set() or tried == tries:
                    errors.append(error)
                    return
                waiting.put((number, task, tried + 1))
                workers.pop(place).stop()
            except Exception as error:
                errors.append(error)

    threads = [threading.Thread(target=feed, args=(i,), daemon=True) for i in range(count)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        with lock:
            stopped.set()
        for worker in list(workers.values()):
            worker.stop()
    if errors:
        raise errors[0]
    return [found[number] for number in range(len(tasks))]
