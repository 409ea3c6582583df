"""ERNIE 2 and 3: BERT's encoder, with a vector for the task.

https://arxiv.org/abs/1907.12412, https://arxiv.org/abs/2107.02137.
"""

import dataclasses

from ..encoder import Encoder
from ..layers import TaskEmbeddings
from . import bert
from .family import Family


@dataclasses.dataclass(frozen=True)
class ErnieConfig(bert.BertConfig):
    """BERT's numbers, and whether there is a vector for the task.

    Args:
        use_task_id: whether there is one.
        num_tasks: rows of the table of tasks.

    Example:

    >>> ErnieConfig(vocabulary_size=40000, use_task_id=True)
    """

    family = "ernie"
    use_task_id: bool = False
    num_tasks: int = 3


def build(config):
    tasks = {"layer": TaskEmbeddings, "num_tasks": config.num_tasks} if config.use_task_id else {}
    return Encoder(
        config,
        bert.embeddings(config, **tasks),
        [bert.block(config, index) for index in range(config.num_layers)],
        pooler=bert.pooler(config) if config.use_pooler else None,
    )


HUGGING_FACE = dataclasses.replace(
    bert.HUGGING_FACE,
    model_type="ernie",
    classes="Ernie",
    prefix="ernie.",
    config={
        **bert.HUGGING_FACE.config,
        "use_task_id": "use_task_id",
        "num_tasks": "task_type_vocab_size",
    },
)

FAMILY = Family(
    ErnieConfig,
    build,
    lambda config: {**bert.WEIGHT_NAMES, "embeddings/tasks": "embeddings.task_type_embeddings"},
    HUGGING_FACE,
    heads=bert.FAMILY.heads,
)
