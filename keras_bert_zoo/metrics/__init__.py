"""Metrics: entities, answers, classes, correlations, rankings, and GLUE's own sets of them.

Functions take lists, as files have them; Keras metrics take what a model gives, in `compile`.

>>> from keras_bert_zoo import metrics
>>> metrics.entity_scores([["B-PER", "O"]], [["B-PER", "O"]]).micro.f1
1.0
"""

from .classification import F1, MatthewsCorrelation, accuracy, f1, matthews
from .correlation import Pearson, Spearman, pearson, spearman
from .entities import EntityScore, EntityScores, entity_scores, entity_spans
from .entity_f1 import EntityF1
from .glue import TASKS, GlueTask, glue_scores, glue_task
from .glue_files import read_glue, write_submission
from .retrieval import (
    NDCG,
    MeanReciprocalRank,
    average_precision,
    ndcg,
    precision,
    recall,
    reciprocal_rank,
    retrieval_scores,
)
from .squad import exact_match, normalize_answer, squad_scores, token_f1

__all__ = [
    "F1",
    "NDCG",
    "TASKS",
    "EntityF1",
    "EntityScore",
    "EntityScores",
    "GlueTask",
    "MatthewsCorrelation",
    "MeanReciprocalRank",
    "Pearson",
    "Spearman",
    "accuracy",
    "average_precision",
    "entity_scores",
    "entity_spans",
    "exact_match",
    "f1",
    "glue_scores",
    "glue_task",
    "matthews",
    "ndcg",
    "normalize_answer",
    "pearson",
    "precision",
    "read_glue",
    "recall",
    "reciprocal_rank",
    "retrieval_scores",
    "spearman",
    "squad_scores",
    "token_f1",
    "write_submission",
]
