"""A linear-chain conditional random field: https://arxiv.org/abs/1603.01360, section 2.1."""

import keras
import numpy as np
from keras import ops

from .heads import ClassificationHead

IMPOSSIBLE = -1e4  # finite: a difference of two infinities would be no number


@keras.saving.register_keras_serializable("keras_bert_zoo")
class CRFHead(ClassificationHead):
    """A classification head whose tags depend on their neighbours.

    Called on `(batch, length, hidden_dim)` it gives two float32 tensors: the emissions
    `(batch, length, num_classes)`, and the transitions `(batch, num_classes + 2, num_classes)`, the
    same for every row: scores of a tag that comes first, of a tag after each other, of one last.
    The score of a sequence of tags is the sum of its emissions and transitions, its probability
    the softmax of this over all sequences.

    Example:

    >>> emissions, transitions = CRFHead(3)(np.zeros((2, 5, 16), "float32"))
    >>> decode(emissions, transitions, np.ones((2, 5), bool)).shape
    (2, 5)
    """

    def build(self, features_shape):
        super().build(features_shape)
        self.transitions = self.add_weight(
            shape=(self.num_classes + 2, self.num_classes),
            initializer="zeros",
            name="transitions",
            dtype="float32",
            autocast=False,
        )

    def call(self, features, training=None):
        emissions = super().call(features, training=training)
        shape = (ops.shape(features)[0], self.num_classes + 2, self.num_classes)
        return emissions, ops.broadcast_to(ops.convert_to_tensor(self.transitions), shape)

    def compute_output_spec(self, features, training=None):
        emissions = super().compute_output_spec(features)
        shape = (features.shape[0], self.num_classes + 2, self.num_classes)
        return emissions, keras.KerasTensor(shape, dtype="float32")


def negative_log_likelihood(emissions, transitions, tags, mask):
    """`-log p(tags)` of each sequence, `(batch,)`.

    Args:
        emissions, transitions: see `CRFHead`.
        tags: `(batch, length)` integers.
        mask: `(batch, length)`, true where there is a tag; the sequence is what is left when all
            other places are taken out.
    """
    emissions, tags, mask = compact(mask, emissions, tags)
    parts = split_transitions(ops.convert_to_tensor(transitions)[0])
    return log_partition(emissions, mask, *parts) - path_score(emissions, tags, mask, *parts)


def decode(emissions, transitions, mask, allowed=None):
    """The most probable tags, `(batch, length)` integers; 0 where the mask is false.

    Args:
        emissions, transitions, mask: see `negative_log_likelihood`.
        allowed: `(first, following, last)` of booleans as `allowed_transitions` gives them.
    """
    order = compact_order(mask)
    emissions, kept = compact(mask, emissions)
    parts = constrain(split_transitions(ops.convert_to_tensor(transitions)[0]), allowed)
    best = viterbi(emissions, kept, *parts)
    back = ops.argsort(order, axis=1)
    return ops.take_along_axis(best, back, axis=1) * ops.cast(mask, best.dtype)


def split_transitions(transitions):
    """Scores of a tag that comes first `(n,)`, after another `(n, n)`, and last `(n,)`."""
    return transitions[0], transitions[1:-1], transitions[-1]


def constrain(parts, allowed):
    """The same scores with what is not allowed out of reach."""
    if allowed is None:
        return parts
    return tuple(
        ops.where(np.asarray(mask, bool), part, IMPOSSIBLE) for mask, part in zip(allowed, parts)
    )


def compact_order(mask):
    """Places in the order that puts those where the mask is true first."""
    length = ops.shape(mask)[1]
    places = ops.arange(length, dtype="int32")[None, :]
    return ops.argsort(ops.where(ops.cast(mask, "bool"), places, places + length), axis=1)


def compact(mask, *tensors):
    """Tensors `(batch, length, ...)` without the places where the mask is false, and a mask.

    What is left stands at the begin; the rest is behind it, and false in the new mask, which comes
    last.
    """
    order = compact_order(mask)
    moved = []
    for tensor in map(ops.convert_to_tensor, tensors):
        index = ops.reshape(order, (*ops.shape(order), *[1] * (len(tensor.shape) - 2)))
        moved.append(ops.take_along_axis(tensor, index, axis=1))
    count = ops.sum(ops.cast(mask, "int32"), axis=1, keepdims=True)
    return *moved, ops.arange(ops.shape(mask)[1], dtype="int32")[None, :] < count


def _over_time(emissions, mask):
    """What the loops read at each place from the second on, time first: emissions, then the mask.

    One tensor, because Keras' loop on TensorFlow takes several only if their length is known.
    """
    here = ops.cast(mask, emissions.dtype)[:, :, None]
    return ops.moveaxis(ops.concatenate([emissions, here], axis=-1), 1, 0)[1:]


def log_partition(emissions, mask, first, following, last):
    """The logarithm of the sum of `exp(score)` over all sequences, `(batch,)`."""

    def step(alpha, now):
        longer = ops.logsumexp(alpha[:, :, None] + following[None], axis=1) + now[:, :-1]
        alpha = ops.where(now[:, -1:] > 0, longer, alpha)
        return alpha, alpha  # Keras' loop on TensorFlow must hand out what looks like its state

    alpha, _ = ops.scan(step, first + emissions[:, 0], _over_time(emissions, mask))
    # A row without a tag has one sequence, the empty one, with score 0.
    return ops.where(mask[:, 0], ops.logsumexp(alpha + last, axis=1), 0.0)


def path_score(emissions, tags, mask, first, following, last):
    """The score of these tags, `(batch,)`."""
    weight = ops.cast(mask, emissions.dtype)
    emitted = ops.take_along_axis(emissions, tags[:, :, None], axis=2)[:, :, 0]
    count = following.shape[0]
    pairs = tags[:, :-1] * count + tags[:, 1:]
    moved = ops.take(ops.reshape(following, (-1,)), pairs, axis=0)
    end = ops.maximum(ops.sum(ops.cast(mask, "int32"), axis=1, keepdims=True) - 1, 0)
    ends = ops.take(first, tags[:, 0], axis=0)
    ends = ends + ops.take(last, ops.take_along_axis(tags, end, axis=1)[:, 0], axis=0)
    score = ops.sum(emitted * weight, axis=1) + ops.sum(moved * weight[:, 1:], axis=1)
    return score + ends * weight[:, 0]


def viterbi(emissions, mask, first, following, last):
    """The sequence of the highest score, `(batch, length)` int32; 0 behind its end.

    Args:
        emissions: `(batch, length, num_classes)`.
        mask: `(batch, length)`, true at the begin, then false.
        first, following, last: see `split_transitions`.
    """

    def step(best, now):
        here = now[:, -1:] > 0
        through = best[:, :, None] + following[None]
        longer = ops.max(through, axis=1) + now[:, :-1]
        # Numbers of tags, as floats: see `log_partition`.
        came_from = ops.cast(ops.argmax(through, axis=1), best.dtype)
        stay = ops.arange(following.shape[0], dtype=best.dtype)[None]
        return ops.where(here, longer, best), ops.where(here, came_from, stay)

    best, came_from = ops.scan(step, first + emissions[:, 0], _over_time(emissions, mask))
    tag, came_from = (
        ops.cast(ops.argmax(best + last, axis=1), "int32"),
        ops.cast(came_from, "int32"),
    )

    def back(tag, came_from):
        before = ops.take_along_axis(came_from, tag[:, None], axis=1)[:, 0]
        return before, tag

    start, rest = ops.scan(back, tag, came_from, reverse=True)
    path = ops.concatenate([start[None], rest], axis=0)
    return ops.moveaxis(path, 0, 1) * ops.cast(mask, "int32")
