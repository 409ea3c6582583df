"""Scores of pairs, and documents by how well they go with a query."""

import numpy as np
from pydantic import Field

from ...tasks.class_answers import answers
from ..forms import form, list_type, text_type
from .base import Prediction
from .classes import Scored, TextClasses, classified

QUERY, DOCUMENTS = "Is it closed?", ["It is closed today.", "We had soup."]


class PairScore(Prediction):
    """How well two texts go together; the labels of a model that has classes."""

    score: float
    labels: list[Scored] = Field(default=[], description="Empty where the model gives a number.")


class Ranked(Prediction):
    """A document of a query."""

    index: int = Field(description="Its place in the request, from 0.")
    document: str
    score: float


class Ranking(Prediction):
    """The documents of a query, best first."""

    ranking: list[Ranked]


class PairScores(TextClasses):
    """`PairScorer`."""

    kind = "ranking"

    def __init__(self, task, settings):
        super().__init__(task, settings)
        self.prediction = PairScore | Ranking

    def build_forms(self):
        one, _, many = super().build_forms()
        text = text_type(self.settings, "What is looked for.")
        document = text_type(self.settings, "What is found.")
        second = text_type(self.settings, "The other text.")
        documents = list_type(document, self.settings, "Documents to be ordered.")
        options = self.options()
        pair = {"text": QUERY, "pair": DOCUMENTS[0]}
        both = {"text": (text, ...), "pair": (second, ...), **options}
        one = form("Pair", "One pair.", pair, **both)
        fields = {"query": (text, ...), "documents": (documents, ...)}
        ranked = {"query": QUERY, "documents": DOCUMENTS}
        return [one, many, form("Query", "Documents, to be ordered.", ranked, **fields)]

    def fields(self):
        return [
            {"name": "query", "label": "Query", "type": "line", "example": QUERY},
            {
                "name": "documents",
                "label": "Documents, one a line",
                "type": "lines",
                "example": "\n".join(DOCUMENTS),
            },
        ]

    def rows(self, request):
        if hasattr(request, "query"):
            return [(request.query, document) for document in request.documents]
        return super().rows(request)

    def run(self, rows, group, size):
        logits = self.forward(rows)
        scores = self._scores(logits)
        labels = [[]] * len(rows)
        if self.task.problem != "regression":
            labels = answers(self.task._labels, logits, top_k=None)
        return [(float(score), row) for score, row in zip(scores, labels)]

    def _scores(self, logits):
        """As `PairScorer.score` has them."""
        if self.task.problem == "regression":
            return logits[:, 0]
        place = self.task.num_classes - 1
        if self.task.positive is not None:
            names = list(self.task.labels or range(self.task.num_classes))
            place = names.index(self.task.positive)
        return self.task.probabilities(logits)[:, place]

    def predictions(self, answers, request):
        if not hasattr(request, "query"):
            return [
                {"score": score, "labels": self._labels(row, request)} for score, row in answers
            ]
        order = np.argsort([-score for score, _ in answers], kind="stable").tolist()
        ranking = [
            {"index": i, "document": request.documents[i], "score": answers[i][0]} for i in order
        ]
        return [{"ranking": ranking}]

    def _labels(self, row, request):
        return classified(self.task.problem, row, request)["labels"] if row else []
