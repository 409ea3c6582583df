"""Which tokens are hidden, and what stands in their place."""

import numpy as np

from ..errors import unknown_name
from .rows import NO_WORD
from .units import UNITS


def hidden_places(name, batch, rate, most, rng):
    """Places of tokens to hide, whole units in random order, until `rate` of them is reached.

    A unit that would be too many is passed over for the next one, as in Google's
    `create_masked_lm_predictions`, so that none is hidden in part; of n-grams and spans those words
    are hidden that are not too many.

    Args:
        name: a name in `UNITS`.
        batch: as `rows_of` makes it.
        rate: share of the tokens that are hidden; at least one of each row that has any.
        most: how many places there are for each row.
        rng: `np.random.Generator`.

    Returns:
        `(places, weight, units)`, int32, float32 and int32 `(rows, most)`: ascending, with zeros
        after the last; and the number of the unit that each is of.

    Raises:
        ValueError: an unknown name.
    """
    if name not in UNITS:
        raise unknown_name("units", name, UNITS)
    units, first = UNITS[name].number(batch, rng)
    counts = (units != NO_WORD).sum(axis=1)
    counts = np.minimum(np.maximum(np.rint(rate * counts), counts > 0), most).astype(int)
    if name == "tokens":
        chosen = _random_tokens(units, counts, rng)
    else:
        atoms = batch["words"] if UNITS[name].cut else units
        rows = zip(units, atoms, counts.tolist(), first.tolist())
        chosen = np.stack([_whole(*row, rng) for row in rows])
    places = np.zeros((len(units), most), "int32")
    weight, of_unit = np.zeros(places.shape, "float32"), np.zeros(places.shape, "int32")
    rows, where = np.nonzero(chosen)
    number = np.arange(len(rows)) - np.searchsorted(rows, rows)
    places[rows, number], weight[rows, number] = where, 1
    of_unit[rows, number] = units[rows, where]
    return places, weight, of_unit


def _random_tokens(units, counts, rng):
    """So many of each row's tokens."""
    keys = np.where(units != NO_WORD, rng.random(units.shape), np.inf)
    ranks = keys.argsort(axis=1).argsort(axis=1)
    return ranks < counts[:, None]


def _whole(units, atoms, count, first, rng):
    """Whole units of one row, `count` tokens or as many fewer as there is no unit to fill up.

    Args:
        units: number of each token's unit.
        atoms: number of what is hidden whole, from which on a unit may be cut.
        count: how many tokens.
        first: how many of the units come before the others.
        rng: `np.random.Generator`.
    """
    used = units != NO_WORD
    sizes = np.bincount(atoms[used])
    owner = np.zeros(len(sizes), int)
    owner[atoms[used]] = units[used]
    rank = rng.permutation(int(units.max(initial=0)) + 1)
    rank[:first] -= len(rank)  # before all others
    order = np.argsort(rank[owner], kind="stable")  # a unit's own atoms stay in their order
    taken, left, cut = np.zeros(len(sizes) + 1, bool), count, None  # the last: of no unit
    rows = zip(order.tolist(), sizes[order].tolist(), owner[order].tolist())
    for atom, size, unit in rows:
        if size > left or unit == cut:
            cut = unit if size else cut
        elif size:
            taken[atom], left = True, left - size
            if not left:
                break
    return taken[np.where(used, atoms, len(sizes))]


def replaced(ids, shares, tokenizer, rng, draw=None):
    """What stands in place of hidden tokens: the mask token, any token, or themselves.

    Args:
        ids: the tokens, any shape.
        shares: of those that become the mask token, and of those that become any token.
        tokenizer: `keras_bert_zoo.Tokenizer`.
        rng: `np.random.Generator`.
        draw: numbers from 0 to 1 that choose between the three, of the shape of `ids`; drawn for
            each token if not given.
    """
    mask_share, random_share = shares
    draw = rng.random(ids.shape) if draw is None else draw
    anything = rng.integers(0, tokenizer.vocabulary_size, ids.shape)
    ids = np.where(draw < mask_share + random_share, anything, ids)
    return np.where(draw < mask_share, tokenizer.mask_id, ids)
