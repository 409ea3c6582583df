"""Guessing a hidden span from the tokens around it: SpanBERT's span boundary objective."""

import keras
import numpy as np
from keras import ops

from ..objective import Objective, cross_entropy, mean_over
from ..span_boundary_head import SpanBoundaryHead


@keras.saving.register_keras_serializable("keras_bert_zoo")
class SpanBoundary(Objective):
    """Learns to say what `MaskedTokens` has hidden, from nothing but the ends of each span.

    https://arxiv.org/abs/1907.10529, section 3.2. A span is a stretch of hidden tokens; of one
    longer than `max_span` the first tokens are asked for. What begins or ends a row has no token
    beside it and is not asked for.

    Args:
        max_span: most tokens of a span.
        position_dim: size of the vector for the place in a span; 200 in the paper's code.
        weight: as in `Objective`.

    Raises:
        ValueError: a size below 1; or, from `Pretrainer`, if there is no `MaskedTokens`.

    Example:

    >>> Pretrainer(encoder, tokenizer, [MaskedTokens(units="spans"), SpanBoundary()])
    """

    name = "span_boundary"
    packs = True
    inputs = ("span_left", "span_right", "span_offsets")
    follows = "masked_tokens"

    def __init__(self, max_span=20, position_dim=200, weight=1.0):
        super().__init__(weight)
        if max_span < 1 or position_dim < 1:
            raise ValueError(
                "SpanBoundary: max_span and position_dim are 1 or more. Given: "
                f"{max_span!r} and {position_dim!r}."
            )
        self.max_span, self.position_dim = max_span, position_dim

    def corrupt(self, batch, rng):
        hidden = batch["mask_weight"] > 0
        left, right, offsets = boundaries(batch["mask_positions"], hidden)
        real = np.pad(batch["padding_mask"], ((0, 0), (1, 1))) > 0  # none beside the row
        asked = hidden & (offsets < self.max_span)
        for ends in (left, right):
            asked &= np.take_along_axis(real, ends + 1, axis=1)
        places = {"span_left": left, "span_right": right, "span_offsets": offsets}
        places = {key: np.where(asked, one, 0).astype("int32") for key, one in places.items()}
        labels = np.where(asked, batch["mask_labels"], 0).astype("int32")
        return {**batch, **places}, {"labels": labels, "weight": asked.astype("float32")}

    def connect(self, encoder, encoded, inputs):
        config, tokens = encoder.config, encoder.embeddings.tokens
        head = SpanBoundaryHead(
            tokens,
            vocabulary_size=config.vocabulary_size,
            hidden_dim=config.hidden_dim,
            table_dim=tokens.output_dim,
            max_span=self.max_span,
            position_dim=self.position_dim,
            epsilon=config.layer_norm_epsilon,
            initializer_range=config.initializer_range,
            name=self.name,
        )
        return head(encoded.sequence, *(inputs[name] for name in self.inputs))

    def loss(self, outputs, targets):
        return mean_over(cross_entropy(outputs, targets["labels"]), targets["weight"])

    def accuracy(self, outputs, targets):
        found = ops.cast(ops.argmax(outputs, axis=-1), "int32")
        return ops.equal(found, ops.cast(targets["labels"], "int32")), targets["weight"]

    def head_flops(self, config, batch_size, length):
        width = getattr(config, "embedding_dim", config.hidden_dim)
        inner = (2 * config.hidden_dim + self.position_dim) * config.hidden_dim
        size = inner + config.hidden_dim * width + width * config.vocabulary_size
        return 2 * batch_size * self.leader.places(length) * size

    def get_config(self):
        config = {"max_span": self.max_span, "position_dim": self.position_dim}
        return {**super().get_config(), **config}


def boundaries(places, hidden):
    """The places before and after the stretch that each place is of, and how far into it it is.

    >>> boundaries(np.array([[3, 4, 5, 8]]), np.ones((1, 4), bool))
    (array([[2, 2, 2, 7]]), array([[6, 6, 6, 9]]), array([[0, 1, 2, 0]]))

    Args:
        places: ascending, `(rows, most)`.
        hidden: which of them count; in each row the first ones.
    """
    apart = (places[:, 1:] != places[:, :-1] + 1) | ~hidden[:, 1:]
    edge, none = np.ones((len(places), 1), bool), np.iinfo(places.dtype).max
    begins = hidden & np.concatenate([edge, apart], axis=1)
    ends = hidden & np.concatenate([apart, edge], axis=1)
    first = np.maximum.accumulate(np.where(begins, places, 0), axis=1)
    last = np.minimum.accumulate(np.where(ends, places, none)[:, ::-1], axis=1)[:, ::-1]
    first, last, places = (np.where(hidden, one, 0) for one in (first, last, places))
    return first - 1, last + 1, places - first
