"""The stretch of a text that answers a question."""

import itertools

import keras
import numpy as np

from ..errors import unknown_name
from ..families import family_called
from ..metrics.squad import squad_scores
from ..preprocessing.inputs import plain
from ..preprocessing.span_features import SpanFeatures
from ..training.span_loss import PARTS, SpanAccuracy, SpanLoss
from .feature_task import FeatureTask
from .spans import NO_ANSWER, Thresholds, candidates
from .task import encoder_inputs


@keras.saving.register_keras_serializable("keras_bert_zoo")
class SpanExtractor(FeatureTask):
    """Extractive question answering. Its outputs are logits `(batch, length, 2)`: begin, end.

    Contexts longer than the encoder are read in overlapping windows. Rows are
    `{"question": ..., "context": ..., "answers": ...}`, as `preprocessing.squad.read_squad` gives
    them, pairs `(question, context)`, two columns, or a table; answers are strings, positions, or
    dictionaries as in SQuAD: see `preprocessing.answers.answer_spans`. Of several right answers the
    first is learnt, and all of them count in `score`.

    Args:
        encoder: `keras_bert_zoo.Encoder`.
        preprocessor: `keras_bert_zoo.Preprocessor`; None takes encoded inputs only.
        stride, max_query_length: see `preprocessing.span_features.SpanFeatures`.
        max_answer_length: most tokens of an answer.
        n_best: how many candidates share the probability.
        no_answer: `"allowed"` or `"never"`, whether an answer may be that there is none.
        null_threshold: by how much the score of no answer must exceed that of the best one. See
            `fit_null_threshold`.
        recipe: `keras_bert_zoo.Recipe`.
        seed: of the order of the training data.

    Raises:
        ValueError: an option that is out of its range.

    Example:

    >>> from keras_bert_zoo.preprocessing.squad import read_squad
    >>> task = SpanExtractor.from_preset("all_minilm_l6_v2", max_sequence_length=384)
    >>> task.fit(read_squad("train-v2.0.json"), epochs=2)
    >>> task.answer(question="Who was here?", context="Ada was here.")
    {'answer': 'Ada', 'start': 0, 'end': 3, 'score': 0.97, 'no_answer_score': 0.01}
    """

    head_options = ()
    has_dropout = False
    architecture = "ForQuestionAnswering"
    example = 'task.answer(question="Who was here?", context="Ada Lovelace was here.")'

    def __init__(
        self,
        encoder,
        preprocessor=None,
        *,
        stride=None,
        max_query_length=64,
        max_answer_length=30,
        n_best=20,
        no_answer="allowed",
        null_threshold=0.0,
        recipe=None,
        seed=None,
        name="span_extractor",
    ):
        check_options(max_answer_length, n_best, no_answer)
        style = family_called(encoder.config.family).head("SpanExtractor")
        inputs = encoder_inputs(encoder)
        outputs = style.build(encoder, encoder(inputs), inputs["padding_mask"])
        super().__init__(
            encoder, inputs, outputs, preprocessor=preprocessor, recipe=recipe, seed=seed, name=name
        )
        self.stride, self.max_query_length = stride, max_query_length
        self.max_answer_length, self.n_best = max_answer_length, n_best
        self.no_answer, self.null_threshold = no_answer, float(null_threshold)
        if preprocessor is not None:
            self.featurizer  # noqa: B018  its options are checked here

    @property
    def featurizer(self):
        """Of the preprocessor that the task has now: it can be replaced."""
        if self.preprocessor is None:
            return None
        options = {"stride": self.stride, "max_query_length": self.max_query_length}
        return SpanFeatures(self.preprocessor, **options)

    # -------------------------------------------------------------- training

    def default_loss(self):
        return SpanLoss()

    def default_metrics(self):
        return [SpanAccuracy(part) for part in PARTS]

    # -------------------------------------------------------------- answers

    def assemble(self, rows, features, outputs):
        """Logits over each row: a list of float32 arrays `(1 + tokens of the context, 2)`.

        The first entry is of no answer, from the window in which that scores least; the others are
        of the context's tokens, each from the window that shows most of what is around it. `answer`
        does not join windows inside of an answer: it takes begin and end from the same one.
        """
        merged = []
        for windows in _by_row(features, outputs):
            nulls = (logits[info.null][None] for info, logits in windows)
            parts = [min(nulls, key=lambda null: null.sum())]
            for info, logits in windows:
                place = info.shift - info.window.start
                parts.append(logits[info.window.first + place : info.window.last + place])
            merged.append(np.concatenate(parts))
        return merged

    def answer(
        self,
        question,
        context=None,
        *,
        top_k=1,
        max_answer_length=None,
        n_best=None,
        no_answer=None,
        null_threshold=None,
        batch_size=None,
        verbose=0,
    ):
        """Answers questions.

        Args:
            question: a str, or a list of them; without `context` anything that `predict` takes,
                such as a list of `{"question": ..., "context": ...}`.
            context: the text to answer from, or a list of them; one str serves all questions, and
                one question can be asked of many texts.
            top_k: how many answers for each question, the chosen one first, then by score; fewer if
                the context has not as many; None for all `n_best` and no answer.
            max_answer_length, n_best, no_answer, null_threshold: the task's own if not given.
            batch_size: windows in a batch.
            verbose: 1 shows progress.

        Returns:
            For each question (for the question, if one was given) a dictionary, or a list of these
            if `top_k` is not 1. `answer` is exactly `context[start:end]`; it is `""`, and both
            positions are 0, where the context has no answer. `score` is the probability of this
            answer among the `n_best` and no answer, `no_answer_score` that of no answer; it is 0.0
            with `no_answer="never"`, where no answer is left out of the reckoning.

        Raises:
            ValueError: an option out of its range, or lists of different lengths.
        """
        n_best = self.n_best if n_best is None else n_best
        no_answer = self.no_answer if no_answer is None else no_answer
        threshold = self.null_threshold if null_threshold is None else null_threshold
        longest = self.max_answer_length if max_answer_length is None else max_answer_length
        check_options(longest, n_best, no_answer)
        if top_k is not None and not 1 <= top_k <= n_best + 1:
            raise ValueError(f"top_k must be from 1 to n_best + 1 = {n_best + 1}. Given: {top_k}.")
        x, alone = _asked(question, context)
        found = self._candidates(x, longest, n_best, batch_size, verbose)
        answers = [row.answers(no_answer, threshold)[:top_k] for row in found]
        answers = [row[0] for row in answers] if top_k == 1 else answers
        return answers[0] if alone else answers

    def _candidates(self, x, max_answer_length, n_best, batch_size, verbose):
        """`Candidates` of each row."""
        if self.preprocessor is None:
            raise ValueError(
                "This task has no preprocessor, so it takes the encoder's inputs only. To give it "
                "questions, build it with preprocessor=keras_bert_zoo.Preprocessor(tokenizer)."
            )
        rows, features, outputs = self.run(x, batch_size, verbose)
        return [
            candidates(row["context"], windows, n_best, max_answer_length)
            for row, windows in zip(rows, _by_row(features, outputs))
        ]

    # -------------------------------------------------------------- scores

    def score(self, x, y=None, batch_size=None, verbose=0):
        """SQuAD's scores, in percent, windows merged; see `keras_bert_zoo.metrics.squad_scores`.

        Args:
            x, y: as for `fit`.
            batch_size: windows in a batch.
            verbose: 1 shows progress.

        Returns:
            `exact`, `f1` and their parts, with the task's `no_answer` and `null_threshold`; where
            no answer is allowed also `best_exact`, `best_f1`, and the thresholds that give them.
        """
        found, golds = self._scored(x, y, batch_size, verbose)
        never = self.no_answer == "never"
        given = [
            "" if not never and row.is_null(self.null_threshold) else row.best for row in found
        ]
        scores = squad_scores(dict(enumerate(given)), golds)
        return scores if never else {**scores, **_best_scores(found, golds)}

    def fit_null_threshold(self, x, y=None, batch_size=None, verbose=0):
        """Finds the `null_threshold` of the best F1 on validation data, keeps it, and returns it.

        The data should have questions with and without answers, as often as the task will meet
        them. The threshold is saved with the task.

        Args:
            x, y: as for `fit`.
            batch_size: windows in a batch.
            verbose: 1 shows progress.

        Raises:
            ValueError: the task never gives no answer, so that a threshold would change nothing.
        """
        if self.no_answer == "never":
            raise ValueError(
                'This task has no_answer="never", so it has no use for a threshold. Set '
                'task.no_answer = "allowed" before.'
            )
        found, golds = self._scored(x, y, batch_size, verbose)
        self.null_threshold = _best_scores(found, golds)["best_f1_thresh"]
        return self.null_threshold

    def _scored(self, x, y, batch_size, verbose):
        """`(list of Candidates, {number: right answers})`."""
        rows, targets, _ = self._feeder().labelled(x, y)
        spans = self.featurizer.answers(rows, targets)
        golds = {
            number: [row["context"][start:end] for start, end in of_row]
            for number, (row, of_row) in enumerate(zip(rows, spans))
        }
        options = (self.max_answer_length, self.n_best, batch_size, verbose)
        return self._candidates(rows, *options), golds

    # -------------------------------------------------------------- saving

    def get_config(self):
        return {
            **super().get_config(),
            "stride": self.stride,
            "max_query_length": self.max_query_length,
            "max_answer_length": self.max_answer_length,
            "n_best": self.n_best,
            "no_answer": self.no_answer,
            "null_threshold": self.null_threshold,
        }

    @classmethod
    def head_from_hugging_face(cls, checkpoint):
        """Options of the head that a Hugging Face folder holds, or None if it holds none."""
        held = checkpoint.holds(checkpoint.family.head(cls.head_style))
        held = held and checkpoint.is_for(cls.architecture)
        return {} if held else None


def check_options(max_answer_length, n_best, no_answer):
    """Raises a ValueError for an option that is out of its range."""
    for name, value in (("max_answer_length", max_answer_length), ("n_best", n_best)):
        if value < 1:
            raise ValueError(f"{name} must be 1 or more. Given: {value}.")
    if no_answer not in NO_ANSWER:
        raise unknown_name("no_answer", no_answer, NO_ANSWER)


def _by_row(features, outputs):
    """For each row the list of `(SpanInfo, logits)` of its windows."""
    pairs = zip(features, outputs)
    for _, of_row in itertools.groupby(pairs, key=lambda pair: pair[0].row):
        yield [(feature.info, logits) for feature, logits in of_row]


def _best_scores(found, golds):
    """The best scores that some threshold gives, and the thresholds."""
    thresholds = Thresholds([row.gap for row in found])
    texts = {number: row.best for number, row in enumerate(found)}
    scores = squad_scores(texts, golds, dict(enumerate(thresholds.ranks.tolist())))
    return {
        "best_exact": scores["best_exact"],
        "best_exact_thresh": thresholds.at(scores["best_exact_thresh"]),
        "best_f1": scores["best_f1"],
        "best_f1_thresh": thresholds.at(scores["best_f1_thresh"]),
    }


def _asked(question, context):
    """`(rows, alone)`: what the featurizer reads, and whether it is one question."""
    if context is None:
        if isinstance(question, str):
            raise ValueError("Give the text to answer from: answer(question=..., context=...).")
        return question, isinstance(question, dict) and isinstance(question.get("question"), str)
    alone = isinstance(question, str) and isinstance(context, str)
    questions, contexts = plain(question), plain(context)
    if isinstance(question, str):
        questions = questions * len(contexts)
    if isinstance(context, str):
        contexts = contexts * len(questions)
    return (questions, contexts), alone
