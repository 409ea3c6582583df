"""Classifiers of texts and pairs: labels and probabilities."""

import numpy as np
import tensorflow as tf

from ...tasks.class_answers import probabilities
from .rows import join, lengths_of, stretches
from .served import TEXTS, Served, Signature
from .windows import windows

TEXT = ["A lovely film.", "Never again!"]


def class_names(labels):
    """The names of classes as bytes, numbers where they have none."""
    return [str(labels.name_of(index)) for index in range(labels.num_classes)]


def class_answers(labels, logits):
    """Name -> tensor: `value` for regression, else `label`, `score`, `scores`; and `logits`."""
    if labels.problem == "regression":
        return {"value": logits[:, 0] if labels.num_classes == 1 else logits, "logits": logits}
    function = tf.nn.softmax if labels.problem == "single" else tf.nn.sigmoid
    scores = function(logits)
    best = tf.argmax(scores, axis=1)
    return {
        "label": tf.gather(tf.constant(class_names(labels)), best),
        "score": tf.gather(scores, best, batch_dims=1),
        "scores": scores,
        "logits": logits,
    }


def python_answers(labels, logits):
    """The same in numpy, from what `predict` gives."""
    logits = np.asarray(logits)
    if labels.problem == "regression":
        return {"value": logits[:, 0] if labels.num_classes == 1 else logits, "logits": logits}
    scores = probabilities(labels, logits)
    return {
        "label": np.array(class_names(labels), object)[scores.argmax(axis=1)],
        "score": scores.max(axis=1),
        "scores": scores,
        "logits": logits,
    }


def images_in(visual_features, visual_segment_ids, visual_mask):
    """The images as the task takes them, a list: one or two arrays of regions, or None."""
    images = []
    for features, segments, mask in zip(visual_features, visual_segment_ids, visual_mask):
        parts = [features[(mask > 0) & (segments == segment)] for segment in (0, 1)]
        images.append(parts if len(parts[0]) else parts[1] if mask.any() else None)
    return images


class ServedClassifier(Served):
    """Texts, and pairs of texts: `serving_default` is of texts unless `pairs`.

    Args:
        task: a `TextClassifier`.
        pairs: whether `serving_default` takes `text_a` and `text_b`; both ways are there.
        **options: of `Served`.
    """

    default = "text"

    def set_up(self, task, pairs=None):
        self.labels = task._labels
        self.pairs = self.default == "pair" if pairs is None else pairs

    def signatures(self):
        images, some = self.images, self.images_of(len(TEXT))
        text = Signature(self.of_text, {"text": TEXTS, **images}, {"text": TEXT, **some})
        inputs = {"text_a": TEXTS, "text_b": TEXTS, **images}
        pair = Signature(self.of_pair, inputs, {"text_a": TEXT, "text_b": TEXT[::-1], **some})
        if self.pairs:
            return {"serving_default": pair, "text": text}
        return {"serving_default": text, "pair": pair}

    def of_text(self, text, **images):
        return self.answers(self.logits({**self.pack(text), **images}))

    def of_pair(self, text_a, text_b, **images):
        return self.answers(self.logits({**self.pack(text_a, text_b), **images}))

    def tokens(self, **inputs):
        return self.answers(self.logits(inputs))

    def logits(self, inputs):
        return self.network(inputs)

    def answers(self, logits):
        """Named outputs for logits `(n, num_classes)`."""
        return class_answers(self.labels, logits)

    def expected(self, task, signature, **inputs):
        columns = [list(values) for key, values in inputs.items() if key not in self.images]
        if self.images:
            columns.append(images_in(**{key: inputs[key] for key in self.images}))
        rows = columns[0] if len(columns) == 1 else list(zip(*columns))
        logits = task.predict(rows, verbose=0)
        return python_answers(self.labels, logits)


class ServedEarlyExits(ServedClassifier):
    """The answer of the exit by which a text leaves. All blocks are run: no time is saved."""

    def set_up(self, task, pairs=None):
        super().set_up(task, pairs)
        self._threshold = task.uncertainty

    def logits(self, inputs):
        exits = self.network(inputs)
        wide = tf.nn.log_softmax(tf.cast(exits, tf.float64))
        entropy = -tf.reduce_sum(tf.exp(wide) * wide, axis=-1)
        unsure = tf.clip_by_value(entropy / np.log(self.labels.num_classes), 0, 1)
        certain = tf.logical_or(unsure < self._threshold, self._threshold >= 1)
        # The last exit is everybody's.
        certain = tf.concat([certain[:, :-1], tf.ones_like(certain[:, :1])], axis=1)
        first = tf.argmax(tf.cast(certain, tf.int32), axis=1)
        return tf.gather(exits, first, batch_dims=1)


class ServedDocuments(ServedClassifier):
    """Texts of any length: the mean of the logits of windows."""

    def set_up(self, task, pairs=None):
        if pairs:
            raise ValueError("A DocumentClassifier reads single texts: leave pairs out.")
        super().set_up(task, pairs)
        self._overlap = task.overlap

    def signatures(self):
        return {"serving_default": Signature(self.of_text, {"text": TEXTS}, {"text": TEXT})}

    def of_text(self, text):
        ids, layout = self.tokenizer.ids(text), self._template.single
        found = windows(lengths_of(ids), self._longest - layout.special, self._overlap)
        before = tf.gather(tf.cast(ids.row_starts(), tf.int32), found.row)
        parts = stretches(ids.values, before + found.start, before + found.end)
        logits = self.logits(self.pad(join(layout, [parts])))
        count = tf.size(text)
        total = tf.math.unsorted_segment_sum(logits, found.row, count)
        number = tf.math.unsorted_segment_sum(tf.ones_like(logits[:, :1]), found.row, count)
        return self.answers(total / tf.maximum(number, 1))

    def expected(self, task, signature, text):
        return python_answers(self.labels, task.predict(list(text), verbose=0))


class ServedPairScorer(ServedClassifier):
    """Pairs of a query and a document, with the one number that ranks documents as `score`."""

    default = "pair"

    def set_up(self, task, pairs=None):
        super().set_up(task, pairs)
        names = list(self.labels.names or range(self.labels.num_classes))
        self._positive = -1 if task.positive is None else names.index(task.positive)

    def signatures(self):
        inputs = {"query": TEXTS, "document": TEXTS}
        example = {"query": ["Is it good?"] * 2, "document": TEXT}
        return {"serving_default": Signature(self.of_pair, inputs, example)}

    def of_pair(self, query, document):
        return self.answers(self.logits(self.pack(query, document)))

    def answers(self, logits):
        found = class_answers(self.labels, logits)
        if self.labels.problem == "regression":
            del found["value"]
            return {"score": logits[:, 0], **found}
        return {**found, "score": found["scores"][:, self._positive]}

    def expected(self, task, signature, query, document):
        pairs = list(zip(query, document))
        found = python_answers(self.labels, task.predict(pairs, verbose=0))
        found.pop("value", None)
        return {**found, "score": task.score(pairs)}


class ServedTasks(ServedClassifier):
    """Several classifiers over one encoder: each output's name begins with its task's."""

    def signatures(self):
        return {"serving_default": Signature(self.of_text, {"text": TEXTS}, {"text": TEXT})}

    def answers(self, logits):
        found = {key: class_answers(one, logits[key]) for key, one in self.labels.items()}
        return {f"{key}_{name}": a for key, one in found.items() for name, a in one.items()}

    def expected(self, task, signature, text):
        logits = task.predict(list(text), verbose=0)
        found = {key: python_answers(one, logits[key]) for key, one in self.labels.items()}
        return {f"{key}_{name}": a for key, one in found.items() for name, a in one.items()}
