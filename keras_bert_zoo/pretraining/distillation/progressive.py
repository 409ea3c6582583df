"""Layers that learn from a teacher one after another, as MobileBERT's do."""

from ..pretrainer import Pretrainer
from .attention_maps import AttentionMaps
from .hidden_states import HiddenStates


def transfer_by_layers(
    student, teacher, tokenizer, x, *, steps_per_layer, batch_size=32, length=None, **options
):
    """Trains the blocks of a student one by one, each to give what the teacher's gives.

    The progressive knowledge transfer of https://arxiv.org/abs/2004.02984, section 3.5: while a
    block learns the feature map and the attention of its own layer, those below it are frozen. The
    embeddings learn with the first block. A stage computes no more layers than it must, so that
    all of them together cost about half of what as many updates of the whole encoder do.

    Args:
        student: `keras_bert_zoo.Encoder`, which is trained.
        teacher: a trained encoder or task as deep, with as many heads; it is frozen.
        tokenizer: `keras_bert_zoo.Tokenizer`.
        x: texts, or a source of examples, as `Pretrainer.fit` takes them.
        steps_per_layer: updates for each block.
        batch_size: rows of a batch.
        length: tokens of a row; as many as the student has places if not given.
        **options: `recipe` and `seed` of the `Pretrainer`; `verbose`, `callbacks` and `log_dir` of
            its `fit`.

    Returns:
        The last loss of each block, a list.

    Raises:
        ValueError: another depth, or blocks that share their weights.

    Example:

    >>> transfer_by_layers(student, teacher, tokenizer, texts, steps_per_layer=10_000)
    >>> Pretrainer(student, tokenizer, mobilebert(teacher, transfer=False)).fit(texts)
    """
    depth = len(student.blocks)
    theirs = getattr(teacher, "encoder", teacher).config.num_layers
    if depth != theirs or len({id(block) for block in student.blocks}) != depth:
        raise ValueError(
            f"The student has {len({id(block) for block in student.blocks})} blocks of its own in "
            f"{depth} layers, the teacher {theirs} layers: layer by layer each block learns from "
            "one of the teacher's. Learn by HiddenStates and AttentionMaps at once instead."
        )
    fit = {key: options.pop(key) for key in ("verbose", "callbacks", "log_dir") if key in options}
    before, losses = [(weight, weight.trainable) for weight in student.variables], []
    try:
        for layer in range(1, depth + 1):
            student.trainable = False
            student.blocks[layer - 1].trainable = True
            student.embeddings.trainable = layer == 1
            objectives = [
                HiddenStates(teacher, [(layer, layer)]),
                AttentionMaps(teacher, [(layer, layer)]),
            ]
            stage = Pretrainer(student, tokenizer, objectives, length=length, **options)
            history = stage.fit(x, batch_size=batch_size, steps_per_epoch=steps_per_layer, **fit)
            losses.append(history.history["loss"][-1])
    finally:
        student.trainable = True
        for weight, trainable in before:
            weight.trainable = trainable
    return losses
