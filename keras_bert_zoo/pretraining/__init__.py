"""Learning from text without labels."""

import importlib

PUBLIC = {
    "AdaptationReport": "vocabulary",
    "Corpus": "corpus",
    "CorpusStream": "corpus",
    "Distiller": "distillation",
    "Example": "example",
    "Examples": "example",
    "LinearRate": "rates",
    "MaskedTokens": "objectives.masked_tokens",
    "NextSentence": "objectives.next_sentence",
    "Objective": "objective",
    "Pretrainer": "pretrainer",
    "PretrainingBatches": "batches",
    "ReplacedTokens": "objectives.replaced_tokens",
    "SentenceOrder": "objectives.sentence_order",
    "SpanBoundary": "objectives.span_boundary",
    "VocabularyReport": "vocabulary",
    "adapt_vocabulary": "vocabulary",
    "build_corpus": "corpus",
    "distill": "distillation",
    "fit_phases": "phases",
    "train_vocabulary": "vocabulary",
}
__all__ = [*PUBLIC]


def __getattr__(name):
    if name in PUBLIC:
        value = getattr(importlib.import_module(f".{PUBLIC[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
