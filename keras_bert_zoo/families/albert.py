"""ALBERT (https://arxiv.org/abs/1909.11942): ELECTRA's tables, and blocks that are used again."""

import dataclasses

from ..encoder import Encoder
from . import bert, electra
from .family import Family, HeadStyle


@dataclasses.dataclass(frozen=True)
class AlbertConfig(electra.ElectraConfig):
    """ELECTRA's numbers, and how many blocks there are.

    Args:
        num_groups: number of different blocks; each stands in `num_layers / num_groups` places.
        use_pooler: whether the encoder has the dense tanh layer over its first token.

    Raises:
        ValueError: more groups than layers.

    Example:

    >>> AlbertConfig(vocabulary_size=30000)
    """

    family = "albert"
    activation: str = "gelu_tanh"
    dropout: float = 0.0
    attention_dropout: float = 0.0
    num_groups: int = 1
    use_pooler: bool = True

    def __post_init__(self):
        super().__post_init__()
        if self.num_groups > self.num_layers:
            raise ValueError(
                f"num_groups={self.num_groups} is more than num_layers={self.num_layers}."
            )


def build(config):
    groups = [bert.block(config, index) for index in range(config.num_groups)]
    # As transformers has it, where the layers do not divide into groups of the same size.
    share = config.num_layers / config.num_groups
    return Encoder(
        config,
        electra.embeddings(config),
        [groups[int(index / share)] for index in range(config.num_layers)],
        pooler=bert.pooler(config) if config.use_pooler else None,
    )


def classifier(encoder, sequence, padding_mask, num_classes, dropout, name="head"):
    """BERT's, with a dropout of 0.1 of its own."""
    dropout = 0.1 if dropout is None else dropout
    return bert.classifier(encoder, sequence, padding_mask, num_classes, dropout, name)


def masked_lm(encoder, sequence, places, tied):
    """BERT's, on the narrow table."""
    return bert.masked_lm(encoder, sequence, places, tied, width=encoder.config.embedding_dim)


BLOCK = "encoder.albert_layer_groups.{i}.albert_layers.0"
WEIGHT_NAMES = {
    **electra.WEIGHT_NAMES,
    "embeddings/project": "encoder.embedding_hidden_mapping_in",
    "layer_{i}/attention/query": f"{BLOCK}.attention.query",
    "layer_{i}/attention/key": f"{BLOCK}.attention.key",
    "layer_{i}/attention/value": f"{BLOCK}.attention.value",
    "layer_{i}/attention/out": f"{BLOCK}.attention.dense",
    "layer_{i}/attention_norm": f"{BLOCK}.attention.LayerNorm",
    "layer_{i}/feed_forward/inner": f"{BLOCK}.ffn",
    "layer_{i}/feed_forward/out": f"{BLOCK}.ffn_output",
    "layer_{i}/feed_forward_norm": f"{BLOCK}.full_layer_layer_norm",
    "pooler/dense": "pooler",
}
MASKED_LM_NAMES = {
    "head": "predictions",
    "head/transform": "predictions.dense",
    "head/norm": "predictions.LayerNorm",
    "head/decoder": "predictions.decoder",
}

HUGGING_FACE = dataclasses.replace(
    electra.HUGGING_FACE,
    model_type="albert",
    classes="Albert",
    prefix="albert.",
    block=f"{BLOCK}.",
    config={**electra.HUGGING_FACE.config, "num_groups": "num_hidden_groups"},
    required={**bert.HUGGING_FACE.required, "inner_group_num": (1,)},
    sizes={
        "vocabulary_size": ("embeddings.word_embeddings.weight", 0),
        "embedding_dim": ("embeddings.word_embeddings.weight", 1),
        "max_sequence_length": ("embeddings.position_embeddings.weight", 0),
        "num_segments": ("embeddings.token_type_embeddings.weight", 0),
        "hidden_dim": ("encoder.albert_layer_groups.0.albert_layers.0.ffn.weight", 1),
        "intermediate_dim": ("encoder.albert_layer_groups.0.albert_layers.0.ffn.weight", 0),
    },
    blocks="num_groups",
    head_dropouts=dict.fromkeys(
        ("TextClassifier", "TokenClassifier", "MultipleChoice"), "classifier_dropout_prob"
    ),
    aliases={"predictions.decoder.bias": "predictions.bias"},
    not_encoder=(
        "predictions.",
        "sop_classifier.",
        "classifier.",
        "qa_outputs.",
        "embeddings.position_ids",
    ),
)

CLASSIFIER = HeadStyle(classifier, {"head/logits": "classifier"}, uses_pooler=True)
FAMILY = Family(
    AlbertConfig,
    build,
    lambda config: WEIGHT_NAMES,
    HUGGING_FACE,
    heads={
        **{name: bert.FAMILY.heads[name] for name in bert.SHARED_HEADS},
        "TextClassifier": CLASSIFIER,
        "MultipleChoice": CLASSIFIER,
        "MaskedLM": HeadStyle(masked_lm, MASKED_LM_NAMES),
        "SentenceOrder": HeadStyle(
            classifier, {"head/logits": "sop_classifier.classifier"}, uses_pooler=True
        ),
    },
)
