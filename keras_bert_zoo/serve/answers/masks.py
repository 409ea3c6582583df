"""What may stand at the masks of texts."""

import re
from typing import Annotated

from pydantic import Field

from ..forms import text_type
from .base import Answers, Prediction


class Fill(Prediction):
    """A token, and the text with it."""

    token: str
    score: float
    text: str


class Fills(Prediction):
    """For each mask of a text what may stand there, best first."""

    masks: list[list[Fill]]


class Masks(Answers):
    """`MaskedLM`."""

    kind, prediction = "masks", Fills

    def __init__(self, task, settings):
        self.mask = task.preprocessor.tokenizer.mask_token
        self.example = f"Paris is the {self.mask} of France."
        super().__init__(task, settings)

    def build_forms(self):
        about = f"A text with {self.mask} where a token is to be found."
        text = text_type(self.settings, about, pattern=re.escape(self.mask))
        top_k = Annotated[int, Field(ge=1, le=100, description="How many tokens for each mask.")]
        target = Annotated[str, Field(max_length=100)]
        targets = Annotated[
            list[target],
            Field(min_length=1, max_length=100, description="Tokens that alone may be the answer."),
        ]
        options = {"top_k": (top_k, 5), "targets": (targets | None, None)}
        return self.text_forms(self.example, text, **options)

    def fields(self):
        return self.text_field(self.example, f"Text with {self.mask}")

    def facts(self):
        return {"mask": self.mask}

    def rows(self, request):
        return self.texts_of(request)

    def group(self, request):
        return (request.top_k, tuple(request.targets or ()))

    def run(self, rows, group, size):
        top_k, targets = group
        found = self.task.fill(rows, top_k=top_k, targets=list(targets) or None, batch_size=size)
        # One mask's answers are a list, those of several a list of lists.
        return [[one] if isinstance(one[0], dict) else one for one in found]

    def predictions(self, answers, request):
        return [{"masks": masks} for masks in answers]
