"""Texts and their translations as examples of two parts."""

import numpy as np

from .example import Example, Examples


def translations(pairs, tokenizer, length, languages):
    """Examples for `TranslatedTokens`, each a text and its translation.

    Args:
        pairs: list of `(text, translation)`.
        tokenizer: `keras_bert_zoo.Tokenizer`.
        length: most tokens of a row, special ones included; of what is longer, the longer part
            loses its end.
        languages: the row of each side in the encoder's table, as its
            `config.languages["de"]` says.

    Raises:
        ValueError: no pair of which both texts have a token.

    Example:

    >>> source = translations([("a good film", "ein guter Film")], tokenizer, 128, languages=(1, 0))
    >>> source.read([0])[0].languages
    (1, 0)
    """
    room, found = length - tokenizer.template.pair.special, []
    sides = [tokenizer.encode_batch(list(texts), add_special_tokens=False) for texts in zip(*pairs)]
    for number, both in enumerate(zip(*sides)):
        sizes = [len(one.ids) for one in both]
        while sum(sizes) > room:
            sizes[0 if sizes[0] > sizes[1] else 1] -= 1
        if not all(sizes):
            continue
        ids = np.concatenate([np.array(one.ids[:n], "int32") for one, n in zip(both, sizes)])
        starts = np.concatenate([_starts(one.word_ids[:n]) for one, n in zip(both, sizes)])
        found.append(Example(ids, starts, tuple(sizes), number, languages=tuple(languages)))
    return Examples(found)


def _starts(words):
    words = np.array(words)
    starts = np.ones(len(words), bool)
    starts[1:] = words[1:] != words[:-1]
    return starts
