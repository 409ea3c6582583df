"""What a training asks of a device: memory and operations, before it starts."""

import dataclasses
import math

import keras

from .device_memory import free_memory
from .flops import encoder_flops
from .freezing import sizes_by_recipe

SPARE = 0.1  # of the memory that is free: for what compilers and kernels need besides


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a training takes.

    Args:
        batch_size, length: rows of a batch, and tokens of a row.
        parameters, trained: numbers of the model, and those of them that learn.
        weights, gradients, optimizer, activations: bytes; activations are what is kept of a batch
            for the way back.
        flops: operations of the matrix products of an update.
    """

    batch_size: int
    length: int
    parameters: int
    trained: int
    weights: int
    gradients: int
    optimizer: int
    activations: int
    flops: int

    @property
    def bytes(self):
        """All memory together."""
        return self.weights + self.gradients + self.optimizer + self.activations

    def __str__(self):
        parts = "weights", "gradients", "optimizer", "activations"
        told = ", ".join(f"{name} {_size(getattr(self, name))}" for name in parts)
        return (
            f"{self.batch_size} rows of {self.length} tokens: about {_size(self.bytes)} ({told}); "
            f"{self.trained:,} of {self.parameters:,} parameters learn; "
            f"{self.flops / 1e9:,.1f} GFLOPs an update"
        )


def training_cost(task, batch_size=32, length=None):
    """What a training of a task takes, about.

    Activations are counted as for a block of BERT: with hidden size h, inner size i and a heads,
    each token keeps 9 h + 2 i + a numbers, and with dropout of attention, which no fused kernel
    does, h + 3 a s more in rows of s tokens (after https://arxiv.org/abs/2205.05198, section 4.1,
    which counts bytes of float16). So it is on torch; XLA keeps 4 i more, of the activation, and
    a s where there is no dropout. Relative positions (DeBERTa, XLNet) take more.

    Args:
        task: a task, or a `Pretrainer`.
        batch_size: rows of a batch.
        length: tokens of a row; as many as the task reads if not given.

    Returns:
        `Cost`.

    Example:

    >>> print(training_cost(task, batch_size=32, length=128))
    32 rows of 128 tokens: about 3.9 GB (weights 438.0 MB, ...
    """
    length = length or _length_of(task)
    sizes = [(math.prod(shape), learns) for _, shape, learns in sizes_by_recipe(task, task.recipe)]
    parameters, trained = sum(n for n, _ in sizes), sum(n for n, learns in sizes if learns)
    size = _bytes_of(keras.dtype_policies.get(task.encoder.dtype_policy).variable_dtype)
    slots = 2 + (task.recipe.ema is not None) + (task.recipe.accumulate > 1)
    rows = batch_size * _rows_of(task)
    return Cost(
        batch_size=batch_size,
        length=length,
        parameters=parameters,
        trained=trained,
        weights=parameters * size,
        gradients=trained * size,
        optimizer=slots * trained * size,
        activations=rows * activations(task.encoder, length),
        flops=3 * encoder_flops(task.encoder, rows, length),
    )


def activations(encoder, length):
    """Bytes that are kept of a row for the way back."""
    config = encoder.config
    size = _bytes_of(encoder.compute_dtype)
    hidden, heads = config.hidden_dim, config.num_heads
    fused = keras.config.backend() == "torch"
    each = 9 * hidden + (2 if fused else 6) * config.intermediate_dim + heads
    if getattr(config, "attention_dropout", 0):
        each += hidden + 3 * heads * length
    elif not fused:
        each += heads * length
    return length * size * (len(encoder.blocks) * each + 3 * hidden)


def largest_batch(task, length=None, memory=None):
    """The most rows of a batch that fit into memory, about.

    Args:
        task: a task, or a `Pretrainer`.
        length: tokens of a row; as many as the task reads if not given.
        memory: bytes there are; what is free on the device if not given.

    Returns:
        A power of two, or one and a half of one: 1, 2, 3, 4, 6, 8, 12, 16 ...

    Raises:
        ValueError: not even one row fits.

    Example:

    >>> task.fit(texts, labels, batch_size=largest_batch(task, length=128))
    """
    memory = memory or free_memory()
    room = (1 - SPARE) * memory
    fixed = training_cost(task, 1, length)
    most = int((room - fixed.bytes + fixed.activations) // fixed.activations)
    if most < 1:
        raise ValueError(
            f"Not one row fits into {_size(memory)}: {fixed}. Give a shorter length or a smaller "
            'preset, dtype="mixed_bfloat16", enable_lora(rank), or freeze="embeddings".'
        )
    power = 2 ** (most.bit_length() - 1)
    return max(power, power * 3 // 2 if power * 3 // 2 <= most else 1)


def _rows_of(task):
    """Rows of the encoder for each row of a batch: choices are rows of their own."""
    return getattr(task, "num_choices", None) or 1


def _length_of(task):
    preprocessor = getattr(task, "preprocessor", None)
    if preprocessor is not None:
        return preprocessor.max_sequence_length
    return getattr(task, "length", None) or task.encoder.config.max_sequence_length


def _bytes_of(dtype):
    return {"float64": 8, "float32": 4}.get(str(dtype), 2)


def _size(count):
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count / 1e3:.1f} kB"
