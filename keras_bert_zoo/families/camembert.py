"""CamemBERT (https://arxiv.org/abs/1911.03894): RoBERTa in French."""

import dataclasses

from . import roberta


@dataclasses.dataclass(frozen=True)
class CamembertConfig(roberta.RobertaConfig):
    """RoBERTa's numbers.

    Example:

    >>> CamembertConfig(vocabulary_size=32005)
    """

    family = "camembert"


FAMILY = dataclasses.replace(
    roberta.FAMILY,
    Config=CamembertConfig,
    hugging_face=dataclasses.replace(
        roberta.HUGGING_FACE, model_type="camembert", classes="Camembert"
    ),
)
