"""Answers to questions, out of a text."""

from typing import Annotated, Literal

from pydantic import Field, create_model

from ..forms import Form, form, list_type, text_type
from .base import Answers, Prediction

EXAMPLE = {"question": "Where was Ada?", "context": "Ada Lovelace was in London."}


class Span(Prediction):
    """A stretch of the context; empty, at 0, where it holds no answer."""

    answer: str
    start: int = Field(description="In characters (Unicode code points) of the context, from 0.")
    end: int = Field(description="Of the character after the last one.")
    score: float
    no_answer_score: float = Field(description="How probable it is that there is no answer.")


class Answered(Span):
    """The best answer, and as many as were asked for."""

    answers: list[Span]


class Spans(Answers):
    """`SpanExtractor`."""

    kind, windows, prediction = "answer", True, Answered

    def build_forms(self):
        question = text_type(self.settings, "What is asked.")
        context = text_type(self.settings, "The text that holds the answer, or does not.")
        top_k = Annotated[int, Field(ge=1, le=self.task.n_best + 1, description="How many.")]
        longest = Annotated[int, Field(ge=1, le=512, description="Most tokens of an answer.")]
        never = Annotated[
            Literal["allowed", "never"],
            Field(description='"never": an answer is given in any case.'),
        ]
        options = {
            "top_k": (top_k, 1),
            "max_answer_length": (longest | None, None),
            "no_answer": (never | None, None),
        }
        both = {"question": (question, ...), "context": (context, ...)}
        about = "A question and its text."
        row = create_model("QuestionAndContext", __base__=Form, __doc__=about, **both)
        rows = list_type(row, self.settings, "Several questions, each with its text.")
        return [
            form("Question", "One question.", EXAMPLE, **both, **options),
            form(
                "Questions",
                "Several questions.",
                {"questions": [EXAMPLE]},
                questions=(rows, ...),
                **options,
            ),
        ]

    def fields(self):
        labels = {"question": ("Question", "line"), "context": ("Text", "text")}
        return [
            {"name": name, "label": label, "type": kind, "example": EXAMPLE[name]}
            for name, (label, kind) in labels.items()
        ]

    def rows(self, request):
        asked = getattr(request, "questions", None) or [request]
        return [(one.question, one.context) for one in asked]

    def group(self, request):
        return (request.max_answer_length, request.no_answer)

    def parts(self, row, group):
        return [row]

    def run(self, rows, group, size):
        longest, never = group
        return self.task.answer(
            [{"question": question, "context": context} for question, context in rows],
            top_k=None,
            max_answer_length=longest,
            no_answer=never,
            batch_size=size,
        )

    def predictions(self, answers, request):
        return [{**found[0], "answers": found[: request.top_k]} for found in answers]
