"""What of a task is trained, and what of its encoder starts anew."""

import re


def frozen_by(task, what):
    """The numbers (`id`) of the weights that a recipe's `freeze` names.

    Args:
        task: a task, or a `Pretrainer`.
        what: "embeddings"; "encoder"; a number of layers from the bottom, with the embeddings; or
            parts of the names of weights (regular expressions); None for nothing.

    Raises:
        ValueError: more layers than there are, or names that no weight has.
    """
    encoder = task.encoder
    if what is None:
        return set()
    if isinstance(what, tuple):
        found = {part: [w for w in task.weights if re.search(part, w.path)] for part in what}
        if missing := [part for part, weights in found.items() if not weights]:
            raise ValueError(f"freeze={what!r}: no weight of the task has {missing[0]!r} in it.")
        return {id(weight) for weights in found.values() for weight in weights}
    if what == "encoder":
        return {id(weight) for weight in encoder.weights}
    count = 0 if what == "embeddings" else what
    if count > len(encoder.blocks):
        raise ValueError(f"freeze={what}: the encoder has {len(encoder.blocks)} layers.")
    parts = (encoder.embeddings, encoder.relations, *encoder.blocks[:count])
    return {id(weight) for part in parts if part is not None for weight in part.weights}


def set_trainable(task, recipe):
    """Adds low-rank updates as a recipe says, and makes untrainable what it freezes.

    Args:
        task: a task, or a `Pretrainer`.
        recipe: `keras_bert_zoo.Recipe`.

    Returns:
        Whether updates were added. Those that the encoder has already stay as they are.
    """
    adds = bool(recipe.lora) and not task.encoder.lora_rank
    if adds:
        task.encoder.enable_lora(recipe.lora, recipe.lora_alpha)
    frozen = frozen_by(task, recipe.freeze)
    for weight in task.weights:
        if id(weight) in frozen:
            weight.trainable = False
    return adds


def sizes_by_recipe(task, recipe):
    """What is trained once a task is compiled with a recipe.

    Returns:
        `(path, shape, whether it is trained)` of each weight, low-rank updates to come with them.
    """
    encoder, frozen = task.encoder, frozen_by(task, recipe.freeze)
    found, rank = [], None if encoder.lora_rank else recipe.lora
    if rank:
        frozen |= {id(weight) for weight in encoder.weights}
        for layer in encoder.lora_layers:
            path, (*inputs, outputs) = layer.kernel.path.rpartition("/")[0], layer.kernel.shape
            found.append((f"{path}/lora_kernel_a", (*inputs, rank), True))
            found.append((f"{path}/lora_kernel_b", (rank, outputs), True))
    return found + [
        (weight.path, tuple(weight.shape), weight.trainable and id(weight) not in frozen)
        for weight in task.weights
    ]


def restart_top(encoder, count):
    """Gives the top layers, and the pooler, new weights (https://arxiv.org/abs/2006.05987, 5).

    Args:
        encoder: `keras_bert_zoo.Encoder`.
        count: how many layers.

    Raises:
        ValueError: more layers than there are.
    """
    if not count:
        return
    if count > len(encoder.blocks):
        raise ValueError(f"reinit_top={count}: the encoder has {len(encoder.blocks)} layers.")
    fresh = type(encoder).from_config(encoder.get_config())
    pairs = [*zip(encoder.blocks[-count:], fresh.blocks[-count:]), (encoder.pooler, fresh.pooler)]
    for ours, theirs in pairs:
        if ours is not None:
            ours.set_weights(theirs.get_weights())
