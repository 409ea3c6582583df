"""Texts as a caller gives them, checked, and as the Rust library takes them."""

import re

_SURROGATE = re.compile("[\ud800-\udfff]")


def strings(texts, what):
    """A list of str, or a TypeError that says which one is not."""
    if isinstance(texts, (str, bytes)) or not hasattr(texts, "__iter__"):
        raise TypeError(f"{what} is {texts!r:.80}; expected a list of str.")
    texts = list(texts)
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(
                f"{what}[{index}] is {text!r:.80} ({type(text).__name__}); expected a str. "
                "Decode bytes, join words, and fill in missing values before."
            )
    return texts


def word_lists(texts, what):
    return [strings(words, f"{what}[{index}]") for index, words in enumerate(texts)]


def inputs(texts, pairs=None, check=strings):
    """Checked texts as Rust takes them: alone, or as (text, pair)."""
    texts = check(texts, "texts")
    if pairs is None:
        return texts
    pairs = check(pairs, "pairs")
    if len(pairs) != len(texts):
        raise ValueError(f"{len(texts)} texts but {len(pairs)} pairs; expected as many.")
    return list(zip(texts, pairs))


def without_surrogates(value):
    """The same str, or list or tuple of them, with U+FFFD for lone surrogates: one for one."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    return type(value)(map(without_surrogates, value))
