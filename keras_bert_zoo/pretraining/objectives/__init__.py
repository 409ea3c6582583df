"""What can be learnt from text without labels: one file each."""

import importlib

from ...errors import unknown_name

# Name -> module and class.
OBJECTIVES = {
    "masked_tokens": ("masked_tokens", "MaskedTokens"),
    "next_sentence": ("next_sentence", "NextSentence"),
    "permuted_tokens": ("permuted_tokens", "PermutedTokens"),
    "replaced_tokens": ("replaced_tokens", "ReplacedTokens"),
    "sentence_order": ("sentence_order", "SentenceOrder"),
    "sentence_vectors": ("sentence_vectors", "SentenceVectors"),
    "span_boundary": ("span_boundary", "SpanBoundary"),
    "translated_tokens": ("translated_tokens", "TranslatedTokens"),
}


def objective(value):
    """An `Objective`: as it is, or by its name with its defaults.

    Raises:
        ValueError: an unknown name.
    """
    if not isinstance(value, str):
        return value
    if value not in OBJECTIVES:
        raise unknown_name("objective", value, OBJECTIVES)
    module, name = OBJECTIVES[value]
    return getattr(importlib.import_module(f".{module}", __name__), name)()
