"""Tokens drawn from a generator's scores, put where tokens are hidden."""

import keras
from keras import ops


class SampledTokens(keras.layers.Layer):
    """Draws a token for each hidden one, and puts it in its place. Nothing is learnt through it.

    The draw is the highest score after Gumbel noise has been added, which is a draw from the
    softmax (https://arxiv.org/abs/2003.10555, section 2).

    Takes `token_ids` `(batch, length)`, `places` and `used` `(batch, places)`, of which only places
    with `used` above 0 count, and logits `(batch, places, vocabulary_size)`; gives `token_ids`.

    Args:
        temperature: by what the scores are divided; 0 takes the highest without noise.
    """

    def __init__(self, temperature=1.0, **kwargs):
        super().__init__(**kwargs)
        self.temperature = temperature
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, token_ids, places, used, logits):
        scores = ops.stop_gradient(logits)
        if self.temperature:
            uniform = keras.random.uniform(
                ops.shape(scores), 1e-6, 1.0, dtype="float32", seed=self.seed_generator
            )
            scores = scores / self.temperature - ops.log(1e-9 - ops.log(uniform))
        drawn = ops.expand_dims(ops.cast(ops.argmax(scores, axis=-1), "int32"), 2)
        every = ops.arange(ops.shape(token_ids)[1], dtype="int32")
        here = ops.logical_and(ops.expand_dims(places, 2) == every, ops.expand_dims(used, 2) > 0)
        put = ops.sum(ops.where(here, drawn, 0), axis=1)
        return ops.where(ops.any(here, axis=1), ops.cast(put, "int32"), token_ids)

    def compute_output_spec(self, token_ids, *_):
        return keras.KerasTensor(token_ids.shape, "int32")
