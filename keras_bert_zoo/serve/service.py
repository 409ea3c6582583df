"""A task, ready to be asked: its forms of requests, its batches, its limits."""

import time

import keras

from ..version import __version__
from .answers import answers_for
from .batcher import Batcher, Full, Late, Refused, Stopping
from .errors import ApiError
from .forms import read_form
from .forward import batch_sizes, filled_size
from .logs import LOG

# Of what a job is refused for -> status, code, and what to do.
REFUSALS = {
    Full: (503, "queue_full", "Try again later, or send fewer inputs at a time."),
    Stopping: (503, "stopping", "Try again later."),
    Late: (504, "too_late", "Try again later, or send fewer or shorter inputs at a time."),
}


class Service:
    """What the routes of the server share.

    Args:
        task: a task.
        settings: `Settings`.
        metrics: `Metrics`.
        name: what the model is called.
    """

    def __init__(self, task, settings, metrics, name=None):
        self.task, self.settings, self.metrics = task, settings, metrics
        self.name, self.task_name = name or type(task).__name__, type(task).__name__
        self.answers = answers_for(task, settings)
        self.batcher = Batcher(
            self._read,
            self._warm_up,
            max_batch_size=settings.max_batch_size,
            max_wait=settings.max_wait_ms / 1000,
            queue_size=settings.queue_size,
            on_batch=metrics.batch,
        )
        metrics.watch(self.batcher)

    def _read(self, rows, group):
        most = self.settings.max_batch_size
        return self.answers.read(rows, group, filled_size(self.task, len(rows), most) or most)

    def _warm_up(self):
        """Asks the examples once: what is traced or compiled then is there for the first client."""
        requests = [
            one.model_validate(one.model_config["json_schema_extra"]["examples"][0])
            for one in self.answers.forms
        ]
        sizes = [1, 2]
        if keras.config.backend() == "jax":  # one form's shapes are those of the others, or nearly
            sizes, requests = batch_sizes(self.settings.max_batch_size), requests[:1]
        for size in sizes:
            for request in requests:
                rows, group = self.answers.rows(request), self.answers.group(request)
                try:
                    self._read((rows * size)[:size], group)
                except ValueError as error:  # a very short model does not take the example
                    LOG.warning("warm-up", extra={"fields": {"refused": str(error)}})

    async def predict(self, body, note):
        """The answer to a request.

        Args:
            body: values from its JSON.
            note: a dictionary that takes what is told of the request in the log.

        Raises:
            ApiError: it is refused.
        """
        request = read_form(self.answers.forms, body)
        rows, group = self.answers.rows(request), self.answers.group(request)
        note["texts"] = len(rows)
        began = time.monotonic()
        try:
            job = await self.batcher.answer(rows, group, seconds=self.settings.deadline)
        except Refused as error:
            self.metrics.refused(type(error).__name__.lower())
            raise refusal(error) from None
        except (TypeError, ValueError) as error:  # the task's own, which says what to do
            raise ApiError(422, "refused", str(error)) from None
        note["batch"], note["model_ms"] = job.batch_size, _ms(time.monotonic() - began)
        tokens = sum(one.tokens for one in job.answers)
        self.metrics.read(len(rows), tokens, sum(one.cut > 0 for one in job.answers))
        answers = [one.answer for one in job.answers]
        return {
            "model": self.name,
            "task": self.task_name,
            "predictions": self.answers.predictions(answers, request),
            "tokens": tokens,
            "warnings": self._cuts(job.answers),
        }

    def _cuts(self, read):
        if not self.answers.tells_cuts:
            return []
        longest = self.answers.preprocessor.max_sequence_length
        return [
            f"Input {place} was cut: the model reads {longest} tokens, special ones included, and "
            f"did not see the last {one.cut} of {one.tokens}."
            for place, one in enumerate(read)
            if one.cut
        ]

    def info(self):
        """What the page, and who asks, wants to know."""
        limits = ("max_texts", "max_characters", "max_bytes", "deadline")
        return {
            "model": self.name,
            "task": self.task_name,
            "kind": self.answers.kind,
            "version": __version__,
            "backend": keras.config.backend(),
            "parameters": self.task.count_params(),
            "max_sequence_length": self.answers.preprocessor.max_sequence_length,
            "windows": self.answers.windows,
            "limits": {name: getattr(self.settings, name) for name in limits},
            "fields": self.answers.fields(),
            "facts": self.answers.facts(),
        }


def refusal(error):
    """An `ApiError` for a `Refused`."""
    status, code, hint = REFUSALS[type(error)]
    headers = {"Retry-After": str(error.retry_after)} if status == 503 else {}
    return ApiError(status, code, f"{error} {hint}", headers)


def _ms(seconds):
    return round(seconds * 1000, 2)
