"""Texts and what another model says of them as examples."""

import dataclasses

import numpy as np

from .example import Examples, examples_of


def taught_sentences(texts, vectors, tokenizer, length):
    """Examples for `SentenceVectors`, each a text and its vector.

    Args:
        texts: list of str.
        vectors: `(texts, n)`, what the model to learn from makes of them; of any kind of float.
        tokenizer: `keras_bert_zoo.Tokenizer`.
        length: most tokens of a row, special ones included; what is longer loses its end.

    Returns:
        `Examples`; a text without a token is left out.

    Raises:
        ValueError: not as many vectors as texts, or no text has a token.

    Example:

    >>> vectors = kbz.TextEmbedder.from_preset("all_minilm_l6_v2").predict(texts)
    >>> source = taught_sentences(texts, vectors, tokenizer, 64)
    >>> Pretrainer(encoder, tokenizer, ["masked_tokens", "sentence_vectors"]).fit(source)
    """
    texts = list(texts)
    if np.ndim(vectors) != 2 or len(vectors) != len(texts):
        raise ValueError(
            f"Give a vector for each of the {len(texts):,} texts: an array ({len(texts)}, n). "
            f"Given: {np.shape(vectors)}."
        )
    source, found = examples_of(texts, tokenizer, length), {}
    for one in source.read(range(len(source))):
        if one.document not in found:  # the first part of each text; the vector is of the whole
            found[one.document] = dataclasses.replace(one, vector=vectors[one.document])
    return Examples(found.values())
