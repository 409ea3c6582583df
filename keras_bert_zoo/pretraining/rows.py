"""From examples to arrays: the rows of a batch, with all that objectives may ask about them."""

import numpy as np

NO_WORD = -1


def rows_of(examples, tokenizer, length):
    """The rows of examples, with the special tokens of the tokenizer's template around them.

    Args:
        examples: list of `Example`, each short enough for a row.
        tokenizer: `keras_bert_zoo.Tokenizer`.
        length: how many tokens the rows are long.

    Returns:
        Dictionary of int32 arrays: `token_ids`, `segment_ids`, `padding_mask` `(rows, length)`;
        `words` `(rows, length)`, the number of each token's word in its row, -1 for special tokens
        and padding; `parts` `(rows, 2, 2)`, where each part begins and ends, zeros for a part that
        is not there; `languages` `(rows, 2)`, -1 where it is not said; `documents` `(rows,)`,
        int64. And `spans`, a list of arrays `(k, 2)` in places of the row; `vectors`, float32
        `(rows, n)`, if all examples have one.

    Raises:
        ValueError: an example that is too long.
    """
    shape = (len(examples), length)
    rows = {
        "token_ids": np.full(shape, tokenizer.pad_id or 0, "int32"),
        "segment_ids": np.zeros(shape, "int32"),
        "padding_mask": np.zeros(shape, "int32"),
        "words": np.full(shape, NO_WORD, "int32"),
        "parts": np.zeros((len(examples), 2, 2), "int32"),
        "languages": np.full((len(examples), 2), -1, "int32"),
        "documents": np.array([example.document for example in examples], "int64"),
        "spans": [],
    }
    if examples and all(example.vector is not None for example in examples):
        rows["vectors"] = np.stack([example.vector for example in examples]).astype("float32")
    for row, example in enumerate(examples):
        layout = tokenizer.template.layout(len(example.lengths))
        size = layout.special + sum(example.lengths)
        if size > length:
            raise ValueError(
                f"An example has {size} tokens with the special ones; rows have length={length}. "
                "Build the corpus for that length, or give a longer one."
            )
        first = length - size if tokenizer.template.padding_side == "left" else 0
        _fill(rows, row, first, example, layout)
    return rows


def _fill(rows, row, first, example, layout):
    """Writes one example into its row, from place `first` on."""
    ids, segments, words = (rows[key][row] for key in ("token_ids", "segment_ids", "words"))
    numbers = np.cumsum(example.starts_word, dtype="int32") - 1
    numbers -= min(0, int(numbers[0])) if len(numbers) else 0  # it may begin within a word
    place = _special(ids, segments, first, layout.ids[0], layout.id_segments[0])
    done, spans = 0, []
    for part, size in enumerate(example.lengths):
        end = place + size
        ids[place:end] = example.token_ids[done : done + size]
        segments[place:end] = layout.segments[part]
        words[place:end] = numbers[done : done + size]
        rows["parts"][row, part] = place, end
        if example.languages:
            rows["languages"][row, part] = example.languages[part]
        if example.spans is not None:
            inside = (example.spans[:, 0] >= done) & (example.spans[:, 1] <= done + size)
            spans.append(example.spans[inside] + (place - done))
        done += size
        place = _special(ids, segments, end, layout.ids[part + 1], layout.id_segments[part + 1])
    rows["padding_mask"][row, first:place] = 1
    rows["spans"].append(np.concatenate(spans) if spans else np.zeros((0, 2), "int32"))


def _special(ids, segments, place, special, special_segments):
    """Writes special tokens, and returns the place after them."""
    end = place + len(special)
    ids[place:end], segments[place:end] = special, special_segments
    return end
