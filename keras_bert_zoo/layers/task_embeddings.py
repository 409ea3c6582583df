"""Embeddings with a vector for the task that is learnt (ERNIE)."""

import keras
from keras import ops

from .embeddings import Embeddings


@keras.saving.register_keras_serializable("keras_bert_zoo")
class TaskEmbeddings(Embeddings):
    """`Embeddings`, and a vector for the task, of which there is one when no task is pre-training.

    Source: section 3.2 of https://arxiv.org/abs/1907.12412. All texts are of task 0, as in
    transformers where no other is given.

    Args:
        num_tasks: rows of the table of tasks.
        *arguments, **options: of `Embeddings`.

    Example:

    >>> layer, ids = TaskEmbeddings(100, 128, num_tasks=3), np.zeros((2, 10), "int32")
    >>> layer(ids, ids, ids + 1).shape
    (2, 10, 128)
    """

    def __init__(self, *arguments, num_tasks, **options):
        super().__init__(*arguments, **options)
        self.num_tasks = num_tasks
        self.tasks = self._table(num_tasks, "tasks")

    def build(self, token_ids_shape, *_):
        super().build(token_ids_shape)
        self.tasks.build()

    def vectors(self, token_ids, segment_ids, padding_mask, places=None):
        x = super().vectors(token_ids, segment_ids, padding_mask, places)
        return x + self.tasks(ops.zeros((1, 1), "int32"))

    def get_config(self):
        return {**super().get_config(), "num_tasks": self.num_tasks}
