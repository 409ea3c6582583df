"""RoBERTa: https://arxiv.org/abs/1907.11692."""

import dataclasses

from ..encoder import Encoder
from ..layers import DenseClassificationHead, PaddedPositions
from . import bert
from .family import Family, HeadStyle


@dataclasses.dataclass(frozen=True)
class RobertaConfig(bert.BertConfig):
    """BERT's numbers, and RoBERTa's defaults. It has one segment.

    Example:

    >>> RobertaConfig(vocabulary_size=50265)
    """

    family = "roberta"
    layer_norm_epsilon: float = 1e-5
    num_segments: int = 1


def build(config):
    return Encoder(
        config,
        embeddings(config),
        [bert.block(config, index) for index in range(config.num_layers)],
        pooler=bert.pooler(config) if config.use_pooler else None,
    )


def embeddings(config):
    return bert.embeddings(config, PaddedPositions)


def classifier(
    encoder, sequence, padding_mask, num_classes, dropout, name="head", activation="tanh"
):
    """The first token: dropout, a dense layer with tanh, dropout, logits; no pooler."""
    config = encoder.config
    head = DenseClassificationHead(
        num_classes,
        activation,
        drop_first=True,
        dropout=config.dropout if dropout is None else dropout,
        initializer_range=config.initializer_range,
        name=name,
    )
    return head(sequence)


def masked_lm(encoder, sequence, places, tied):
    """BERT's, with an activation that is always gelu."""
    return bert.masked_lm(encoder, sequence, places, tied, activation="gelu")


CLASSIFIER_NAMES = {"head/dense": "classifier.dense", "head/logits": "classifier.out_proj"}
MASKED_LM_NAMES = {
    "head": "lm_head",
    "head/transform": "lm_head.dense",
    "head/norm": "lm_head.layer_norm",
    "head/decoder": "lm_head.decoder",
}

HUGGING_FACE = dataclasses.replace(
    bert.HUGGING_FACE,
    model_type="roberta",
    classes="Roberta",
    prefix="roberta.",
    required={**bert.HUGGING_FACE.required, "pad_token_id": (1,)},
    offsets={"max_sequence_length": 2},
    aliases={"lm_head.decoder.bias": "lm_head.bias"},
    not_encoder=("lm_head.", "classifier.", "qa_outputs.", "embeddings.position_ids"),
)

FAMILY = Family(
    RobertaConfig,
    build,
    lambda config: bert.WEIGHT_NAMES,
    HUGGING_FACE,
    heads={
        **{name: bert.FAMILY.heads[name] for name in bert.SHARED_HEADS},
        "TextClassifier": HeadStyle(classifier, CLASSIFIER_NAMES),
        "MaskedLM": HeadStyle(masked_lm, MASKED_LM_NAMES),
        "MultipleChoice": bert.FAMILY.heads["MultipleChoice"],
    },
)
