"""Parts of rows: taken out of a batch, cut, and put together in another way."""

import dataclasses

import numpy as np

from .example import Example
from .rows import rows_of


def part_of(batch, row, part):
    """One part of a row of a batch, as an `Example` of one part.

    Args:
        batch: as `rows_of` makes it.
        row: number of the row.
        part: 0 or 1.
    """
    first, end = batch["parts"][row, part].tolist()
    words, starts = batch["words"][row, first:end], np.ones(end - first, bool)
    starts[1:] = words[1:] != words[:-1]
    spans = batch["spans"][row]
    spans = spans[(spans[:, 0] >= first) & (spans[:, 1] <= end)] - first
    ids = batch["token_ids"][row, first:end]
    languages = (int(batch["languages"][row, part]),)
    document = int(batch["documents"][row])
    return Example(ids, starts, (end - first,), document, spans, languages)


def cut(part, first, end):
    """The tokens of a part from place `first` to the one before `end`."""
    spans = part.spans[(part.spans[:, 0] >= first) & (part.spans[:, 1] <= end)] - first
    starts = part.starts_word[first:end]
    changed = {"starts_word": starts, "lengths": (end - first,), "spans": spans}
    return dataclasses.replace(part, token_ids=part.token_ids[first:end], **changed)


def joined(first, second):
    """Two parts as one `Example`, of the first one's document."""
    return Example(
        np.concatenate([first.token_ids, second.token_ids]),
        np.concatenate([first.starts_word, second.starts_word]),
        (*first.lengths, *second.lengths),
        first.document,
        np.concatenate([first.spans, second.spans + first.lengths[0]]),
        (*first.languages, *second.languages),
    )


def shortened(first, second, room, rng):
    """Two parts that have `room` tokens together: the longer one loses one, until they fit.

    Each token is taken from its beginning or its end, by chance: Google's `truncate_seq_pair`
    (https://github.com/google-research/bert, create_pretraining_data.py).
    """
    lengths = [*first.lengths, *second.lengths]
    for _ in range(sum(lengths) - room):
        lengths[0 if lengths[0] > lengths[1] else 1] -= 1
    found = []
    for part, length in zip((first, second), lengths):
        start = rng.binomial(part.lengths[0] - length, 0.5)
        found.append(cut(part, start, start + length))
    return found


def with_rows(batch, examples, tokenizer):
    """A batch in which some rows are other examples; what else is in it stays.

    Args:
        batch: as `rows_of` makes it, and perhaps with more.
        examples: number of a row -> `Example`.
        tokenizer: `keras_bert_zoo.Tokenizer`.
    """
    if not examples:
        return batch
    new = rows_of([*examples.values()], tokenizer, batch["token_ids"].shape[1])
    spans, changed = list(batch["spans"]), {**batch}
    for row, found in zip(examples, new.pop("spans")):
        spans[row] = found
    for key, rows in new.items():
        changed[key] = batch[key].copy()
        changed[key][[*examples]] = rows
    return {**changed, "spans": spans}
