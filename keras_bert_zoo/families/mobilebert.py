"""MobileBERT (https://arxiv.org/abs/2004.02984): deep, and thin between bottlenecks."""

import dataclasses

from ..encoder import Encoder
from ..layers import (
    Affine,
    BottleneckAttention,
    BottleneckBlock,
    ClassificationHead,
    FeedForward,
    SequencePooling,
    TrigramEmbeddings,
)
from . import bert
from .family import Family, HeadStyle


@dataclasses.dataclass(frozen=True)
class MobileBertConfig(bert.BertConfig):
    """BERT's numbers, and those of the bottlenecks. `intermediate_dim` is that of a feed-forward.

    Args:
        embedding_dim: size of a row of the token table.
        bottleneck_dim: size of a token's vector within a block.
        num_feed_forwards: feed-forwards of a block.

    Raises:
        ValueError: heads that do not divide `bottleneck_dim`.

    Example:

    >>> MobileBertConfig(vocabulary_size=30522)
    """

    family = "mobilebert"
    num_layers: int = 24
    hidden_dim: int = 512
    num_heads: int = 4
    intermediate_dim: int = 512
    activation: str = "relu"
    dropout: float = 0.0
    use_pooler: bool = False
    embedding_dim: int = 128
    bottleneck_dim: int = 128
    num_feed_forwards: int = 4

    def __post_init__(self):
        super().__post_init__()
        if self.bottleneck_dim % self.num_heads:
            raise ValueError(
                f"bottleneck_dim={self.bottleneck_dim} does not divide into "
                f"num_heads={self.num_heads} heads of the same size."
            )


def build(config):
    return Encoder(
        config,
        TrigramEmbeddings(
            config.vocabulary_size,
            config.embedding_dim,
            config.hidden_dim,
            max_sequence_length=config.max_sequence_length,
            num_segments=config.num_segments,
            norm=Affine(name="norm"),
            dropout=config.dropout,
            initializer_range=config.initializer_range,
            name="embeddings",
        ),
        [block(config, index) for index in range(config.num_layers)],
        pooler=bert.pooler(config) if config.use_pooler else None,
    )


def block(config, index):
    spread = {"initializer_range": config.initializer_range}
    return BottleneckBlock(
        BottleneckAttention(
            config.bottleneck_dim,
            config.num_heads,
            dropout=config.attention_dropout,
            name="attention",
            **spread,
        ),
        [
            FeedForward(
                config.bottleneck_dim,
                config.intermediate_dim,
                config.activation,
                name=f"feed_forward_{number}",
                **spread,
            )
            for number in range(config.num_feed_forwards)
        ],
        hidden_dim=config.hidden_dim,
        dropout=config.dropout,
        name=f"layer_{index}",
        **spread,
    )


def classifier(encoder, sequence, padding_mask, num_classes, dropout, name="head"):
    """BERT's where there is a pooler; else the first token's vector, dropout, a dense layer."""
    if encoder.pooler is not None:
        return bert.classifier(encoder, sequence, padding_mask, num_classes, dropout, name)
    config = encoder.config
    head = ClassificationHead(
        num_classes,
        dropout=config.dropout if dropout is None else dropout,
        initializer_range=config.initializer_range,
        name=name,
    )
    return head(SequencePooling("cls", name=f"{name}_pooling")(sequence, padding_mask))


def masked_lm(encoder, sequence, places, tied):
    """BERT's; the token table is narrow, and has more columns in the head."""
    table = encoder.config.embedding_dim
    return bert.masked_lm(encoder, sequence, places, tied, table_dim=table)


LAYER = "encoder.layer.{i}"


def weight_names(num_feed_forwards):
    # The last feed-forward is kept apart from the others.
    places = [f"{LAYER}.ffn.{number}" for number in range(num_feed_forwards - 1)] + [LAYER]
    names = {
        **bert.WEIGHT_NAMES,
        "embeddings/project": "embeddings.embedding_transformation",
        "layer_{i}/enter": f"{LAYER}.bottleneck.input.dense",
        "layer_{i}/enter_norm": f"{LAYER}.bottleneck.input.LayerNorm",
        "layer_{i}/attention/focus": f"{LAYER}.bottleneck.attention.dense",
        "layer_{i}/attention/focus_norm": f"{LAYER}.bottleneck.attention.LayerNorm",
        "layer_{i}/leave": f"{LAYER}.output.bottleneck.dense",
        "layer_{i}/leave_norm": f"{LAYER}.output.bottleneck.LayerNorm",
    }
    for number, place in enumerate(places):
        ours = f"layer_{{i}}/feed_forward_{number}"
        names[f"{ours}/inner"] = f"{place}.intermediate.dense"
        names[f"{ours}/out"] = f"{place}.output.dense"
        names[f"{ours}_norm"] = f"{place}.output.LayerNorm"
    return names


MASKED_LM_NAMES = {**bert.MASKED_LM_NAMES, "head/columns": "cls.predictions.dense.weight"}

HUGGING_FACE = dataclasses.replace(
    bert.HUGGING_FACE,
    model_type="mobilebert",
    classes="MobileBert",
    prefix="mobilebert.",
    config={
        **bert.HUGGING_FACE.config,
        "embedding_dim": "embedding_size",
        "bottleneck_dim": "intra_bottleneck_size",
        "num_feed_forwards": "num_feedforward_networks",
        "use_pooler": "classifier_activation",
    },
    required={
        "normalization_type": ("no_norm",),
        "trigram_input": (True,),
        "use_bottleneck": (True,),
        "use_bottleneck_attention": (False,),
        "key_query_shared_bottleneck": (True,),
    },
    sizes={
        "vocabulary_size": ("embeddings.word_embeddings.weight", 0),
        "embedding_dim": ("embeddings.word_embeddings.weight", 1),
        "max_sequence_length": ("embeddings.position_embeddings.weight", 0),
        "num_segments": ("embeddings.token_type_embeddings.weight", 0),
        "hidden_dim": ("embeddings.embedding_transformation.weight", 0),
        "bottleneck_dim": ("encoder.layer.0.intermediate.dense.weight", 1),
        "intermediate_dim": ("encoder.layer.0.intermediate.dense.weight", 0),
    },
)

CLASSIFIER = HeadStyle(classifier, {"head/logits": "classifier"}, uses_pooler=True)
FAMILY = Family(
    MobileBertConfig,
    build,
    lambda config: weight_names(config.num_feed_forwards if config else 4),
    HUGGING_FACE,
    heads={
        **{name: bert.FAMILY.heads[name] for name in bert.SHARED_HEADS},
        "TextClassifier": CLASSIFIER,
        "MultipleChoice": CLASSIFIER,
        "MaskedLM": HeadStyle(masked_lm, MASKED_LM_NAMES),
        "NextSentence": HeadStyle(
            classifier, {"head/logits": "cls.seq_relationship"}, uses_pooler=True
        ),
    },
)
