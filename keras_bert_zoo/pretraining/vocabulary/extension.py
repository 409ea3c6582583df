"""A tokenizer with more pieces, whose old ids all stay."""

from ...tokenizers import Tokenizer
from .spelling import Spelling


def holds(tokenizer, other):
    """Whether every token of another tokenizer has the same id in this one."""
    ids = tokenizer.vocabulary()
    return all(ids.get(token) == index for token, index in other.vocabulary().items())


def extended_tokenizer(tokenizer, other):
    """A tokenizer with the pieces of another appended that it lacks.

    Of WordPiece and Unigram: their models look for the best pieces of a word among all that there
    are. A byte-level BPE finds a piece by merging smaller ones in a fixed order, in which those of
    another tokenizer have no place.

    Args:
        tokenizer: `Tokenizer` whose ids stay.
        other: `Tokenizer` of the same kind.

    Raises:
        ValueError: another kind, or a byte-level BPE.

    Example:

    >>> words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "##b"]
    >>> old = Tokenizer.from_vocabulary(words)
    >>> extended_tokenizer(old, Tokenizer.from_vocabulary([*words[:5], "ab", "a"])).tokenize("ab")
    ['ab']
    """
    specification, theirs = tokenizer.specification(), other.specification()
    kind = specification["model"]["type"]
    if kind != theirs["model"]["type"] or kind not in ("WordPiece", "Unigram"):
        raise ValueError(
            f"The pieces of a {theirs['model']['type']} vocabulary cannot be appended to one of "
            f"{kind}: both must be WordPiece, or both Unigram. Append words that are matched "
            'whole with tokenizer.add_tokens([...]), or use mode="replace".'
        )
    ids, special = tokenizer.vocabulary(), Spelling(other).special
    new = [t for t, index in _by_id(other) if t not in ids and index not in special]
    extend = _extended_words if kind == "WordPiece" else _extended_pieces
    model = extend(specification["model"], theirs["model"], _by_id(tokenizer), new)
    roles = tokenizer.get_config()["special_tokens"]
    return Tokenizer.from_specification({**specification, "model": model}, roles)


def _by_id(tokenizer):
    return sorted(tokenizer.vocabulary().items(), key=lambda item: item[1])


def _extended_words(model, theirs, old, new):
    # With the added tokens among the words their ids stay; beyond the words they would not.
    ids, first = dict(old), old[-1][1] + 1
    return {**model, "vocab": ids | {token: first + i for i, token in enumerate(new)}}


def _extended_pieces(model, theirs, old, new):
    pieces, scores = [tuple(piece) for piece in model["vocab"]], dict(map(tuple, theirs["vocab"]))
    least = min(score for _, score in pieces)
    pieces += [(token, least) for token, index in old if index >= len(pieces)]
    pieces += [(token, scores[token]) for token in new if token in scores]
    return {**model, "vocab": [list(piece) for piece in pieces]}
