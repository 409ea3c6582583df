"""DeBERTa, the first one (https://arxiv.org/abs/2006.03654)."""

import dataclasses

from ..encoder import Encoder
from ..layers import FusedDisentangledAttention, RelativeTable
from . import bert, deberta_v2
from .family import EncoderConfig, Family


@dataclasses.dataclass(frozen=True)
class DebertaConfig(EncoderConfig):
    """The numbers that every family has, and segments.

    Args:
        num_segments: rows of the segment table; 0 in the published ones.

    Example:

    >>> DebertaConfig(vocabulary_size=50265)
    """

    family = "deberta"
    may_be_zero = ("num_segments",)
    layer_norm_epsilon: float = 1e-7
    num_segments: int = 0


def build(config):
    return Encoder(
        config,
        bert.embeddings(config, positions=None),
        [bert.block(config, index, attention(config)) for index in range(config.num_layers)],
        relations=RelativeTable(
            config.max_sequence_length,
            config.hidden_dim,
            initializer_range=config.initializer_range,
            name="relations",
        ),
    )


def attention(config):
    return FusedDisentangledAttention(
        config.hidden_dim,
        config.num_heads,
        max_distance=config.max_sequence_length,
        dropout=config.attention_dropout,
        position_dropout=config.dropout,
        initializer_range=config.initializer_range,
        name="attention",
    )


ATTENTION = "encoder.layer.{i}.attention.self"
SEPARATE = ("layer_{i}/attention/query", "layer_{i}/attention/key", "layer_{i}/attention/value")
WEIGHT_NAMES = {
    **{
        path: name
        for path, name in bert.WEIGHT_NAMES.items()
        if path not in ("pooler/dense", "embeddings/positions/table", *SEPARATE)
    },
    "relations/table": "encoder.rel_embeddings",
    "layer_{i}/attention/projection": f"{ATTENTION}.in_proj",
    "layer_{i}/attention/place_key": f"{ATTENTION}.pos_proj",
    "layer_{i}/attention/place_query": f"{ATTENTION}.pos_q_proj",
    "layer_{i}/attention/query_bias": f"{ATTENTION}.q_bias",
    "layer_{i}/attention/value_bias": f"{ATTENTION}.v_bias",
}

HUGGING_FACE = dataclasses.replace(
    deberta_v2.HUGGING_FACE,
    model_type="deberta",
    classes="Deberta",
    config=bert.HUGGING_FACE.config,
    required={
        name: deberta_v2.HUGGING_FACE.required[name]
        for name in (
            "relative_attention",
            "position_biased_input",
            "max_relative_positions",
            "pos_att_type",
            "pooler_hidden_act",
            "legacy",
        )
    },
)

FAMILY = Family(
    DebertaConfig,
    build,
    lambda config: WEIGHT_NAMES,
    HUGGING_FACE,
    heads=deberta_v2.FAMILY.heads,
)
