"""Whether a model can read with another tokenizer."""

import warnings

from ...families import family_called
from .spelling import roles_of

_FOLLOW = "train_vocabulary(..., like=old_tokenizer) makes one that fits."


def check_fit(config, old, new):
    """Raises ValueError where it cannot, and warns where special tokens stand in other places.

    Args:
        config: the encoder's.
        old, new: `Tokenizer`.
    """
    missing = sorted(set(roles_of(old)) - set(roles_of(new)))
    if missing:
        raise ValueError(
            f"The new tokenizer has no {' and no '.join(missing)} token, the old one has. Name "
            f"them with special_tokens, or follow the old one: {_FOLLOW}"
        )
    pads = family_called(config.family).hugging_face.required.get("pad_token_id")
    if pads and new.pad_id not in pads:
        raise ValueError(
            f"{config.family} counts positions from the id of its padding token in other "
            f"libraries: it must be {pads[0]}, and the new tokenizer's is {new.pad_id}. {_FOLLOW}"
        )
    if old.template.padding_side != new.template.padding_side:
        raise ValueError(
            f"The model reads rows padded on the {old.template.padding_side}, the new tokenizer "
            f"pads on the {new.template.padding_side}. {_FOLLOW}"
        )
    if _places(old) != _places(new):
        warnings.warn(
            f"The new tokenizer puts special tokens as {_places(new)}, the old one as "
            f"{_places(old)}, which the model was trained with. {_FOLLOW}",
            stacklevel=4,
        )


def _places(tokenizer):
    """Where special tokens stand: `<cls> A <sep>, <cls> A <sep> B <sep>`, of one text and two."""
    roles = roles_of(tokenizer).items()
    names = {tokenizer.token_to_id(token): f"<{role}>" for role, token in roles}
    rows = []
    for layout, parts in ((tokenizer.template.single, "A"), (tokenizer.template.pair, "AB")):
        words = []
        for ids, part in zip(layout.ids, (*parts, "")):
            words += [names.get(index, str(index)) for index in ids] + [part]
        rows.append(" ".join(filter(None, words)))
    return ", ".join(rows)
