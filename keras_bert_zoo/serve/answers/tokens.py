"""Stretches of texts: entities, and words that do not belong."""

from typing import Annotated

from pydantic import Field

from .base import Answers, Prediction

SHARE = Annotated[float, Field(ge=0, le=1, description="Least score of what is told.")]


class Word(Prediction):
    """A stretch of the text, and how probable it is."""

    text: str
    start: int = Field(description="In characters (Unicode code points) of the text, from 0.")
    end: int = Field(description="Of the character after the last one.")
    score: float


class Entity(Word):
    """A stretch with a label."""

    label: str | int


class EntityList(Prediction):
    """What was found in a text."""

    entities: list[Entity]


class Entities(Answers):
    """`TokenClassifier`."""

    kind, windows, prediction = "entities", True, EntityList
    example, least = "Ada Lovelace was in London.", 0.0

    def build_forms(self):
        return self.text_forms(self.example, min_score=(SHARE, self.least))

    def fields(self):
        return self.text_field(self.example)

    def rows(self, request):
        return self.texts_of(request)

    def run(self, rows, group, size):
        return self.task.extract(rows, batch_size=size)

    def predictions(self, answers, request):
        return [
            {"entities": [one for one in found if one["score"] >= request.min_score]}
            for found in answers
        ]


class WordList(Prediction):
    """Words of a text that probably do not belong."""

    words: list[Word]


class ReplacedWords(Entities):
    """`ReplacedTokenDetector`."""

    kind, prediction = "words", WordList
    example, least = "The chef ate the meal.", 0.5

    def build_forms(self):
        return self.text_forms(self.example, threshold=(SHARE, self.least))

    def run(self, rows, group, size):
        return self.task.detect(rows, threshold=0.0, batch_size=size)

    def predictions(self, answers, request):
        return [
            {"words": [one for one in found if one["score"] >= request.threshold]}
            for found in answers
        ]
