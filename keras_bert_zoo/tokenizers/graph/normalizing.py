"""Text that is normalized before added tokens are looked for in it."""

import tensorflow as tf

from .characters import row_numbers
from .engine import Engine


class Normalizing(Engine):
    """An engine that normalizes, lets another one work, and tells places in the text as it was.

    Args:
        normalize: as `Engine.normalize`.
        inner: the engine for the normalized strings.
    """

    def __init__(self, normalize, inner):
        super().__init__()
        self._normalize, self.inner = normalize, inner

    def __call__(self, strings, first):
        normalized, starts, ends = self._normalize(strings)
        tokens = self.inner(normalized, first)
        before = tf.cast(tf.gather(starts.row_splits, row_numbers(tokens.ids)), tf.int32)
        last = tf.maximum(tokens.ends.values - 1, tokens.starts.values) + before
        return tokens._replace(
            starts=tokens.starts.with_values(
                tf.gather(starts.values, tokens.starts.values + before)
            ),
            ends=tokens.ends.with_values(tf.gather(ends.values, last)),
        )

    def ids(self, strings, first):
        return self.inner.ids(self._normalize(strings)[0], first)
