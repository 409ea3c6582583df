"""Scores for pairs of texts, read together: inference, paraphrase, similarity, ranking."""

import keras
import numpy as np

from ..errors import unknown_name
from ..preprocessing.inputs import plain
from .text_classifier import TextClassifier


@keras.saving.register_keras_serializable("keras_bert_zoo")
class PairScorer(TextClassifier):
    """A cross-encoder: a `TextClassifier` of pairs that also scores and ranks.

    Args:
        encoder: `keras_bert_zoo.Encoder`.
        preprocessor: `keras_bert_zoo.Preprocessor`; None takes encoded inputs only.
        labels: names of the classes; for one number a pair, neither labels nor `num_classes`.
        num_classes: how many; 1 if neither it nor labels are given.
        problem: `"regression"` for one number a pair (similarity), `"multi_label"` with one class
            for relevance (yes or no), `"single"` for classes; chosen by the classes if not given.
        positive: the class whose probability is the score; the last if not given.
        **kwargs: of `TextClassifier`.

    Example:

    >>> task = PairScorer.from_preset("bert_nano_en_uncased", problem="regression")
    >>> task.fit([("A man eats.", "Someone eats."), ("A man eats.", "It rains.")], [0.9, 0.0])
    >>> task.rank("Who eats?", ["It rains.", "A man eats."])[0]
    {'index': 1, 'document': 'A man eats.', 'score': 0.7}
    """

    head_options = ("labels", "num_classes", "problem")
    head_style = "TextClassifier"
    architecture = ("ForSequenceClassification", "ForNextSentencePrediction")
    example = 'task.rank("A question?", ["A text.", "Another."])'

    def __init__(
        self,
        encoder,
        preprocessor=None,
        *,
        labels=None,
        num_classes=None,
        problem=None,
        positive=None,
        name="pair_scorer",
        **kwargs,
    ):
        if labels is None and num_classes is None:
            num_classes = 1
        if problem is None:
            problem = "regression" if (num_classes or len(labels)) == 1 else "single"
        super().__init__(
            encoder,
            preprocessor,
            labels=labels,
            num_classes=num_classes,
            problem=problem,
            name=name,
            **kwargs,
        )
        self.positive = positive
        if positive is not None and positive not in (self.labels or range(self.num_classes)):
            raise unknown_name("positive class", positive, self.labels or range(self.num_classes))

    def score(self, pairs, batch_size=None, verbose=0):
        """One number for each pair, higher for the better: a float32 array `(n,)`.

        Args:
            pairs: a list of pairs, a tuple of two lists, or a table.
            batch_size: pairs in a batch.
            verbose: 1 shows progress.

        Returns:
            For regression the number; else the probability of the positive class.
        """
        return self.scores_of(self.predict(pairs, batch_size=batch_size, verbose=verbose))

    def scores_of(self, logits):
        """What `score` returns, from what `predict` returns."""
        if self.problem == "regression":
            return logits[:, 0]
        place = self.num_classes - 1
        if self.positive is not None:
            place = list(self.labels or range(self.num_classes)).index(self.positive)
        return self.probabilities(logits)[:, place]

    def rank(self, query, documents, top_k=None, batch_size=None, verbose=0):
        """Documents by how well they go with a query, best first.

        Args:
            query: a text.
            documents: list of texts.
            top_k: how many to return; all if not given.
            batch_size: pairs in a batch.
            verbose: 1 shows progress.

        Returns:
            A list of `{"index", "document", "score"}`.
        """
        if not isinstance(query, str):
            raise TypeError(
                f"rank takes one query, a str. Given: {query!r:.60} ({type(query).__name__})."
            )
        documents = plain(documents)
        if not documents:
            return []
        scores = self.score([(query, one) for one in documents], batch_size, verbose)
        best = np.argsort(-scores, kind="stable")[:top_k]
        return [
            {"index": int(i), "document": documents[i], "score": float(scores[i])} for i in best
        ]

    def get_config(self):
        return {**super().get_config(), "positive": self.positive}

    @classmethod
    def head_from_hugging_face(cls, checkpoint):
        """Options of the head that a Hugging Face folder holds, or None if it holds none.

        Next-sentence prediction is one: the classes `"next"` and `"other"`.
        """
        if next_sentence(checkpoint):
            return {"labels": ["next", "other"], "num_classes": 2, "positive": "next"}
        return super().head_from_hugging_face(checkpoint)

    @classmethod
    def head_names(cls, checkpoint):
        style = next_sentence(checkpoint) or checkpoint.family.head(cls.head_style)
        return style.weight_names


def next_sentence(checkpoint):
    """The head for next-sentence prediction, if the family has one and the checkpoint holds it."""
    style = checkpoint.family.heads.get("NextSentence")
    return style if style is not None and checkpoint.holds(style) else None
