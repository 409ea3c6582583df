"""A vector for each text."""

import functools

import tensorflow as tf

from .classes import TEXT
from .served import TEXTS, Served, Signature


class ServedEmbedder(Served):
    """`serving_default` with the default prompt, and a signature for each prompt by its name."""

    def set_up(self, task):
        self._prefixes = {"serving_default": task.prefix()}
        for prompt in task.prompts:
            self._prefixes[f"prompt_{prompt}"] = task.prefix(prompt)

    def signatures(self):
        return {
            name: Signature(functools.partial(self.embed, prefix), {"text": TEXTS}, {"text": TEXT})
            for name, prefix in self._prefixes.items()
        }

    def embed(self, prefix, text):
        if prefix:
            text = tf.strings.join([prefix, text])
        return self.tokens(**self.pack(text))

    def tokens(self, **inputs):
        return {"embeddings": self.network(inputs)}

    def expected(self, task, signature, text):
        texts = [self._prefixes[signature] + one for one in text]
        vectors = task.embed(texts, prompt="", normalize=True if task.normalize else None)
        return {"embeddings": vectors}
