"""Answers for more texts than one machine takes in one go: Parquet in, Parquet out.

Nothing here imports Keras before it must: the processes that do the work load the model.
"""

from ..lazy import lazy

PUBLIC = {"Report": "report", "predict": "predicting"}
__all__ = [*PUBLIC]
__getattr__, __dir__ = lazy(__name__, PUBLIC)
