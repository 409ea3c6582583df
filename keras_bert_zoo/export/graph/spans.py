"""The stretch of a text that answers a question."""

import numpy as np
import tensorflow as tf

from ...tokenizers.graph.characters import row_numbers
from .characters import Characters, readable
from .rows import cut, dense, join, lengths_of, stretches, widest
from .served import TEXTS, Served, Signature
from .windows import strided_windows

QUESTIONS = ["Who was here?", "What was good?"]
CONTEXTS = ["Ada Lovelace was here.", "The food was good, the room was not."]


class ServedSpans(Served):
    """The best answer of each question, as `SpanExtractor.answer` gives it.

    Args:
        task: a `SpanExtractor`.
        **options: of `Served`.
    """

    def set_up(self, task):
        self.characters = Characters()
        self._longest_answer, self._n_best = task.max_answer_length, task.n_best
        self._never, self._threshold = task.no_answer == "never", task.null_threshold
        if task.preprocessor is not None:
            self._stride = task.featurizer.stride
            self._query_length = task.featurizer.query_length
            self._room = task.preprocessor.room(2)

    def signatures(self):
        inputs = {"question": TEXTS, "context": TEXTS}
        example = {"question": QUESTIONS, "context": CONTEXTS}
        return {"serving_default": Signature(self.answer, inputs, example)}

    def tokens(self, **inputs):
        logits = self.network(inputs)
        return {"start_logits": logits[:, :, 0], "end_logits": logits[:, :, 1]}

    def answer(self, question, context):
        context = readable(context)
        question = self.tokenizer.ids(question)
        question = cut(question, tf.minimum(lengths_of(question), self._query_length))
        found = self.tokenizer(context)
        asked = lengths_of(question)
        windows = strided_windows(lengths_of(found.ids), self._room - asked, self._stride)
        logits = self._window_logits(question, found.ids, windows)
        starts, ends = self._offsets(context, found)
        count = tf.size(context)
        scores, places, window = self._best_of_windows(logits["inner"], windows)
        before = tf.gather(tf.cast(found.ids.row_starts(), tf.int32), windows.row)
        first = tf.gather(before + windows.first, window) + places[0]
        row = tf.gather(windows.row, window)
        start, end = tf.gather(starts, first), tf.gather(ends, first + places[1])
        spans = _sorted(row, scores, start, end)
        null = tf.math.unsorted_segment_min(logits["null"], windows.row, count)
        return self._answers(context, spans, null)

    # -------------------------------------------------------------- the model

    def _window_logits(self, question, ids, windows):
        """`inner`: ragged float64 `(windows, tokens, 2)`; `null`: of no answer `(windows,)`."""
        layout = self._template.pair
        before = tf.gather(tf.cast(ids.row_starts(), tf.int32), windows.row)
        parts = stretches(ids.values, before + windows.start, before + windows.end)
        question = tf.gather(question, windows.row)
        rows = join(layout, [question, parts])
        logits = tf.cast(self.network(self.pad(rows, "right")), tf.float64)
        shift = lengths_of(question) + sum(len(ids) for ids in layout.ids[:2])
        inner = tf.ragged.range(shift, shift + lengths_of(parts))
        places = tf.stack([tf.cast(row_numbers(inner), tf.int32), inner.values], axis=1)
        null = tf.zeros_like(shift) if layout.ids[0] else lengths_of(rows[0]) - 1
        null = tf.gather(logits, null, batch_dims=1)
        return {
            "inner": inner.with_values(tf.gather_nd(logits, places)),
            "null": tf.reduce_sum(null, axis=1),
        }

    def _offsets(self, context, found):
        """`(starts, ends)` of the tokens of all contexts, trimmed as `span_features` does."""
        points = self.characters.read(context)
        row = tf.cast(row_numbers(found.ids), tf.int32)
        ends = found.ends.values
        starts = self.characters.after_spaces(points, row, found.starts.values, ends)
        size = tf.gather(lengths_of(points), row)
        is_last = tf.concat([row[1:] != row[:-1], tf.ones_like(row[:1], tf.bool)], 0)
        next_start = tf.concat([starts[1:], tf.zeros_like(starts[:1])], 0)
        limit = tf.where(is_last, size, next_start)
        return starts, self.characters.after_marks(points, row, ends, limit)

    # -------------------------------------------------------------- candidates

    def _best_of_windows(self, logits, windows):
        """`(scores, (places, extra tokens), window)` of the `n_best` stretches of each window."""
        wide = dense(logits, -np.inf, widest(lengths_of(logits)))
        length = tf.shape(wide)[1]
        width = self._longest_answer
        ends = tf.pad(wide[:, :, 1], [[0, 0], [0, width]], constant_values=-np.inf)
        # (windows, tokens, lengths): a token's begin with the end of each token after it.
        places = tf.range(length)[:, None] + tf.range(width)[None]
        scores = wide[:, :, :1] + tf.gather(ends, places, axis=1)
        inner = tf.range(length)[None]
        first, last = (one - windows.start for one in (windows.first, windows.last))
        ours = (inner >= first[:, None]) & (inner < last[:, None])
        scores = tf.where(ours[:, :, None], scores, -np.inf)
        flat = tf.reshape(scores, [tf.shape(scores)[0], length * width])
        best = tf.math.top_k(flat, tf.minimum(self._n_best, length * width))
        real = best.values > -np.inf
        window = tf.cast(tf.where(real)[:, 0], tf.int32)
        at = tf.boolean_mask(best.indices, real)
        place, extra = at // width - tf.gather(first, window), at % width
        return tf.boolean_mask(best.values, real), (place, extra), window

    def _answers(self, context, spans, null):
        row, scores, start, end = spans
        count = tf.size(context)
        numbers = tf.math.unsorted_segment_sum(tf.ones_like(row), row, count)
        before = tf.cumsum(numbers, exclusive=True)
        rank = tf.range(tf.size(row)) - tf.gather(before, row)
        kept = rank < self._n_best
        row, scores, start, end = (tf.boolean_mask(one, kept) for one in (row, scores, start, end))
        numbers = tf.minimum(numbers, self._n_best)
        first = tf.cumsum(numbers, exclusive=True)
        # No answer is one of them, and all there is where a context has no tokens.
        allowed = tf.fill(tf.shape(null), not self._never) | (numbers == 0)
        null = tf.where(allowed, null, -np.inf)
        has = numbers > 0
        top = _at(scores, first, has, -np.inf)
        most = tf.maximum(top, null)
        shares = tf.exp(scores - tf.gather(most, row))
        total = tf.math.unsorted_segment_sum(shares, row, count) + tf.exp(null - most)
        is_null = allowed & (null - top > self._threshold) | ~has
        start = tf.where(is_null, 0, _at(start, first, has, 0))
        end = tf.where(is_null, 0, _at(end, first, has, 0))
        no_answer = tf.exp(null - most) / total
        score = tf.where(is_null, no_answer, tf.exp(top - most) / total)
        return {
            "answer": tf.strings.substr(context, start, end - start, unit="UTF8_CHAR"),
            "start": start,
            "end": end,
            "score": tf.cast(score, tf.float32),
            "no_answer_score": tf.cast(no_answer, tf.float32),
        }

    def expected(self, task, signature, question, context):
        found = task.answer(list(question), list(context))
        return {key: np.array([one[key] for one in found]) for key in found[0]}


def _sorted(row, scores, start, end):
    """The same, by row, then score, best first, then place."""
    order = tf.argsort(end, stable=True)
    for key in (start, -scores, row):
        order = tf.gather(order, tf.argsort(tf.gather(key, order), stable=True))
    return [tf.gather(one, order) for one in (row, scores, start, end)]


def _at(values, places, there, otherwise):
    """`values[place]` of each row, or `otherwise` where there is none."""
    padded = tf.concat([values, tf.cast([otherwise], values.dtype)], 0)
    return tf.gather(padded, tf.where(there, places, tf.size(values)))
