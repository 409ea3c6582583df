"""What every engine is: a kind of model in a tokenizer.json, as a TensorFlow graph."""

import tensorflow as tf


class Engine(tf.Module):
    """Strings to tokens, without added tokens: these were cut out before.

    Attributes:
        exact: whether its ids are those of the Rust engine for every text, as far as is known.
        normalize: None if tokens that are matched in normalized text (`normalized` in a
            tokenizer.json) may be looked for in the text as it is; else a function of strings
            (tf.string [m]) to normalized strings [m] and, for each character of these, where the
            stretch of text it comes from starts and ends: two int32 ragged tensors [m, characters].
        normalized: the engine for what has been normalized; None if that may be normalized once
            more, as twice is as good as once.
    """

    exact = False
    normalize = None
    normalized = None

    def __call__(self, strings, first):
        """`Tokens` of strings, with a row for each.

        Args:
            strings: tf.string [m], valid UTF-8. An empty one has no tokens.
            first: tf.bool [m], whether a string begins its text.
        """
        raise NotImplementedError

    def ids(self, strings, first):
        """The ids alone, for an engine that finds them faster without the rest."""
        return self(strings, first).ids
