"""Learning from text without labels."""

from ..lazy import lazy

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
    "PermutedTokens": "objectives.permuted_tokens",
    "Pretrainer": "pretrainer",
    "PretrainingBatches": "batches",
    "ReplacedTokens": "objectives.replaced_tokens",
    "SentenceOrder": "objectives.sentence_order",
    "SentenceVectors": "objectives.sentence_vectors",
    "SpanBoundary": "objectives.span_boundary",
    "TranslatedTokens": "objectives.translated_tokens",
    "VocabularyReport": "vocabulary",
    "adapt_vocabulary": "vocabulary",
    "build_corpus": "corpus",
    "distill": "distillation",
    "fit_phases": "phases",
    "given_phrases": "given_phrases",
    "taught_sentences": "taught_sentences",
    "train_vocabulary": "vocabulary",
    "translations": "translations",
}
__all__ = [*PUBLIC]
__getattr__, __dir__ = lazy(__name__, PUBLIC)
