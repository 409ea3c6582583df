"""Vocabularies: learning one from texts, and putting another one into a trained model."""

from .surgery import AdaptationReport, adapt_vocabulary
from .training import VocabularyReport, train_vocabulary

__all__ = ["AdaptationReport", "VocabularyReport", "adapt_vocabulary", "train_vocabulary"]
