"""Saying what another model's vector of a sentence is."""

import keras

from ...layers.sequence_pooling import SequencePooling
from ..distillation.cosine_hidden import cosine
from ..objective import Objective, mean


@keras.saving.register_keras_serializable("keras_bert_zoo")
class SentenceVectors(Objective):
    """Learns the vectors that another model makes of sentences, whose tokens may be others.

    The mean of the encoder's vectors, through a matrix, is to point where the given vector does:
    `1 - cos`, which is half of the squared error of vectors of length 1, the loss of
    https://arxiv.org/abs/2004.09813, section 2. Beside `MaskedTokens` it says of a sentence of
    which some tokens are hidden what the other model said of the whole.

    Args:
        vector_dim: how long the vectors are: 384 of `all_minilm_l6_v2`.
        weight: as in `Objective`.

    Raises:
        ValueError: a length below 1; or, from `corrupt`, examples without vectors, or with others.

    Example:

    >>> source = taught_sentences(texts, vectors, tokenizer, 64)
    >>> Pretrainer(encoder, tokenizer, ["masked_tokens", "sentence_vectors"]).fit(source)
    """

    name = "sentence_vectors"

    def __init__(self, vector_dim=384, weight=1.0):
        super().__init__(weight)
        if vector_dim < 1:
            raise ValueError(f"SentenceVectors: vector_dim is 1 or more. Given: {vector_dim!r}.")
        self.vector_dim = vector_dim

    def corrupt(self, batch, rng):
        if "vectors" not in batch:
            raise ValueError(
                "sentence_vectors learns from examples with a vector each: give them as "
                "keras_bert_zoo.pretraining.taught_sentences makes them."
            )
        if batch["vectors"].shape[1] != self.vector_dim:
            raise ValueError(
                f"sentence_vectors: the examples' vectors have {batch['vectors'].shape[1]} "
                f"numbers. Give SentenceVectors(vector_dim={batch['vectors'].shape[1]}); it is "
                f"{self.vector_dim}."
            )
        return batch, {"vectors": batch["vectors"]}

    def connect(self, encoder, encoded, inputs):
        vectors = SequencePooling("mean")(encoded.sequence, encoded.padding_mask)
        return keras.layers.Dense(self.vector_dim, name=self.name)(vectors)

    def loss(self, outputs, targets):
        return mean(1.0 - cosine(outputs, targets["vectors"]))

    def head_flops(self, config, batch_size, length):
        return 2 * batch_size * config.hidden_dim * self.vector_dim

    def get_config(self):
        return {**super().get_config(), "vector_dim": self.vector_dim}
