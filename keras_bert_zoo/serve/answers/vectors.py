"""Vectors of texts."""

from enum import Enum
from typing import Annotated

from pydantic import Field

from .base import Answers, Prediction

EXAMPLES = ("A man eats.", "Someone is eating.", "It rains.")


class Vector(Prediction):
    """A text's vector."""

    vector: list[float]


class Vectors(Answers):
    """`TextEmbedder`."""

    kind, prediction = "vectors", Vector

    def build_forms(self):
        about = "Numbers of each vector that are kept, for models trained with Matryoshka losses."
        dim = Annotated[int, Field(ge=1, le=self.task.dim, description=about)]
        options = {"truncate_dim": (dim | None, None)}
        if self.task.prompts:
            names = Enum("Prompt", {name: name for name in self.task.prompts}, type=str)
            about = "Name of what is put before the texts."
            # From JSON comes the name itself, which a strict enumeration would refuse.
            named = Annotated[names, Field(strict=False, description=about)]
            options["prompt"] = (named | None, None)
        return self.text_forms(EXAMPLES[0], **options)

    def fields(self):
        label, example = "Texts, one a line", "\n".join(EXAMPLES)
        return [{"name": "texts", "label": label, "type": "lines", "example": example}]

    def facts(self):
        return {"dim": self.task.dim, "prompts": list(self.task.prompts)}

    def rows(self, request):
        return self.texts_of(request)

    def group(self, request):
        prompt = getattr(request, "prompt", None)
        return (prompt and prompt.value, request.truncate_dim)

    def parts(self, row, group):
        return [(self.task.prefix(group[0]) + row,)]

    def run(self, rows, group, size):
        prompt, dim = group
        vectors = self.task.embed(rows, prompt, size, truncate_dim=dim)
        return [[round(x, 8) for x in vector] for vector in vectors.tolist()]

    def predictions(self, answers, request):
        return [{"vector": vector} for vector in answers]
