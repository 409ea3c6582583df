"""Tasks for workers: each done once, whoever ends."""

import io
import json
import threading

import pytest

from keras_bert_zoo.piped import WorkerEndedError, encoded, in_turns, serve

pytestmark = pytest.mark.any_backend


class Worker:
    """Something that can be stopped."""

    def __init__(self, place):
        self.place, self.stopped = place, 0

    def stop(self):
        self.stopped += 1


def hired(count, tasks, do, tries=1):
    """`(what is said of the tasks, the workers that were started)`."""
    workers = []

    def start(place):
        workers.append(Worker(place))
        return workers[-1]

    try:
        return in_turns(tasks, count, start, do, tries), workers
    finally:
        assert all(worker.stopped for worker in workers)


def test_answers_are_in_the_order_of_the_tasks():
    meet = threading.Barrier(3, timeout=20)

    def do(worker, task):
        if task < 3:
            meet.wait()  # all three are at work
        return task * task

    said, workers = hired(3, list(range(50)), do)
    assert said == [task * task for task in range(50)]
    assert sorted(worker.place for worker in workers) == [0, 1, 2]


def test_another_worker_takes_over():
    ended = []

    def do(worker, task):
        if task % 4 == 0 and ended.count(task) < 2:
            ended.append(task)
            raise WorkerEndedError("code -9")
        return task

    said, workers = hired(2, list(range(10)), do, tries=3)
    assert said == list(range(10))
    assert len(workers) <= 2 + len(ended) == 8


def test_a_task_that_ends_all_workers():
    def do(worker, task):
        if task == 1:
            raise WorkerEndedError("code -9")
        return task

    with pytest.raises(WorkerEndedError, match="-9"):
        hired(2, list(range(4)), do, tries=3)


def test_an_error_ends_the_work():
    done = []

    def do(worker, task):
        done.append(task)
        if task == 2:
            raise ValueError("bad")

    with pytest.raises(ValueError, match="bad"):
        hired(1, list(range(9)), do)
    assert done == [0, 1, 2]


def test_errors_are_told_by_their_kind():
    def work(task, read):
        read(3)
        if task == "bytes":
            b"\xff".decode()
        raise PermissionError("no")

    answers = io.StringIO()
    serve(work, [encoded("bytes"), encoded("file")], answers)
    said = [json.loads(line) for line in answers.getvalue().splitlines()]
    assert [one.get("error") for one in said] == [None, "ValueError", None, "OSError"]
