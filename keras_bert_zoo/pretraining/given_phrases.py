"""Texts with their entities and phrases as examples."""

import dataclasses

import numpy as np

from .example import Examples, examples_of


def given_phrases(texts, phrases, tokenizer, length):
    """Examples for `MaskedTokens(units="given")`: what belongs together is hidden as a whole.

    Args:
        texts: list of str.
        phrases: for each text a list of `(start, end)`, in characters, `end` the one after the
            last: its entities and phrases, as a tagger or a chunker finds them.
        tokenizer: `keras_bert_zoo.Tokenizer`.
        length: most tokens of a row, special ones included; a text that is longer becomes several
            examples, and a phrase that is cut by their border is none.

    Returns:
        `Examples`. A token of which a phrase has a part belongs to the phrase.

    Raises:
        ValueError: not as many lists as texts, a phrase outside its text, or no text has a token.

    Example:

    >>> source = given_phrases(["J. K. Rowling wrote it."], [[(0, 13)]], tokenizer, 128)
    >>> Pretrainer(encoder, tokenizer, [MaskedTokens(units="given")]).fit(source)
    """
    texts, phrases = list(texts), list(phrases)
    if len(texts) != len(phrases):
        raise ValueError(
            f"Give a list of phrases for each text, an empty one where there are none. Given: "
            f"{len(texts):,} texts, {len(phrases):,} lists."
        )
    for number, (text, found) in enumerate(zip(texts, phrases)):
        for phrase in found:
            if len(phrase) != 2 or not 0 <= phrase[0] < phrase[1] <= len(text):
                raise ValueError(
                    f"A phrase is (start, end) with 0 <= start < end <= {len(text)}, the "
                    f"characters of its text. Given for text {number}: {tuple(phrase)}."
                )
    source, done, found = examples_of(texts, tokenizer, length), {}, []
    encodings = tokenizer.encode_batch(texts, add_special_tokens=False)
    for one in source.read(range(len(source))):
        first = done.get(one.document, 0)
        done[one.document] = last = first + len(one.token_ids)
        spans = _in_tokens(phrases[one.document], encodings[one.document].offsets) - first
        whole = (spans[:, 0] >= 0) & (spans[:, 1] <= last - first)
        found.append(dataclasses.replace(one, spans=spans[whole].astype("int32")))
    return Examples(found)


def _in_tokens(phrases, offsets):
    """int64 `(k, 2)`: the tokens of which each phrase has a part; phrases without one left out."""
    starts, ends = np.array(offsets, "int64").reshape(-1, 2).T
    phrases = np.array(phrases, "int64").reshape(-1, 2)
    first = np.searchsorted(ends, phrases[:, 0], "right")
    last = np.searchsorted(starts, phrases[:, 1], "left")
    return np.stack([first, last], axis=1)[first < last]
