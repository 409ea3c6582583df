"""Lower rates for lower layers."""


def layer_factors(encoder, decay):
    """What multiplies the learning rate of each layer of an encoder: `factors` of an optimizer.

    Heads and the pooler learn at the whole rate, the top layer at `decay` times that, each layer
    below at `decay` times the one above, the embeddings at that of a layer below the first. A layer
    that is used several times (ALBERT) counts once. (https://arxiv.org/abs/1801.06146, section 3.2;
    in ELECTRA's code the top layer is at `decay ** 2`.)

    Args:
        encoder: `keras_bert_zoo.Encoder`.
        decay: above 0 and up to 1; 1 is the same rate for all.

    Returns:
        Dictionary of parts of the weights' names to factors.

    Raises:
        ValueError: a decay out of its range.

    Example:

    >>> layer_factors(encoder, 0.5)  # of two layers
    {'^layer_1/': 0.5, '^layer_0/': 0.25, '^(embeddings)/': 0.125}
    """
    if not 0 < decay <= 1:
        raise ValueError(f"A decay of rates by layer is above 0 and up to 1. Given: {decay}.")
    if decay == 1:
        return {}
    return {name: decay**depth for depth, name in enumerate(layer_names(encoder), start=1)}


def layer_names(encoder):
    """Parts of the names of the weights of each layer, from the top down, the embeddings last."""
    names = list(dict.fromkeys(block.name for block in encoder.blocks))
    bottom = [part.name for part in (encoder.embeddings, encoder.relations) if part is not None]
    return [*(f"^{name}/" for name in reversed(names)), f"^({'|'.join(bottom)})/"]
