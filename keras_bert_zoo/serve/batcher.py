"""Rows of many requests, put together in batches for the one thread that runs the model."""

import asyncio
import collections
import contextlib
import math
import threading
import time


class Refused(Exception):
    """A request that is not going to be answered.

    Args:
        retry_after: seconds after which it is worth to ask again.
    """

    def __init__(self, message, retry_after=1):
        super().__init__(message)
        self.retry_after = retry_after


class Full(Refused):
    """As many rows wait already as may."""


class Stopping(Refused):
    """The server is on its way out."""


class Late(Refused):
    """The answer was not there in time."""


class Job:
    """The rows of one request.

    Args:
        rows: list of what the model is to read.
        group: rows of one group can be in one batch; anything hashable.
        due: when the answer is late, by `time.monotonic`.
        future: gets the list of answers, in the order of the rows.
    """

    def __init__(self, rows, group, due, future):
        self.rows, self.group, self.due, self.future = rows, group, due, future
        self.arrived, self.batch_size = time.monotonic(), 0
        self.answers, self.left, self.over = [None] * len(rows), len(rows), False

    def take(self, place, answer):
        """Keeps the answer to a row; the last one is told to who waits."""
        self.answers[place] = answer
        self.left -= 1
        if not self.left:
            self.finish(self.answers)

    def finish(self, result):
        """Tells the result, or an exception, in the loop that waits for it. Once."""
        if self.over:
            return
        self.over = True
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self.future.get_loop().call_soon_threadsafe(_tell, self.future, result)


def _tell(future, result):
    if future.done():
        return
    if isinstance(result, BaseException):
        future.set_exception(result)
    else:
        future.set_result(result)


class Batcher:
    """A bounded queue of rows, and the thread that runs the model on them.

    Args:
        run: `run(rows, group) -> answers`, called in that thread only.
        warm_up: called there before anything else.
        max_batch_size, queue_size: see `Settings`.
        max_wait: seconds a row waits for others.
        on_batch: called with the number of rows and the seconds of each batch.

    Example:

    >>> batcher = Batcher(lambda rows, group: [row.upper() for row in rows])
    >>> batcher.start()
    >>> (await batcher.answer(["a", "b"], seconds=1.0)).answers
    ['A', 'B']
    """

    def __init__(
        self,
        run,
        warm_up=lambda: None,
        *,
        max_batch_size=32,
        max_wait=0.002,
        queue_size=1024,
        on_batch=lambda rows, seconds: None,
    ):
        self._run, self._warm_up, self._on_batch = run, warm_up, on_batch
        self.max_batch_size, self.max_wait, self.queue_size = max_batch_size, max_wait, queue_size
        self._queue, self._changed = collections.deque(), threading.Condition()
        self._stopping, self._pace = False, 0.0  # seconds that a row took of late
        self._thread = threading.Thread(target=self._work, name="model", daemon=True)
        self.ready, self.failure = False, None

    @property
    def waiting(self):
        """How many rows are in the queue."""
        return len(self._queue)

    @property
    def state(self):
        """`"warming up"`, `"ready"`, `"stopping"` or `"failed"`."""
        if self.failure is not None:
            return "failed"
        return "stopping" if self._stopping else "ready" if self.ready else "warming up"

    def start(self):
        """Starts the thread, which warms the model up."""
        self._thread.start()

    def stop(self):
        """Refuses what is new. What is in the queue is still answered."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def join(self, seconds=None):
        """Waits for the thread to have answered all; whether it has."""
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    async def answer(self, rows, group=None, *, seconds):
        """The answered `Job` of these rows.

        Args:
            rows: at least one.
            group: see `Job`.
            seconds: until the answer is late.

        Raises:
            Full, Stopping, Late: it is refused.
            Exception: what `run` raised on these very rows.
        """
        future = asyncio.get_running_loop().create_future()
        job = Job(rows, group, time.monotonic() + seconds, future)
        self._put(job)
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            if future.done() and not future.cancelled():
                raise  # the model's own
            raise Late(f"There was no answer within {seconds:g} s.", self.seconds_to_wait) from None
        finally:
            job.over = True  # who asked has gone: its rows need not be read
        return job

    @property
    def seconds_to_wait(self):
        """About how long the queue takes to be read, from 1 to 60."""
        return min(max(math.ceil(len(self._queue) * self._pace), 1), 60)

    def _put(self, job):
        with self._changed:
            if self.failure is not None:
                raise Stopping("The model could not be started.")
            if self._stopping:
                raise Stopping("The server is about to stop.", 5)
            if len(self._queue) + len(job.rows) > self.queue_size:
                raise Full(
                    f"{len(self._queue)} of at most {self.queue_size} inputs are waiting, and "
                    f"{len(job.rows)} more were given.",
                    self.seconds_to_wait,
                )
            self._queue.extend((job, place) for place in range(len(job.rows)))
            self._changed.notify()

    # -------------------------------------------------------------- in the thread

    def _work(self):
        try:
            self._warm_up()
            self.ready = True
        except BaseException as error:
            self._fail(error)
            return
        while (batch := self._next()) is not None:
            self._answer(batch)

    def _fail(self, error):
        with self._changed:
            self.failure = error
            jobs = {id(job): job for job, _ in self._queue}
            self._queue.clear()
        for job in jobs.values():
            job.finish(Stopping("The model could not be started."))

    def _next(self):
        """The next rows to be read together, `(job, place)`; None at the end."""
        with self._changed:
            while True:
                while not self._queue and not self._stopping:
                    self._changed.wait()
                if not self._queue:
                    return None
                self._wait_for_others(self._queue[0][0].arrived + self.max_wait)
                if batch := self._taken():
                    return batch

    def _wait_for_others(self, until):
        while len(self._queue) < self.max_batch_size and not self._stopping:
            left = until - time.monotonic()
            if left <= 0 or not self._changed.wait(left):
                return

    def _taken(self):
        """The rows that have waited longest, of one group, and only those that are waited for."""
        batch, others, now = [], [], time.monotonic()
        while self._queue and len(batch) < self.max_batch_size:
            job, place = self._queue.popleft()
            if job.over or now >= job.due:
                continue
            fits = not batch or job.group == batch[0][0].group
            (batch if fits else others).append((job, place))
        self._queue.extendleft(reversed(others))
        return batch

    def _answer(self, items):
        """Runs the model on rows of one group, and gives each answer to its own request."""
        rows, began = [job.rows[place] for job, place in items], time.monotonic()
        try:
            answers = self._run(rows, items[0][0].group)
            if len(answers) != len(rows):
                raise RuntimeError(f"The model gave {len(answers)} answers to {len(rows)} rows.")
        except Exception as error:
            self._answer_apart(items, error)
            return
        seconds = time.monotonic() - began
        self._pace = 0.8 * self._pace + 0.2 * seconds / len(rows)
        self._on_batch(len(rows), seconds)
        for (job, place), answer in zip(items, answers):
            job.batch_size = max(job.batch_size, len(rows))
            job.take(place, answer)

    def _answer_apart(self, items, error):
        """One request's bad row must not cost another one its answer: each is run by itself."""
        jobs = {}
        for job, place in items:
            jobs.setdefault(id(job), []).append((job, place))
        if len(jobs) == 1:
            items[0][0].finish(error)
            return
        for own in jobs.values():
            self._answer(own)
