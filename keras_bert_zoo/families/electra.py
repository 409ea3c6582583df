"""ELECTRA (https://arxiv.org/abs/2003.10555): BERT with a narrow token table, and no pooler."""

import dataclasses

from ..encoder import Encoder
from ..layers import DenseClassificationHead, ReplacedTokenHead
from . import bert, roberta
from .family import EncoderConfig, Family, HeadStyle


@dataclasses.dataclass(frozen=True)
class ElectraConfig(EncoderConfig):
    """BERT's numbers, and the width of the tables.

    Args:
        embedding_dim: size of a row of the tables; a dense layer makes `hidden_dim` of it, where
            they differ.
        num_segments: rows of the segment table.

    Example:

    >>> ElectraConfig(vocabulary_size=30522, hidden_dim=256, num_heads=4, intermediate_dim=1024)
    """

    family = "electra"
    embedding_dim: int = 128
    num_segments: int = 2


def build(config):
    blocks = [bert.block(config, index) for index in range(config.num_layers)]
    return Encoder(config, embeddings(config), blocks)


def embeddings(config):
    return bert.embeddings(config, dim=config.embedding_dim)


def classifier(encoder, sequence, padding_mask, num_classes, dropout, name="head"):
    """RoBERTa's, with gelu."""
    return roberta.classifier(
        encoder, sequence, padding_mask, num_classes, dropout, name, activation="gelu"
    )


def multiple_choice(encoder, sequence, padding_mask, num_classes, dropout, name="head"):
    """The first token: a dense layer with gelu, dropout of 0.1, logits."""
    head = DenseClassificationHead(
        num_classes,
        "gelu",
        dropout=0.1 if dropout is None else dropout,
        initializer_range=encoder.config.initializer_range,
        name=name,
    )
    return head(sequence)


def masked_lm(encoder, sequence, places, tied):
    """That of the generator, on its narrow table; the activation is always gelu."""
    width = encoder.config.embedding_dim
    return bert.masked_lm(encoder, sequence, places, tied, activation="gelu", width=width)


def replaced_tokens(encoder, sequence, *_):
    """That of the discriminator; the activation is the encoder's."""
    config = encoder.config
    head = ReplacedTokenHead(
        config.activation, initializer_range=config.initializer_range, name="head"
    )
    return head(sequence)


WEIGHT_NAMES = {
    **{path: name for path, name in bert.WEIGHT_NAMES.items() if path != "pooler/dense"},
    "embeddings/project": "embeddings_project",
}
CHOICE_NAMES = {"head/dense": "sequence_summary.summary", "head/logits": "classifier"}
MASKED_LM_NAMES = {
    "head": "generator_lm_head",
    "head/transform": "generator_predictions.dense",
    "head/norm": "generator_predictions.LayerNorm",
    "head/decoder": "generator_lm_head",
}

REPLACED_TOKEN_NAMES = {
    "head/dense": "discriminator_predictions.dense",
    "head/logits": "discriminator_predictions.dense_prediction",
}

HUGGING_FACE = dataclasses.replace(
    bert.HUGGING_FACE,
    model_type="electra",
    classes="Electra",
    # Pre-trained is the discriminator: the generator is their `ForMaskedLM`.
    architectures={
        "ForReplacedTokenDetection": "ForPreTraining",
        "ForPreTraining": "ForMaskedLM",
    },
    prefix="electra.",
    config={**bert.HUGGING_FACE.config, "embedding_dim": "embedding_size"},
    required={
        **bert.HUGGING_FACE.required,
        "summary_type": ("first",),
        "summary_use_proj": (True,),
        "summary_activation": ("gelu",),
    },
    sizes={
        "vocabulary_size": ("embeddings.word_embeddings.weight", 0),
        "embedding_dim": ("embeddings.word_embeddings.weight", 1),
        "max_sequence_length": ("embeddings.position_embeddings.weight", 0),
        "num_segments": ("embeddings.token_type_embeddings.weight", 0),
        "hidden_dim": ("encoder.layer.0.intermediate.dense.weight", 1),
        "intermediate_dim": ("encoder.layer.0.intermediate.dense.weight", 0),
    },
    head_dropouts={"MultipleChoice": "summary_last_dropout"},
    aliases={},
    not_encoder=(
        "generator_",
        "discriminator_predictions.",
        "sequence_summary.",
        "classifier.",
        "qa_outputs.",
        "embeddings.position_ids",
    ),
)

FAMILY = Family(
    ElectraConfig,
    build,
    lambda config: WEIGHT_NAMES,
    HUGGING_FACE,
    heads={
        **{name: bert.FAMILY.heads[name] for name in bert.SHARED_HEADS},
        "TextClassifier": HeadStyle(classifier, roberta.CLASSIFIER_NAMES),
        "MultipleChoice": HeadStyle(multiple_choice, CHOICE_NAMES),
        "MaskedLM": HeadStyle(masked_lm, MASKED_LM_NAMES),
        "ReplacedTokenDetector": HeadStyle(replaced_tokens, REPLACED_TOKEN_NAMES),
    },
)
