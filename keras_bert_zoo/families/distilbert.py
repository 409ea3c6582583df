"""DistilBERT (https://arxiv.org/abs/1910.01108): half of BERT's blocks, no segments, no pooler."""

import dataclasses

from ..encoder import Encoder
from ..layers import DenseClassificationHead
from . import bert
from .family import EncoderConfig, Family, HeadStyle, HuggingFaceNames


@dataclasses.dataclass(frozen=True)
class DistilBertConfig(EncoderConfig):
    """The numbers that every family has.

    Example:

    >>> DistilBertConfig(vocabulary_size=30522)
    """

    family = "distilbert"
    num_layers: int = 6
    num_segments = 0


def build(config):
    blocks = [bert.block(config, index) for index in range(config.num_layers)]
    return Encoder(config, bert.embeddings(config), blocks)


def classifier(encoder, sequence, padding_mask, num_classes, dropout, name="head"):
    """The first token: a dense layer with relu, dropout of 0.2, logits."""
    head = DenseClassificationHead(
        num_classes,
        "relu",
        dropout=0.2 if dropout is None else dropout,
        initializer_range=encoder.config.initializer_range,
        name=name,
    )
    return head(sequence)


LAYER = "transformer.layer.{i}"
WEIGHT_NAMES = {
    "embeddings/tokens": "embeddings.word_embeddings",
    "embeddings/positions/table": "embeddings.position_embeddings",
    "embeddings/norm": "embeddings.LayerNorm",
    "layer_{i}/attention/query": f"{LAYER}.attention.q_lin",
    "layer_{i}/attention/key": f"{LAYER}.attention.k_lin",
    "layer_{i}/attention/value": f"{LAYER}.attention.v_lin",
    "layer_{i}/attention/out": f"{LAYER}.attention.out_lin",
    "layer_{i}/attention_norm": f"{LAYER}.sa_layer_norm",
    "layer_{i}/feed_forward/inner": f"{LAYER}.ffn.lin1",
    "layer_{i}/feed_forward/out": f"{LAYER}.ffn.lin2",
    "layer_{i}/feed_forward_norm": f"{LAYER}.output_layer_norm",
}
CLASSIFIER_NAMES = {"head/dense": "pre_classifier", "head/logits": "classifier"}
MASKED_LM_NAMES = {
    "head": "vocab_projector",
    "head/transform": "vocab_transform",
    "head/norm": "vocab_layer_norm",
    "head/decoder": "vocab_projector",
}

HUGGING_FACE = HuggingFaceNames(
    model_type="distilbert",
    classes="DistilBert",
    prefix="distilbert.",
    block=f"{LAYER}.",
    config={
        "vocabulary_size": "vocab_size",
        "num_layers": "n_layers",
        "hidden_dim": "dim",
        "num_heads": "n_heads",
        "intermediate_dim": "hidden_dim",
        "max_sequence_length": "max_position_embeddings",
        "activation": "activation",
        "dropout": "dropout",
        "attention_dropout": "attention_dropout",
        "initializer_range": "initializer_range",
    },
    required={"pruned_heads": ({},)},
    sizes={
        "vocabulary_size": ("embeddings.word_embeddings.weight", 0),
        "hidden_dim": ("embeddings.word_embeddings.weight", 1),
        "max_sequence_length": ("embeddings.position_embeddings.weight", 0),
        "intermediate_dim": ("transformer.layer.0.ffn.lin1.weight", 0),
    },
    head_dropouts={
        "TextClassifier": "seq_classif_dropout",
        "MultipleChoice": "seq_classif_dropout",
    },
    not_encoder=("vocab_", "pre_classifier.", "classifier.", "qa_outputs."),
)

FAMILY = Family(
    DistilBertConfig,
    build,
    lambda config: WEIGHT_NAMES,
    HUGGING_FACE,
    heads={
        **{name: bert.FAMILY.heads[name] for name in bert.SHARED_HEADS},
        "TextClassifier": HeadStyle(classifier, CLASSIFIER_NAMES),
        "MultipleChoice": HeadStyle(classifier, CLASSIFIER_NAMES),
        "MaskedLM": HeadStyle(bert.masked_lm, MASKED_LM_NAMES),
    },
)
