"""How each task is asked over HTTP, and what it answers.

To serve another task: write its file, and name it here.
"""

import importlib

# Class of the task -> module of this package, and the class in it.
TABLE = {
    "TextClassifier": ("classes", "TextClasses"),
    "PairScorer": ("pairs", "PairScores"),
    "DocumentClassifier": ("classes", "DocumentClasses"),
    "EarlyExitClassifier": ("classes", "EarlyClasses"),
    "MultiTaskClassifier": ("classes", "ManyClasses"),
    "TokenClassifier": ("tokens", "Entities"),
    "ReplacedTokenDetector": ("tokens", "ReplacedWords"),
    "SpanExtractor": ("spans", "Spans"),
    "MultipleChoice": ("choices", "Choices"),
    "MaskedLM": ("masks", "Masks"),
    "TextEmbedder": ("vectors", "Vectors"),
}
NOT_SERVED = ("AnswerClassifier",)  # its questions are about images


def answers_for(task, settings):
    """The `Answers` of a task, by the nearest of its classes.

    Raises:
        ValueError: the task has no tokenizer, or there is no way to ask it over HTTP.
    """
    names = [cls.__name__ for cls in type(task).__mro__]
    name = next((name for name in names if name in TABLE or name in NOT_SERVED), None)
    if name not in TABLE:
        raise ValueError(
            f"A {names[0]} cannot be served. Tasks that can be are {', '.join(TABLE)}."
        )
    if task.preprocessor is None:
        raise ValueError("The task has no preprocessor: without a tokenizer it cannot read texts.")
    module, cls = TABLE[name]
    return getattr(importlib.import_module(f".{module}", __name__), cls)(task, settings)
