"""Which of several texts goes with a prompt."""

import numpy as np
import tensorflow as tf

from .classes import images_in
from .served import TEXTS, Served, Signature


class ServedChoices(Served):
    """`prompt` `(n,)` and `choices` `(n, most)`; an empty string is a choice that is not there."""

    def signatures(self):
        inputs = {"prompt": TEXTS, "choices": tf.TensorSpec([None, None], tf.string)}
        example = {
            "prompt": ["He was hungry, so he", "It rained."],
            "choices": [["cooked.", "slept.", "flew."], ["It was wet.", "It was dry.", ""]],
        }
        images, some = self.images, self.images_of(2)
        some = {key: np.repeat(value[:, :1], 3, axis=1) for key, value in some.items()}
        return {
            "serving_default": Signature(self.choose, {**inputs, **images}, {**example, **some})
        }

    def choose(self, prompt, choices, **images):
        shape = tf.shape(choices)
        flat = tf.reshape(choices, [-1])
        inputs = self.pack(tf.repeat(prompt, shape[1]), flat)
        there = tf.cast(flat != "", tf.int32)[:, None]
        padding = {"token_ids": self._pad_id, "segment_ids": 0, "padding_mask": 0}
        inputs = {key: tf.where(there > 0, value, padding[key]) for key, value in inputs.items()}
        # In Python a choice that is not there is one token of padding.
        inputs = {
            key: tf.reshape(value, [shape[0], shape[1], tf.shape(value)[1]])
            for key, value in inputs.items()
        }
        return self._answers(self.network({**inputs, **images}), choices)

    def _answers(self, logits, choices):
        logits = tf.where(choices != "", logits, -np.inf)
        best = tf.argmax(logits, axis=1)
        return {
            "choice": tf.gather(choices, best, batch_dims=1),
            "index": tf.cast(best, tf.int32),
            "scores": tf.nn.softmax(logits),
        }

    def tokens(self, **inputs):
        logits = self.network(inputs)
        return {"index": tf.cast(tf.argmax(logits, axis=1), tf.int32), "logits": logits}

    def expected(self, task, signature, prompt, choices, **images):
        rows = [(one, [c for c in some if c]) for one, some in zip(prompt, choices)]
        if images:
            own = {key: np.array(value)[:, 0] for key, value in images.items()}
            rows = [(*row, image) for row, image in zip(rows, images_in(**own))]
        found = task.choose(rows)
        scores = np.zeros(np.shape(choices), "float32")
        for row, texts, answer in zip(scores, choices, found):
            row[[bool(c) for c in texts]] = answer["scores"]
        index = [
            np.flatnonzero([bool(c) for c in texts])[answer["index"]]
            for texts, answer in zip(choices, found)
        ]
        return {"choice": [a["choice"] for a in found], "index": index, "scores": scores}
