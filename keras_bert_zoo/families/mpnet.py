"""MPNet (https://arxiv.org/abs/2004.09297): RoBERTa without segments, with a bias by distance."""

import dataclasses

from ..encoder import Encoder
from ..layers import BucketBias
from . import bert, roberta
from .family import EncoderConfig, Family


@dataclasses.dataclass(frozen=True)
class MPNetConfig(EncoderConfig):
    """The numbers that every family has, and those of the bias.

    Args:
        num_buckets: rows of the table of distances.
        use_pooler: whether the encoder has the dense tanh layer over its first token.

    Example:

    >>> MPNetConfig(vocabulary_size=30527)
    """

    family = "mpnet"
    num_buckets: int = 32
    use_pooler: bool = True
    num_segments = 0


def build(config):
    return Encoder(
        config,
        roberta.embeddings(config),
        [bert.block(config, index) for index in range(config.num_layers)],
        relations=BucketBias(
            config.num_heads,
            config.num_buckets,
            initializer_range=config.initializer_range,
            name="relations",
        ),
        pooler=bert.pooler(config) if config.use_pooler else None,
    )


WEIGHT_NAMES = {
    **{path: name for path, name in bert.WEIGHT_NAMES.items() if path != "embeddings/segments"},
    "relations/table": "encoder.relative_attention_bias",
    "layer_{i}/attention/query": "encoder.layer.{i}.attention.attn.q",
    "layer_{i}/attention/key": "encoder.layer.{i}.attention.attn.k",
    "layer_{i}/attention/value": "encoder.layer.{i}.attention.attn.v",
    "layer_{i}/attention/out": "encoder.layer.{i}.attention.attn.o",
    "layer_{i}/attention_norm": "encoder.layer.{i}.attention.LayerNorm",
}

HUGGING_FACE = dataclasses.replace(
    roberta.HUGGING_FACE,
    model_type="mpnet",
    classes="MPNet",
    prefix="mpnet.",
    config={
        **{k: v for k, v in roberta.HUGGING_FACE.config.items() if k != "num_segments"},
        "num_buckets": "relative_attention_num_buckets",
    },
    required={"pad_token_id": (1,), "pruned_heads": ({},)},
    sizes={
        **{k: v for k, v in roberta.HUGGING_FACE.sizes.items() if k != "num_segments"},
        "num_buckets": ("encoder.relative_attention_bias.weight", 0),
    },
)

FAMILY = Family(
    MPNetConfig, build, lambda config: WEIGHT_NAMES, HUGGING_FACE, heads=roberta.FAMILY.heads
)
