"""Models that take text and give answers. To add one: write the file, and name it here."""

from .task import TASKS, Task
from .text_classifier import TextClassifier
from .token_classifier import TokenClassifier

__all__ = ["TASKS", "Task", "TextClassifier", "TokenClassifier"]
