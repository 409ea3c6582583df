"""Models that take text and give answers. To add one: write the file, and name it here."""

from .answer_classifier import AnswerClassifier
from .document_classifier import DocumentClassifier
from .early_exit_classifier import EarlyExitClassifier
from .masked_lm import MaskedLM
from .multi_task_classifier import MultiTaskClassifier
from .multiple_choice import MultipleChoice
from .pair_scorer import PairScorer
from .replaced_token_detector import ReplacedTokenDetector
from .span_extractor import SpanExtractor
from .task import TASKS, Task
from .text_classifier import TextClassifier
from .text_embedder import TextEmbedder
from .token_classifier import TokenClassifier
from .vector_index import VectorIndex
from .zero_shot import ZeroShotClassifier

__all__ = [
    "TASKS",
    "AnswerClassifier",
    "DocumentClassifier",
    "EarlyExitClassifier",
    "MaskedLM",
    "MultiTaskClassifier",
    "MultipleChoice",
    "PairScorer",
    "ReplacedTokenDetector",
    "SpanExtractor",
    "Task",
    "TextClassifier",
    "TextEmbedder",
    "TokenClassifier",
    "VectorIndex",
    "ZeroShotClassifier",
]
