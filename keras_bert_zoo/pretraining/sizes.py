"""The sizes of BERT that have names."""

from ..errors import unknown_name

# Layers and hidden_dim; a head has 64 numbers, and the feed-forward is four times as wide
# (https://arxiv.org/abs/1908.08962, table 1; https://arxiv.org/abs/1810.04805, section 3).
SIZES = {
    "tiny": (2, 128),
    "mini": (4, 256),
    "small": (4, 512),
    "medium": (8, 512),
    "base": (12, 768),
    "large": (24, 1024),
}


def new_encoder(size, vocabulary_size, family="bert", **changes):
    """An encoder with new weights, of one of BERT's sizes.

    Args:
        size: a name in `SIZES`.
        vocabulary_size: tokens of the tokenizer.
        family: a name in `keras_bert_zoo.families.FAMILIES`.
        **changes: other fields of its config.

    Raises:
        ValueError: an unknown name.

    Example:

    >>> encoder = new_encoder("mini", 8192)
    >>> encoder.config.hidden_dim
    256
    """
    from ..families import family_called

    if size not in SIZES:
        raise unknown_name("size", size, SIZES)
    num_layers, hidden_dim = SIZES[size]
    family = family_called(family)
    numbers = {
        "vocabulary_size": vocabulary_size,
        "num_layers": num_layers,
        "hidden_dim": hidden_dim,
        "num_heads": hidden_dim // 64,
        "intermediate_dim": 4 * hidden_dim,
    }
    return family.build(family.Config(**{**numbers, **changes}))
