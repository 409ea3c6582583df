"""Which of several texts goes with a prompt."""

from typing import Annotated

from pydantic import Field, create_model

from ..forms import Form, form, list_type, text_type
from .base import Answers, Prediction

EXAMPLE = {"prompt": "It rained, so she", "choices": ["took an umbrella.", "ate the sun."]}
MOST = 32  # choices of a prompt


class Choice(Prediction):
    """The most probable choice, and how probable each is, in their order."""

    choice: str
    index: int
    scores: list[float]


class Choices(Answers):
    """`MultipleChoice`."""

    kind, prediction = "choice", Choice

    def build_forms(self):
        prompt = text_type(self.settings, "What a choice goes on from.")
        choice = text_type(self.settings, "A choice.")
        about = "What there is to choose from."
        choices = Annotated[list[choice], Field(min_length=1, max_length=MOST, description=about)]
        both = {"prompt": (prompt, ...), "choices": (choices, ...)}
        row = create_model("PromptAndChoices", __base__=Form, __doc__="One example.", **both)
        rows = list_type(row, self.settings, "Several prompts, each with its choices.")
        many = {"prompts": [EXAMPLE]}
        return [
            form("Prompt", "One prompt with its choices.", EXAMPLE, **both),
            form("Prompts", "Several prompts.", many, prompts=(rows, ...)),
        ]

    def fields(self):
        return [
            {"name": "prompt", "label": "Prompt", "type": "text", "example": EXAMPLE["prompt"]},
            {
                "name": "choices",
                "label": "Choices, one a line",
                "type": "lines",
                "example": "\n".join(EXAMPLE["choices"]),
            },
        ]

    def rows(self, request):
        asked = getattr(request, "prompts", None) or [request]
        return [(one.prompt, list(one.choices)) for one in asked]

    def parts(self, row, group):
        prompt, choices = row
        return [(prompt, choice) for choice in choices]

    def run(self, rows, group, size):
        return self.task.choose(rows, batch_size=size)
