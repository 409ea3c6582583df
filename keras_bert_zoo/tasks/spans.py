"""From scores of begins and ends to the best answers of a row."""

import dataclasses

import numpy as np

NO_ANSWER = ("allowed", "never")


@dataclasses.dataclass(frozen=True)
class Candidates:
    """What a row's windows say.

    Args:
        context: str.
        spans: `(score, start, end)`, best first; `start` and `end` in characters of the context,
            the score a sum of two logits. Empty if the context has no tokens.
        null: score of no answer, in the window in which it is the least.
    """

    context: str
    spans: list
    null: float

    @property
    def gap(self):
        """By how much no answer is more likely than the best one; infinite if there is none."""
        return self.null - self.spans[0][0] if self.spans else np.inf

    @property
    def best(self):
        """The best answer's text, whatever the score of no answer; empty if there is none."""
        return self.context[slice(*self.spans[0][1:])] if self.spans else ""

    def is_null(self, threshold):
        """Whether no answer is the better one."""
        return self.gap > threshold

    def answers(self, no_answer="allowed", threshold=0.0):
        """All candidates as `SpanExtractor.answer` gives them, the chosen one first."""
        entries = list(self.spans)
        if no_answer == "allowed" or not entries:
            entries.append((self.null, 0, 0))
        scores = np.array([score for score, _, _ in entries])
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        null = float(shares[-1]) if len(entries) > len(self.spans) else 0.0
        order = list(np.argsort(-scores, kind="stable"))
        if len(entries) > len(self.spans):
            chosen = len(entries) - 1 if self.is_null(threshold) else 0
            order = [chosen, *(number for number in order if number != chosen)]
        return [_answer(self.context, entries[n], float(shares[n]), null) for n in order]


def _answer(context, entry, score, null):
    _, start, end = entry
    return {
        "answer": context[start:end],
        "start": start,
        "end": end,
        "score": score,
        "no_answer_score": null,
    }


def candidates(context, windows, n_best, max_answer_length):
    """The best stretches over all windows of a row, and the score of no answer.

    As in BERT's run_squad.py (https://github.com/google-research/bert) a stretch counts from the
    window that its first token is of, has at most `max_answer_length` tokens, and scores the sum of
    two logits; no answer scores those of [CLS], in the window in which they are the least. That
    code combines the 20 best begins with the 20 best ends; here all pairs are looked at.

    Args:
        context: str.
        windows: list of `(SpanInfo, logits)`; logits `(length, 2)`.
        n_best: how many stretches to keep.
        max_answer_length: most tokens of a stretch.
    """
    found = []
    for info, logits in windows:
        found += _of_window(info, logits, n_best, max_answer_length)
    found.sort(key=lambda span: (-span[0], *span[1:]))
    null = min(float(logits[info.null].astype("float64").sum()) for info, logits in windows)
    return Candidates(context, found[:n_best], null)


def _of_window(info, logits, n_best, max_answer_length):
    window, tokens = info.window, info.tokens
    count, first = window.end - window.start, window.first - window.start
    if window.first == window.last:
        return []
    begins, ends = logits[info.shift : info.shift + count].astype("float64").T
    width = min(max_answer_length, count)
    ends = np.concatenate([ends, np.full(width - 1, -np.inf)])
    # (begins of this window, lengths): the score of each stretch.
    scores = np.lib.stride_tricks.sliding_window_view(ends, width)
    last = window.last - window.start
    scores = (begins[first:last, None] + scores[first:last]).ravel()
    places = np.arange(len(scores))
    if len(scores) > n_best:
        places = np.argpartition(-scores, n_best - 1)[:n_best]
    return [
        (float(scores[p]), *_characters(tokens, window.first + p // width, p % width))
        for p in places
        if scores[p] > -np.inf
    ]


def _characters(tokens, first, extra):
    return int(tokens.starts[first]), int(tokens.ends[first + extra])


class Thresholds:
    """Gaps between no answer and an answer, as numbers in (0, 1) in the same order, and back.

    `squad_scores` takes the number 0 for "before all": a gap could be below it.

    Args:
        gaps: list of `Candidates.gap`.
    """

    def __init__(self, gaps):
        gaps = np.array(gaps, "float64")
        self.values = np.unique(gaps[np.isfinite(gaps)])
        self.ranks = (np.searchsorted(self.values, gaps) + 1) / (len(self.values) + 1)

    def at(self, rank):
        """A threshold that admits the gaps up to that rank: half way to the next one."""
        values = self.values
        if not len(values):
            return 0.0
        count = round(rank * (len(values) + 1))
        if count == 0:
            return float(values[0]) - 1.0
        if count >= len(values):
            return float(values[-1]) + 1.0
        return float(values[count - 1] + values[count]) / 2
