"""A student that starts as some layers of its teacher."""

import keras

from ...checkpoints.fill import carry_over
from ...encoder import Encoder


def student_of(teacher, layers=None):
    """A shallower model of the same widths: embeddings, heads and some blocks are the teacher's.

    Section 3 of https://arxiv.org/abs/1910.01108: "taking one layer out of two". The weights are
    copies.

    Args:
        teacher: `keras_bert_zoo.Encoder`, or a task.
        layers: numbers of the blocks to take, from 0; every second one from the first if not given.
            DistilBERT's code takes 0, 2, 4, 7, 9 and 11 of 12.

    Returns:
        An encoder, or a task of the same class with the same head.

    Raises:
        ValueError: a block that is not there, or one that cannot stand at its new place (the first
            block of some families differs from the others).

    Example:

    >>> student = student_of(keras_bert_zoo.Encoder.from_preset("bert_base_en_uncased"))
    >>> student.config.num_layers
    6
    """
    if not isinstance(teacher, Encoder):
        return _task_of(teacher, student_of(teacher.encoder, layers))
    count = len(teacher.blocks)
    layers = list(range(0, count, 2)) if layers is None else [int(i) for i in layers]
    if not layers or not all(0 <= index < count for index in layers):
        raise ValueError(f"layers={layers}: give numbers of blocks from 0 to {count - 1}.")
    if teacher.lora_rank:
        raise ValueError("The teacher has low-rank updates. Call its merge_lora first.")
    config = {**teacher.get_config(), "num_layers": len(layers), "quantized": None}
    student = Encoder.from_config(config)
    blocks = {id(weight) for block in student.blocks for weight in block.weights}
    others = [weight for weight in student.weights if id(weight) not in blocks]
    theirs = {weight.path: weight for weight in teacher.weights}
    _copy([(weight, theirs.get(weight.path)) for weight in others])
    given = {}
    for block, index in zip(student.blocks, layers):
        if given.setdefault(id(block), id(teacher.blocks[index])) != id(teacher.blocks[index]):
            raise ValueError(
                f"layers={layers}: blocks of this encoder share their weights, and these do not "
                "all have the same. Take blocks of one group."
            )
        _copy(_alike(block, teacher.blocks[index], index))
    return student


def _alike(block, other, index):
    """Pairs of weights of two blocks."""
    mine, theirs = ({_inner(w): w for w in one.weights} for one in (block, other))
    if {path: tuple(w.shape) for path, w in mine.items()} != {
        path: tuple(w.shape) for path, w in theirs.items()
    }:
        raise ValueError(
            f"Block {index} of the teacher cannot become {block.name} of the student: they differ "
            f"in {sorted(set(mine) ^ set(theirs)) or 'their shapes'}. Take another one there."
        )
    return [(weight, theirs[path]) for path, weight in mine.items()]


def _inner(weight):
    return weight.path.split("/", 1)[1]


def _copy(pairs):
    for weight, value in pairs:
        weight.assign(keras.ops.convert_to_numpy(value))


def _task_of(teacher, encoder):
    """A task like the teacher's, on another encoder."""
    config = {**teacher.get_config(), "encoder": keras.saving.serialize_keras_object(encoder)}
    task = type(teacher).from_config(config)
    carry_over(encoder, task)
    task.preprocessor = teacher.preprocessor
    ours = {id(weight) for weight in task.encoder.weights}
    theirs = {id(weight) for weight in teacher.encoder.weights}
    heads = {w.path: w for w in teacher.weights if id(w) not in theirs}
    _copy([(w, heads[w.path]) for w in task.weights if id(w) not in ours and w.path in heads])
    return task
