"""XLM-RoBERTa-XL and -XXL (https://arxiv.org/abs/2105.00572): a norm before each branch."""

import dataclasses

from ..encoder import Encoder
from ..layers import PaddedPositions, PreNormBlock, layer_norm
from . import bert, roberta
from .family import Family


@dataclasses.dataclass(frozen=True)
class XlmRobertaXlConfig(roberta.RobertaConfig):
    """RoBERTa's numbers.

    Example:

    >>> XlmRobertaXlConfig(vocabulary_size=250880, num_layers=36, hidden_dim=2560, num_heads=32,
    ...                    intermediate_dim=10240)
    """

    family = "xlm_roberta_xl"


def build(config):
    return Encoder(
        config,
        bert.embeddings(config, PaddedPositions, norm=None),
        [bert.block(config, index, kind=PreNormBlock) for index in range(config.num_layers)],
        pooler=bert.pooler(config) if config.use_pooler else None,
        final_norm=layer_norm("final_norm", config.layer_norm_epsilon),
    )


LAYER = "encoder.layer.{i}"
WEIGHT_NAMES = {
    **{path: name for path, name in bert.WEIGHT_NAMES.items() if path != "embeddings/norm"},
    "layer_{i}/attention_norm": f"{LAYER}.attention.self_attn_layer_norm",
    "layer_{i}/feed_forward_norm": f"{LAYER}.LayerNorm",
    "final_norm": "encoder.LayerNorm",
}

FAMILY = Family(
    XlmRobertaXlConfig,
    build,
    lambda config: WEIGHT_NAMES,
    dataclasses.replace(roberta.HUGGING_FACE, model_type="xlm-roberta-xl", classes="XLMRobertaXL"),
    heads=roberta.FAMILY.heads,
)
