"""Which tokens are hidden, and what stands in their place."""

import numpy as np

from ..errors import unknown_name
from .rows import NO_WORD


def single_tokens(batch, rng):
    """Each token for itself (BERT)."""
    return np.where(batch["words"] != NO_WORD, np.arange(batch["words"].shape[1]), NO_WORD)


def whole_words(batch, rng):
    """All pieces of a word together (https://github.com/google-research/bert, of May 2019)."""
    return batch["words"]


# Name -> `(batch, rng) -> units`: int `(rows, length)`, the number of the unit that each token is
# of, from 0, or -1 for those that stay as they are.
UNITS = {"tokens": single_tokens, "words": whole_words}


def hidden_places(name, batch, rate, most, rng):
    """Places of tokens to hide, whole units in random order, until `rate` of them is reached.

    A unit that would be too many is passed over for the next one, as in Google's
    `create_masked_lm_predictions`, so that none is hidden in part.

    Args:
        name: a name in `UNITS`.
        batch: as `rows_of` makes it.
        rate: share of the tokens that are hidden; at least one of each row that has any.
        most: how many places there are for each row.
        rng: `np.random.Generator`.

    Returns:
        `(places, weight)`, int32 and float32 `(rows, most)`: ascending, and zeros after the last.

    Raises:
        ValueError: an unknown name.
    """
    if name not in UNITS:
        raise unknown_name("units", name, UNITS)
    units = UNITS[name](batch, rng)
    counts = (units != NO_WORD).sum(axis=1)
    counts = np.minimum(np.maximum(np.rint(rate * counts), counts > 0), most).astype(int)
    if name == "tokens":
        chosen = _random_tokens(units, counts, rng)
    else:
        chosen = np.stack([_whole(row, count, rng) for row, count in zip(units, counts)])
    places = np.zeros((len(units), most), "int32")
    weight = np.zeros(places.shape, "float32")
    rows, where = np.nonzero(chosen)
    number = np.arange(len(rows)) - np.searchsorted(rows, rows)
    places[rows, number], weight[rows, number] = where, 1
    return places, weight


def _random_tokens(units, counts, rng):
    """So many of each row's tokens."""
    keys = np.where(units != NO_WORD, rng.random(units.shape), np.inf)
    ranks = keys.argsort(axis=1).argsort(axis=1)
    return ranks < counts[:, None]


def _whole(units, count, rng):
    """Whole units of one row, `count` tokens or as many fewer as there is no unit to fill up."""
    sizes = np.bincount(units[units != NO_WORD])
    order = rng.permutation(len(sizes))
    taken, left = np.zeros(len(sizes) + 1, bool), count  # the last is that of no unit
    for unit, size in zip(order.tolist(), sizes[order].tolist()):
        if 0 < size <= left:
            taken[unit], left = True, left - size
            if not left:
                break
    return taken[units]


def replaced(ids, shares, tokenizer, rng):
    """What stands in place of hidden tokens: the mask token, any token, or themselves.

    Args:
        ids: the tokens, any shape.
        shares: of those that become the mask token, and of those that become any token.
        tokenizer: `keras_bert_zoo.Tokenizer`.
        rng: `np.random.Generator`.
    """
    mask_share, random_share = shares
    draw = rng.random(ids.shape)
    anything = rng.integers(0, tokenizer.vocabulary_size, ids.shape)
    ids = np.where(draw < mask_share + random_share, anything, ids)
    return np.where(draw < mask_share, tokenizer.mask_id, ids)
