"""Losses whose parts, each of a replica's share of a batch, add up to that of the whole."""

import keras

BY_MEAN, EVEN = "mean_with_sample_weight", "sum_over_batch_size"


def for_parts(loss, replicas):
    """`(loss, whether it was a mean over weights)` for replicas that each see a part of a batch.

    A mean over what has a weight is not the mean of such means: it becomes a sum over the batch,
    for weights that are scaled for all of it; see `ReplicaBatches`.

    Args:
        loss: a loss, a function, or a structure of them; both results have its structure.
        replicas: how many parts there are.

    Raises:
        ValueError: a loss that compares rows of a batch with each other.
    """
    if replicas == 1:
        return loss, False
    pairs = [_for_parts(one, replicas) for one in keras.tree.flatten(loss)]
    return tuple(keras.tree.pack_sequence_as(loss, list(part)) for part in zip(*pairs))


def _for_parts(loss, replicas):
    # On JAX one program sees the whole batch.
    if getattr(loss, "compares_rows", False) and keras.config.backend() != "jax":
        raise ValueError(
            f"{type(loss).__name__} compares the rows of a batch with each other, and each of "
            f"{replicas} replicas would see a part of them. On JAX the batch stays one: take "
            'KERAS_BACKEND=jax and keras_bert_zoo.distribute("data").'
        )
    if getattr(loss, "reduction", None) != BY_MEAN:
        return loss, False
    return type(loss).from_config({**loss.get_config(), "reduction": EVEN}), True
