"""Counting what is cut, and saying so."""

import dataclasses
import threading
import warnings

MODES = ("warn", "error", "silent")


class TruncationWarning(UserWarning):
    """Texts were longer than the model, and were cut."""


class TruncationError(ValueError):
    """A text is longer than the model, and `truncation="error"` refuses to cut it."""


@dataclasses.dataclass
class TruncationReport:
    """How many texts and tokens were cut.

    Args:
        max_length: tokens that a row may have, special ones included.
        texts: texts seen.
        tokens: tokens seen, without special ones.
        cut_texts: texts that were cut.
        cut_tokens: tokens that were dropped.
    """

    max_length: int
    texts: int = 0
    tokens: int = 0
    cut_texts: int = 0
    cut_tokens: int = 0

    def __post_init__(self):
        self._lock = threading.Lock()

    def add(self, tokens, cut):
        """Counts texts.

        Args:
            tokens: number of tokens of each text.
            cut: number of tokens cut from each text.
        """
        with self._lock:
            self.texts += len(tokens)
            self.tokens += sum(tokens)
            self.cut_texts += sum(1 for n in cut if n)
            self.cut_tokens += sum(cut)

    def __str__(self):
        return (
            f"{self.cut_texts:,} of {self.texts:,} texts were cut to {self.max_length} tokens: "
            f"{self.cut_tokens:,} of {self.tokens:,} tokens were dropped."
        )

    def warn(self):
        """Warns if something was cut."""
        if self.cut_texts:
            warnings.warn(
                f'{self} truncation="error" refuses such texts, "silent" says nothing.',
                TruncationWarning,
                stacklevel=3,
            )
