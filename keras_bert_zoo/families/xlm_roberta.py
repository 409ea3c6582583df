"""XLM-RoBERTa (https://arxiv.org/abs/1911.02116): RoBERTa in a hundred languages."""

import dataclasses

from . import roberta


@dataclasses.dataclass(frozen=True)
class XlmRobertaConfig(roberta.RobertaConfig):
    """RoBERTa's numbers.

    Example:

    >>> XlmRobertaConfig(vocabulary_size=250002)
    """

    family = "xlm_roberta"


FAMILY = dataclasses.replace(
    roberta.FAMILY,
    Config=XlmRobertaConfig,
    hugging_face=dataclasses.replace(
        roberta.HUGGING_FACE, model_type="xlm-roberta", classes="XLMRoberta"
    ),
)
