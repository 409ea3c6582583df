"""Questions and windows over the texts that may answer them."""

import dataclasses
import unicodedata

import numpy as np

from .answers import answer_spans
from .feature import Feature, Featurizer
from .packing import after_space, fill
from .questions import read_questions
from .strided_windows import strided_windows
from .truncation import TruncationError
from .windows import Window


@dataclasses.dataclass(frozen=True)
class ContextTokens:
    """The tokens of one row's context, in one piece.

    Args:
        ids: token ids, without special ones.
        starts, ends: of each token, in characters of the context.
        context: str.
    """

    ids: list
    starts: np.ndarray
    ends: np.ndarray
    context: str

    def tokens_of(self, start, end):
        """`(first, last)`, the tokens that share a character with a stretch; None if none does."""
        first = int(np.searchsorted(self.ends, start, side="right"))
        last = int(np.searchsorted(self.starts, end, side="left")) - 1
        return (first, last) if first <= last else None


@dataclasses.dataclass(frozen=True)
class SpanInfo:
    """What a window's answer is read with.

    Args:
        tokens: `ContextTokens` of the row.
        window: `Window` over them.
        shift: place of the window's first token in the input.
        null: place of the class token in the input, which stands for no answer.
    """

    tokens: ContextTokens
    window: Window
    shift: int
    null: int = 0


class SpanFeatures(Featurizer):
    """`[CLS] question [SEP] window of the context [SEP]`; what is learnt is two positions.

    They are the first and the last token of the first of the right answers, if the window holds
    all of it, and else the place of [CLS], twice: section 4.3 of https://arxiv.org/abs/1810.04805.
    Other special tokens go where the tokenizer's template has them.

    Args:
        preprocessor: `Preprocessor`.
        stride: tokens from the begin of a window to that of the next, at most the window's room; a
            third of the preprocessor's length if not given, which is the 128 of 384 of BERT.
        max_query_length: most tokens of a question; it never takes more than half of the room.

    Raises:
        ValueError: a stride or a length below 1.

    Example:

    >>> features = SpanFeatures(Preprocessor(tokenizer, 384))
    >>> rows, answers = features.read([("Who?", "Ada was here.")], ["Ada"])
    >>> features.features(rows, answers, TruncationReport(384))[0].target
    (4, 4)
    """

    splits, padding_side = True, "right"

    def __init__(self, preprocessor, *, stride=None, max_query_length=64):
        super().__init__(preprocessor)
        length = preprocessor.max_sequence_length
        for name, value in (("stride", stride), ("max_query_length", max_query_length)):
            if value is not None and value < 1:
                raise ValueError(f"{name} must be 1 or more. Given: {value}.")
        self.stride = max(length // 3, 1) if stride is None else int(stride)
        self._most_of_query = int(max_query_length)

    @property
    def query_length(self):
        """Most tokens of a question."""
        return min(self._most_of_query, self.preprocessor.room(2) // 2)

    def read(self, x, y=None):
        return read_questions(x, y)

    def answers(self, rows, targets):
        """All right answers of each row: lists of `(start, end)` in characters of the context."""
        return [
            answer_spans(target, row["context"], _place(row, number))
            for number, (row, target) in enumerate(zip(rows, targets))
        ]

    # -------------------------------------------------------------- features

    def features(self, rows, targets, report):
        goals = None if targets is None else self.answers(rows, targets)
        questions, contexts = self._tokens(rows, report)
        result = []
        for number, (question, tokens) in enumerate(zip(questions, contexts)):
            room = self.preprocessor.room(2) - len(question)
            found = strided_windows(len(tokens.ids), room, min(self.stride, room))
            of_row = [self._feature(number, question, tokens, window) for window in found]
            if goals is not None:
                goal = self._goal(rows[number], tokens, goals[number], number)
                for feature in of_row:
                    feature.target = _target(goal, feature.info)
            result += of_row
        return result

    def _tokens(self, rows, report):
        """Ids of each question, cut, and `ContextTokens` of each context."""
        tokenizer = self.preprocessor.tokenizer
        questions = tokenizer.ids_batch([row["question"] for row in rows])
        contexts = list(dict.fromkeys(row["context"] for row in rows))  # many have the same
        encoded = tokenizer.encode_batch(contexts, add_special_tokens=False)
        of = {text: context_tokens(text, encoding) for text, encoding in zip(contexts, encoded)}
        contexts = [of[row["context"]] for row in rows]
        cut = [max(len(question) - self.query_length, 0) for question in questions]
        if self.preprocessor.truncation == "error" and any(cut):
            self._refuse(rows, questions, cut)
        report.add([len(q) + len(c.ids) for q, c in zip(questions, contexts)], cut)
        return [question[: self.query_length] for question in questions], contexts

    def _refuse(self, rows, questions, cut):
        first = next(number for number, dropped in enumerate(cut) if dropped)
        raise TruncationError(
            f"{sum(1 for n in cut if n)} of {len(rows)} questions are longer than the "
            f"{self.query_length} tokens that they may have. The first has "
            f"{len(questions[first])} and begins {rows[first]['question'][:60]!r}. Shorten them, "
            'raise max_query_length, or use truncation="warn" or "silent" to have them cut.'
        )

    def _goal(self, row, tokens, spans, number):
        """`(first, last)` token of what is to be learnt; None if there is no answer."""
        if not spans:
            return None
        start, end = spans[0]
        found = tokens.tokens_of(start, end)
        if found is None:
            raise ValueError(
                f"{_place(row, number)}: the answer {tokens.context[start:end]!r} (characters "
                f"{start} to {end}) holds nothing that becomes a token."
            )
        return found

    def _feature(self, number, question, tokens, window):
        layout = self.preprocessor.tokenizer.template.pair
        parts = [question, tokens.ids[window.start : window.end]]
        ids, segments, _ = fill(layout, parts, self.preprocessor.max_sequence_length)
        shift = layout.starts(list(map(len, parts)))[1]
        null = 0 if layout.ids[0] else len(ids) - 1  # XLNet's class token is the last one
        return Feature([(ids, segments)], number, None, SpanInfo(tokens, window, shift, null))

    # -------------------------------------------------------------- batches

    def targets(self, features, inputs):
        count = len(inputs["token_ids"])
        y, weight = np.zeros((count, 2), "int32"), np.zeros(count, "float32")
        y[: len(features)] = [feature.target for feature in features]
        weight[: len(features)] = 1
        return y, weight


def _target(goal, info):
    """Places of the answer in a window's input; those of [CLS] if not all of it is there."""
    window = info.window
    if goal is None or goal[0] < window.start or goal[1] >= window.end:
        return info.null, info.null
    return tuple(place - window.start + info.shift for place in goal)


def _place(row, number):
    return f"Row {number} (id {row['id']!r})" if "id" in row else f"Row {number}"


def context_tokens(context, encoding):
    """`ContextTokens` of a text and its `Encoding`."""
    offsets = [(after_space(context, *pair), pair[1]) for pair in encoding.offsets]
    starts, ends = np.array(offsets, "int64").reshape(-1, 2).T
    if not context.isascii():
        limits = [*starts[1:].tolist(), len(context)]
        pairs = zip(ends.tolist(), limits)
        ends = np.array([_with_marks(context, *pair) for pair in pairs], "int64")
    return ContextTokens(encoding.ids, starts, ends, context)


def _with_marks(context, end, limit):
    """The end of a token, with the accents that follow it: uncased tokenizers drop these."""
    while end < limit and unicodedata.category(context[end]) == "Mn":
        end += 1
    return end
