"""Vocabularies: learning one from texts, and putting another one into a trained model."""

from .training import VocabularyReport, train_vocabulary

__all__ = ["VocabularyReport", "train_vocabulary"]
