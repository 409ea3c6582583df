"""Labels for texts."""

from typing import Annotated

from pydantic import Field, create_model

from ...tasks.class_answers import answers
from ..forms import form, list_type, text_type
from ..forward import Forward
from .base import Answers, Prediction

EXAMPLE = "What a lovely place."
TOP_K = "How many labels of each text, best first."


class Scored(Prediction):
    """A label, and how probable it is."""

    label: str | int
    score: float


class Classified(Prediction):
    """The best label, and as many as were asked for."""

    label: str | int
    score: float
    labels: list[Scored]


class Value(Prediction):
    """A number, or several."""

    value: float | list[float]


class TextClasses(Answers):
    """`TextClassifier`."""

    kind = "labels"

    def __init__(self, task, settings):
        super().__init__(task, settings)
        self.forward = Forward(task, settings.max_batch_size)
        self.prediction = Value if task.problem == "regression" else Classified

    def build_forms(self):
        text = text_type(self.settings, "What is to be read.")
        second = text_type(self.settings, "A second text, for models that read pairs.")
        pair = Annotated[list[text], Field(min_length=2, max_length=2)]
        pairs = list_type(pair, self.settings, "Several pairs of texts, for models that read them.")
        example, options = {"pairs": [["Is it open?", "It is closed."]]}, self.options()
        one, many = self.text_forms(EXAMPLE, **options)
        both = {"text": (text, ...), "pair": (second | None, None), **options}
        one = form("Text", "One text, or one pair.", {"text": EXAMPLE}, **both)
        return [one, many, form("Pairs", "Several pairs.", example, pairs=(pairs, ...), **options)]

    def options(self):
        """Fields of all forms."""
        if self.task.problem == "regression":
            return {}
        return {"top_k": (top_k_type(self.task.num_classes) | None, None)}

    def fields(self):
        second = {"name": "pair", "label": "Second text, for models that read pairs"}
        return [*self.text_field(EXAMPLE), {**second, "type": "text", "optional": True}]

    def facts(self):
        return {"problem": self.task.problem, "num_labels": self.task.num_classes}

    def rows(self, request):
        if hasattr(request, "pairs"):
            return [tuple(pair) for pair in request.pairs]
        if getattr(request, "pair", None) is not None:
            return [(request.text, request.pair)]
        return self.texts_of(request)

    def group(self, request):
        return (isinstance(self.rows(request)[0], tuple),)

    def parts(self, row, group):
        return [row if isinstance(row, tuple) else (row,)]

    def run(self, rows, group, size):
        return answers(self.task._labels, self.forward(rows), top_k=None)

    def predictions(self, answers, request):
        return [classified(self.task.problem, answer, request) for answer in answers]


class DocumentClasses(TextClasses):
    """`DocumentClassifier`: texts of any length, and no pairs."""

    windows = True

    def build_forms(self):
        return self.text_forms(EXAMPLE, **self.options())

    def fields(self):
        return self.text_field(EXAMPLE)

    def group(self, request):
        return ()

    def run(self, rows, group, size):
        logits = self.task.predict(rows, batch_size=size, verbose=0)
        return answers(self.task._labels, logits, top_k=None)


class Exited(Classified):
    """A label, and how many blocks of the encoder it took."""

    blocks: int


class EarlyClasses(TextClasses):
    """`EarlyExitClassifier`."""

    def __init__(self, task, settings):
        super().__init__(task, settings)
        self.prediction = Exited

    def options(self):
        share = Annotated[
            float,
            Field(ge=0, le=1, description="How unsure a text may be that leaves the encoder."),
        ]
        return {**super().options(), "uncertainty": (share | None, None)}

    def group(self, request):
        return (*super().group(request), request.uncertainty)

    def run(self, rows, group, size):
        logits, blocks = self.task.run(rows, size, uncertainty=group[-1])
        found = answers(self.task._labels, logits, top_k=None)
        return [(labels, int(count)) for labels, count in zip(found, blocks)]

    def predictions(self, answers, request):
        return [
            {**classified("single", labels, request), "blocks": blocks}
            for labels, blocks in answers
        ]


class ManyClasses(TextClasses):
    """`MultiTaskClassifier`: an answer for each of its tasks."""

    kind = "many"

    def __init__(self, task, settings):
        Answers.__init__(self, task, settings)
        self.forward = Forward(task, settings.max_batch_size)
        kinds = {
            name: Value if one["problem"] == "regression" else Classified
            for name, one in task.tasks.items()
        }
        # By number: a task may have a name that no field can have.
        fields = {
            f"task_{place}": (kinds[name], Field(alias=name)) for place, name in enumerate(kinds)
        }
        self.prediction = create_model(
            "AllTasks", __base__=Prediction, __doc__="An answer for each task.", **fields
        )

    def options(self):
        return {"top_k": (top_k_type(self._most()) | None, None)}

    def _most(self):
        return max(one["num_classes"] for one in self.task.tasks.values())

    def facts(self):
        problems = {name: one["problem"] for name, one in self.task.tasks.items()}
        return {"tasks": problems, "num_labels": self._most()}

    def run(self, rows, group, size):
        logits = self.forward(rows)
        found = {name: answers(one, logits[name], None) for name, one in self.task._labels.items()}
        return [dict(zip(found, row)) for row in zip(*found.values())]

    def predictions(self, answers, request):
        problems = self.facts()["tasks"]
        return [
            {name: classified(problems[name], one, request) for name, one in answer.items()}
            for answer in answers
        ]


def top_k_type(most):
    """From 1 to as many labels as there are."""
    return Annotated[int, Field(ge=1, le=most, description=TOP_K)]


def classified(problem, answer, request):
    """A prediction from all labels of a text, best first.

    As on the command line, a multi-label model tells all labels unless it is asked for fewer.
    """
    if problem == "regression":
        return answer
    count = request.top_k or (None if problem == "multi_label" else 1)
    return {**answer[0], "labels": answer[:count]}
