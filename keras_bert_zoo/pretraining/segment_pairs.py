"""What objectives share that ask how the two segments of a row belong together."""

import numpy as np
from keras import ops

from ..families import family_called
from .objective import Objective, cross_entropy, mean


class SegmentPairs(Objective):
    """One of two answers for each row, from the head that the family has for it.

    A family without such a head gets that of its classifiers.
    """

    moves_text = True

    def corrupt(self, batch, rng):
        alone = int((batch["parts"][:, 1, 1] == 0).sum())
        if alone:
            raise ValueError(
                f"{self.name} learns from pairs of segments; {alone} of {len(batch['parts'])} "
                "rows of this batch have one segment. Give a source of examples with two parts "
                "(`Example(..., lengths=(a, b))`), such as a corpus that is built in pairs."
            )
        batch, labels = self.move(batch, rng)
        return batch, {"labels": labels.astype("int32")}

    def move(self, batch, rng):
        """`(batch with some segments in other places, 1 for each row where they are)`."""
        raise NotImplementedError

    def connect(self, encoder, encoded, inputs):
        family = family_called(encoder.config.family)
        style = family.head(self.style_of(family))
        if style.uses_pooler and encoder.pooler is not None:
            encoded.was_pooled = True
        mask = inputs["padding_mask"]
        return style.build(encoder, encoded.sequence, mask, 2, 0.0, name=self.head)

    def loss(self, outputs, targets):
        return mean(cross_entropy(outputs, targets["labels"]))

    def accuracy(self, outputs, targets):
        found = ops.cast(ops.argmax(outputs, axis=-1), "int32")
        right = ops.equal(found, ops.cast(targets["labels"], "int32"))
        return right, ops.ones_like(targets["labels"])

    def head_flops(self, config, batch_size, length):
        return 2 * batch_size * config.hidden_dim * (config.hidden_dim + 2)


def check_share(name, key, value):
    """Raises a ValueError where a share is not between 0 and 1."""
    if not 0 < value < 1:
        raise ValueError(f"{name}: {key}={value!r} is out of range: it is between 0 and 1.")


def chosen(rows, share, rng):
    """Numbers of the rows that chance picks, each with the same probability."""
    return np.flatnonzero(rng.random(rows) < share).tolist()
