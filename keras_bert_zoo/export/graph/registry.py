"""Which class serves which task: one line a task."""

from .choices import ServedChoices
from .classes import (
    ServedClassifier,
    ServedDocuments,
    ServedEarlyExits,
    ServedPairScorer,
    ServedTasks,
)
from .embeddings import ServedEmbedder
from .entities import ServedEntities, ServedReplaced
from .masks import ServedMasks
from .spans import ServedSpans

SERVED = {
    "TextClassifier": ServedClassifier,
    "DocumentClassifier": ServedDocuments,
    "EarlyExitClassifier": ServedEarlyExits,
    "PairScorer": ServedPairScorer,
    "MultiTaskClassifier": ServedTasks,
    "TokenClassifier": ServedEntities,
    "ReplacedTokenDetector": ServedReplaced,
    "SpanExtractor": ServedSpans,
    "MultipleChoice": ServedChoices,
    "MaskedLM": ServedMasks,
    "TextEmbedder": ServedEmbedder,
}


def served_class(task):
    """The class for a task, that of the nearest of its bases.

    Raises:
        ValueError: there is none.
    """
    for base in type(task).__mro__:
        if base.__name__ in SERVED:
            return SERVED[base.__name__]
    raise ValueError(
        f"A SavedModel of a {type(task).__name__} is not known. Known are those of "
        f"{', '.join(SERVED)}, and of their subclasses."
    )
