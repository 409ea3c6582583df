"""DeBERTa-v2, -v3 and mDeBERTa.

https://arxiv.org/abs/2006.03654, https://arxiv.org/abs/2111.09543.
"""

import dataclasses

from ..encoder import Encoder
from ..layers import (
    ConvolvedBlock,
    DenseClassificationHead,
    DisentangledAttention,
    RelativeTable,
    activation,
    layer_norm,
)
from . import bert
from .family import EncoderConfig, Family, HeadStyle


@dataclasses.dataclass(frozen=True)
class DebertaV2Config(EncoderConfig):
    """The numbers that every family has, and those of relative places.

    Args:
        num_buckets: buckets of distance in one direction.
        convolution_size: tokens that the convolution beside the first block sees at once; 0 for
            none, as in -v3.
        convolution_activation: a name in `keras_bert_zoo.layers.ACTIVATIONS`.

    Example:

    >>> DebertaV2Config(vocabulary_size=128100)
    """

    family = "deberta_v2"
    layer_norm_epsilon: float = 1e-7
    may_be_zero = ("convolution_size",)
    num_buckets: int = 256
    convolution_size: int = 0
    convolution_activation: str = "tanh"
    num_segments = 0

    def __post_init__(self):
        super().__post_init__()
        activation(self.convolution_activation)
        if self.convolution_size and self.convolution_size % 2 == 0:
            raise ValueError(f"convolution_size must be odd. Given: {self.convolution_size}.")


def build(config):
    return Encoder(
        config,
        bert.embeddings(config, positions=None),
        [block(config, index) for index in range(config.num_layers)],
        relations=RelativeTable(
            config.num_buckets,
            config.hidden_dim,
            layer_norm("norm", config.layer_norm_epsilon),
            initializer_range=config.initializer_range,
            name="relations",
        ),
    )


def block(config, index):
    if index or not config.convolution_size:
        return bert.block(config, index, attention(config))
    return bert.block(
        config,
        index,
        attention(config),
        ConvolvedBlock,
        hidden_dim=config.hidden_dim,
        kernel_size=config.convolution_size,
        activation=config.convolution_activation,
        epsilon=config.layer_norm_epsilon,
        initializer_range=config.initializer_range,
    )


def attention(config):
    return DisentangledAttention(
        config.hidden_dim,
        config.num_heads,
        num_buckets=config.num_buckets,
        max_distance=config.max_sequence_length,
        dropout=config.attention_dropout,
        position_dropout=config.dropout,
        initializer_range=config.initializer_range,
        name="attention",
    )


def classifier(encoder, sequence, padding_mask, num_classes, dropout, name="head"):
    """The first token, a dense layer with gelu (the context pooler), dropout, logits."""
    config = encoder.config
    head = DenseClassificationHead(
        num_classes,
        "gelu",
        dropout=config.dropout if dropout is None else dropout,
        initializer_range=config.initializer_range,
        name=name,
    )
    return head(sequence)


WEIGHT_NAMES = {
    **{
        path: name
        for path, name in bert.WEIGHT_NAMES.items()
        if path not in ("pooler/dense", "embeddings/segments", "embeddings/positions/table")
    },
    "layer_{i}/convolution": "encoder.conv.conv",
    "layer_{i}/convolution_norm": "encoder.conv.LayerNorm",
    "relations/table": "encoder.rel_embeddings",
    "relations/norm": "encoder.LayerNorm",
    "layer_{i}/attention/query": "encoder.layer.{i}.attention.self.query_proj",
    "layer_{i}/attention/key": "encoder.layer.{i}.attention.self.key_proj",
    "layer_{i}/attention/value": "encoder.layer.{i}.attention.self.value_proj",
}
CLASSIFIER = HeadStyle(classifier, {"head/dense": "pooler.dense", "head/logits": "classifier"})

HUGGING_FACE = dataclasses.replace(
    bert.HUGGING_FACE,
    model_type="deberta-v2",
    classes="DebertaV2",
    prefix="deberta.",
    config={
        **{k: v for k, v in bert.HUGGING_FACE.config.items() if k != "num_segments"},
        "num_buckets": "position_buckets",
        "convolution_size": "conv_kernel_size",
        "convolution_activation": "conv_act",
    },
    required={
        "relative_attention": (True,),
        "share_att_key": (True,),
        "position_biased_input": (False,),
        "type_vocab_size": (0,),
        "norm_rel_ebd": ("layer_norm",),
        "max_relative_positions": (-1,),
        "pos_att_type": (["p2c", "c2p"], ["c2p", "p2c"], "p2c|c2p", "c2p|p2c"),
        "conv_groups": (1,),
        "pooler_hidden_act": ("gelu",),
        "legacy": (True,),
    },
    sizes={
        "vocabulary_size": ("embeddings.word_embeddings.weight", 0),
        "hidden_dim": ("embeddings.word_embeddings.weight", 1),
        "intermediate_dim": ("encoder.layer.0.intermediate.dense.weight", 0),
    },
    head_dropouts={"TextClassifier": "cls_dropout", "MultipleChoice": "cls_dropout"},
    not_encoder=(
        "cls.",
        "lm_predictions.",
        "mask_predictions.",
        "pooler.",
        "classifier.",
        "qa_outputs.",
        "embeddings.position_ids",
    ),
)

FAMILY = Family(
    DebertaV2Config,
    build,
    lambda config: WEIGHT_NAMES,
    HUGGING_FACE,
    heads={
        **{name: bert.FAMILY.heads[name] for name in bert.SHARED_HEADS},
        "TextClassifier": CLASSIFIER,
        "MultipleChoice": CLASSIFIER,
        "MaskedLM": bert.FAMILY.heads["MaskedLM"],
    },
)
