"""Tags of words, and the entities that they make."""

import numpy as np
import tensorflow as tf

from ...preprocessing.tags import parts_of
from ...tokenizers.graph.characters import row_numbers
from .characters import Characters, readable
from .paths import TagPaths, breaks
from .rows import dense, join, lengths_of, stretches, widest
from .served import TEXTS, Served, Signature
from .windows import windows

TEXT = ["Ada Lovelace lived in London.", "We loved the room!"]


class ServedEntities(Served):
    """The entities in texts of any length; for tags that mark none, every word.

    Outputs have an axis of entities, as many as the text with the most has; `count` says how many a
    text has, and what is beyond is empty.

    Args:
        task: a `TokenClassifier`.
        **options: of `Served`.
    """

    def set_up(self, task):
        names = list(task.labels or map(str, range(task.num_classes)))
        self._aggregation, self._overlap = task.aggregation, task.overlap
        self._is_crf = task.head_kind == "crf"
        self.paths = TagPaths(task._transitions(), self._is_crf)
        self.characters = Characters()
        marks = task.marks_entities
        self._breaks = tf.constant(breaks(names, marks))
        kinds = [parts_of(name)[1] if marks else str(name) for name in names]
        self._kinds = tf.constant(kinds)
        self._counts = tf.constant([not marks or bool(kind) for kind in kinds])

    def signatures(self):
        return {"serving_default": Signature(self.extract, {"text": TEXTS}, {"text": TEXT})}

    def extract(self, text):
        text = readable(text)
        found = self.tokenizer(text)
        logits = self._token_logits(found.ids)
        words = self._words(text, found)
        emissions = self._of_words(logits, words)
        mask = tf.sequence_mask(words["count"], tf.shape(emissions)[1])
        tags, scores = self.paths(emissions, mask)
        return self._entities(text, words, tf.boolean_mask(tags, mask), scores[mask])

    def tokens(self, **inputs):
        found = self.network(inputs)
        return found if self._is_crf else {"logits": found}

    def _token_logits(self, ids):
        """Logits `(tokens of all texts, num_tags)`: what each window answers for."""
        layout = self._template.single
        room = self._longest - layout.special
        overlap = room // 4 if self._overlap is None else self._overlap
        found = windows(lengths_of(ids), room, overlap)
        before = tf.gather(tf.cast(ids.row_starts(), tf.int32), found.row)
        parts = stretches(ids.values, before + found.start, before + found.end)
        logits = self.tokens(**self.pad(join(layout, [parts]), "right"))["logits"]
        shift = layout.starts([0])[0] - found.start
        places = tf.ragged.range(found.first + shift, found.last + shift)
        rows = tf.cast(row_numbers(places), tf.int32)
        return tf.gather_nd(logits, tf.stack([rows, places.values], axis=1))

    def _words(self, text, found):
        """Where the words of all texts are, one text's after another's; and how many each has."""
        row = tf.cast(row_numbers(found.words), tf.int32)
        number = found.words.values
        new = (row[1:] != row[:-1]) | (number[1:] != number[:-1])
        new = tf.concat([tf.ones_like(row[:1], tf.bool), new], 0)
        word = tf.cumsum(tf.cast(new, tf.int32)) - 1  # of each token
        total = tf.reduce_sum(tf.cast(new, tf.int32))
        first = tf.cast(tf.where(new)[:, 0], tf.int32)
        last = tf.concat([first[1:], [tf.size(row)]], 0)[:total] - 1
        row = tf.gather(row, first)
        start, end = tf.gather(found.starts.values, first), tf.gather(found.ends.values, last)
        points = self.characters.read(text)
        return {
            "token_word": word,
            "first_token": first,
            "row": row,
            "start": self.characters.after_spaces(points, row, start, end),
            "end": end,
            "count": tf.math.unsorted_segment_sum(tf.ones_like(row), row, tf.size(text)),
        }

    def _of_words(self, logits, words):
        """Logits `(n, words, num_tags)`, one word at least, of the pieces of each word."""
        if self._aggregation == "first":
            flat = tf.gather(logits, words["first_token"])
        elif self._aggregation == "max":
            flat = tf.math.segment_max(logits, words["token_word"])
        else:
            flat = tf.math.segment_mean(logits, words["token_word"])
        ragged = tf.RaggedTensor.from_row_lengths(flat, words["count"], validate=False)
        return dense(ragged, 0.0, widest(words["count"]))

    def _entities(self, text, words, tags, scores):
        """Named outputs, from the tag of each word of all texts and its probability."""
        row = words["row"]
        follows = tf.gather_nd(self._breaks, tf.stack([tags[:-1], tags[1:]], axis=1))
        new = tf.concat([tf.ones_like(row[:1], tf.bool), follows | (row[1:] != row[:-1])], 0)
        group = tf.cumsum(tf.cast(new, tf.int32)) - 1
        first = tf.cast(tf.where(new)[:, 0], tf.int32)
        last = tf.concat([first[1:], [tf.size(row)]], 0)[: tf.size(first)] - 1
        score = tf.cast(tf.math.segment_mean(tf.cast(scores, tf.float64), group), tf.float32)
        kept = tf.gather(self._counts, tf.gather(tags, first))
        first, last, score = (tf.boolean_mask(one, kept) for one in (first, last, score))
        row = tf.gather(row, first)
        start, end = tf.gather(words["start"], first), tf.gather(words["end"], last)
        count = tf.math.unsorted_segment_sum(tf.ones_like(row), row, tf.size(text))
        found = {
            "text": tf.strings.substr(tf.gather(text, row), start, end - start, unit="UTF8_CHAR"),
            "label": tf.gather(self._kinds, tf.gather(tags, first)),
            "start": start,
            "end": end,
            "score": score,
        }
        return {**{key: _by_row(value, count) for key, value in found.items()}, "count": count}

    def expected(self, task, signature, text):
        return entity_arrays(task.extract(list(text)))


class ServedReplaced(ServedEntities):
    """Every word with the probability that it was replaced, as `score`."""

    def extract(self, text):
        found = super().extract(text)
        is_replaced = found.pop("label") == self._kinds[1]
        there = tf.sequence_mask(found["count"], tf.shape(found["score"])[1])
        score = tf.where(is_replaced, found["score"], 1 - found["score"])
        return {**found, "score": tf.where(there, score, 0.0)}

    def expected(self, task, signature, text):
        return entity_arrays(task.detect(list(text), threshold=0))


def entity_arrays(rows):
    """Arrays `(n, most)` under the names of the outputs, from lists of dictionaries."""
    most = max(1, *map(len, rows)) if rows else 1
    found = {"count": np.array([len(row) for row in rows])}
    kinds = {"text": object, "label": object, "start": int, "end": int, "score": "float32"}
    for key in next((row[0] for row in rows if row), ()):
        empty = "" if kinds[key] is object else 0
        values = [[one[key] for one in row] + [empty] * (most - len(row)) for row in rows]
        if key == "label":  # tags without names are numbers
            values = [[str(value) for value in row] for row in values]
        found[key] = np.array(values, kinds[key])
    return found


def _by_row(flat, count):
    """`(n, most)`, one column at least, of values of all rows one after another."""
    ragged = tf.RaggedTensor.from_row_lengths(flat, count, validate=False)
    return dense(ragged, "" if flat.dtype == tf.string else tf.cast(0, flat.dtype), widest(count))
