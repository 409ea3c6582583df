"""Which optimizers learn from several replicas as from one."""

import keras

from ..training.inner_optimizer import inner
from ..training.per_variable import PerVariable


def check_optimizer(optimizer, replicas):
    """Whether an optimizer makes of the gradients of replicas what it makes of those of one.

    Args:
        optimizer: a Keras optimizer, or its name.
        replicas: how many there are.

    Raises:
        ValueError: it would cut gradients before they are added up, or never add them up.
    """
    backend = keras.config.backend()
    if replicas == 1 or backend == "jax":
        return
    optimizer = keras.optimizers.get(optimizer)
    optimizer = inner(optimizer)
    if backend == "tensorflow" and optimizer.gradient_accumulation_steps:
        raise ValueError(
            f"TensorFlow's strategies cannot accumulate gradients, and {replicas} replicas share "
            "each batch. Give a larger batch_size instead, or take JAX or PyTorch."
        )
    if isinstance(optimizer, PerVariable):
        return
    name = type(optimizer).__name__
    if backend == "torch":
        raise ValueError(
            f"{name} does not add up the gradients of {replicas} processes: each would train a "
            "model of its own. Take keras_bert_zoo.training.AdamW or Lamb."
        )
    if optimizer.clipnorm or optimizer.global_clipnorm or optimizer.clipvalue:
        raise ValueError(
            f"{name} would cut the gradients of each of {replicas} replicas before they are added "
            "up. Take keras_bert_zoo.training.AdamW or Lamb, which cut their sum."
        )
