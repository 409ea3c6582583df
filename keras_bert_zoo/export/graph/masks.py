"""What may stand at the masks of texts."""

import numpy as np
import tensorflow as tf

from .characters import readable
from .classes import images_in
from .rows import dense, widest
from .served import TEXTS, Served, Signature

SPACES = r"[\s\x1c-\x1f\x{85}\p{Z}]+$"  # what str.rstrip takes off


class ServedMasks(Served):
    """The best tokens at each mask of a text, with the text that they make of it.

    Outputs have an axis of masks, as many as the text with the most has; `count` says how many a
    text has, and what is beyond is empty.

    Args:
        task: a `MaskedLM`.
        top_k: how many answers for each mask.
        **options: of `Served`.
    """

    def set_up(self, task, top_k=5):
        tokenizer = task.preprocessor and task.preprocessor.tokenizer
        size = task.encoder.config.vocabulary_size
        if not 1 <= top_k <= size:
            raise ValueError(f"top_k must be from 1 to {size}. Given: {top_k}.")
        self._top_k, self._mask_id = top_k, tokenizer and tokenizer.mask_id
        self._mask = tokenizer and tokenizer.mask_token
        if tokenizer:
            tokens = [tokenizer.id_to_token(index) or "" for index in range(size)]
            written = tokenizer.decode_batch(
                [[i] if token else [] for i, token in enumerate(tokens)], skip_special_tokens=False
            )
            self._tokens = tf.constant(tokens)
            # A piece that goes on with the word before it takes no space along.
            self._goes_on = tf.constant([text.startswith("##") for text in written])
            self._written = tf.constant(
                [(t[2:] if t.startswith("##") else t).strip() for t in written]
            )

    def signatures(self):
        example = [f"A {self._mask} film.", f"{self._mask} was {self._mask}."]
        inputs = {"text": TEXTS, **self.images}
        example = {"text": example, **self.images_of(2)}
        return {"serving_default": Signature(self.fill, inputs, example)}

    def fill(self, text, **images):
        text = readable(text)
        found = self.tokenizer(text)
        inputs = self.pack(text, side="right")
        is_mask = inputs["token_ids"] == self._mask_id
        # The masks that the text has before it is cut, by their places in it.
        at = tf.ragged.boolean_mask(found.starts, found.ids == self._mask_id)
        until = tf.ragged.boolean_mask(found.ends, found.ids == self._mask_id)
        count = tf.reduce_sum(tf.cast(is_mask, tf.int32), axis=1)
        most = widest(count)
        # Masks first, in their order.
        order = tf.argsort(tf.cast(~is_mask, tf.int32), axis=1, stable=True)
        answers = self._best({**inputs, **images, "mask_positions": order[:, :most]})
        start, end = (dense(one[:, :most], 0, most) for one in (at, until))
        there = tf.sequence_mask(count, most)
        tokens = tf.gather(self._tokens, answers["id"])
        texts = self._filled(text, start, end, answers["id"])
        return {
            "token": tf.where(there[:, :, None], tokens, ""),
            "score": tf.where(there[:, :, None], answers["score"], 0.0),
            "text": tf.where(there[:, :, None], texts, ""),
            "start": tf.where(there, start, 0),
            "end": tf.where(there, end, 0),
            "count": count,
        }

    def _best(self, inputs):
        scores = tf.nn.softmax(self.network(inputs))
        best = tf.math.top_k(scores, self._top_k)
        return {"id": best.indices, "score": best.values}

    def _filled(self, text, start, end, ids):
        shape = tf.shape(ids)
        texts = tf.broadcast_to(text[:, None], shape[:2])
        before = tf.strings.substr(texts, tf.zeros_like(start), start, unit="UTF8_CHAR")
        length = tf.strings.length(texts, unit="UTF8_CHAR")
        after = tf.strings.substr(texts, tf.minimum(end, length), length, unit="UTF8_CHAR")
        bare = tf.strings.regex_replace(before, SPACES, "")
        before, bare, after = (tf.broadcast_to(s[:, :, None], shape) for s in (before, bare, after))
        before = tf.where(tf.gather(self._goes_on, ids), bare, before)
        return tf.strings.join([before, tf.gather(self._written, ids), after])

    def tokens(self, **inputs):
        return self._best(inputs)

    def expected(self, task, signature, text, **images):
        rows = list(zip(text, images_in(**images))) if images else list(text)
        found = task.fill(rows, top_k=self._top_k)
        found = [row if isinstance(row[0], list) else [row] for row in found]
        most = max(map(len, found))
        arrays = {}
        for key, empty in (("token", ""), ("score", 0.0), ("text", "")):
            rows = [[[a[key] for a in mask] for mask in row] for row in found]
            rows = [row + [[empty] * self._top_k] * (most - len(row)) for row in rows]
            arrays[key] = np.array(rows, "float32" if key == "score" else object)
        return {**arrays, "count": np.array([len(row) for row in found])}
