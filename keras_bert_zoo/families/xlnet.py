"""XLNet (https://arxiv.org/abs/1906.08237), as an encoder of whole texts.

Its memory and its second stream are in `two_streams`.
"""

import dataclasses

import keras

from ..encoder import Encoder
from ..layers import (
    ClassificationHead,
    DenseClassificationHead,
    OtherSegment,
    RelativeAttention,
    SequencePooling,
    TokenScores,
    XLNetEmbeddings,
)
from . import bert
from .family import EncoderConfig, Family, HeadStyle, HuggingFaceNames


@dataclasses.dataclass(frozen=True)
class XLNetConfig(EncoderConfig):
    """The numbers that every family has. Its positions are relative: no table limits a text.

    Example:

    >>> XLNetConfig(vocabulary_size=32000)
    """

    family = "xlnet"


def build(config):
    return Encoder(
        config,
        XLNetEmbeddings(
            config.vocabulary_size,
            config.hidden_dim,
            dropout=config.dropout,
            initializer_range=config.initializer_range,
            name="embeddings",
        ),
        [bert.block(config, index, attention(config)) for index in range(config.num_layers)],
        relations=OtherSegment(name="relations"),
        final_norm=keras.layers.Dropout(config.dropout, name="final_dropout"),
    )


def attention(config):
    return RelativeAttention(
        config.hidden_dim,
        config.num_heads,
        dropout=config.attention_dropout,
        position_dropout=config.dropout,
        initializer_range=config.initializer_range,
        name="attention",
    )


def classifier(encoder, sequence, padding_mask, num_classes, dropout, name="head"):
    """The last token's vector, a dense layer with tanh, dropout of 0.1, logits."""
    head = DenseClassificationHead(
        num_classes,
        "tanh",
        dropout=0.1 if dropout is None else dropout,
        initializer_range=encoder.config.initializer_range,
        name=name,
    )
    return head(SequencePooling("last", name=f"{name}_pooling")(sequence, padding_mask))


def token_classifier(encoder, sequence, num_classes, dropout, layer=ClassificationHead):
    """BERT's, without dropout."""
    return bert.token_classifier(encoder, sequence, num_classes, dropout or 0.0, layer)


def permuted_lm(encoder, sequence, places, tied):
    """The token table and a bias, on the second stream (section 2.3)."""
    config = encoder.config
    head = TokenScores(
        encoder.embeddings.tokens if tied else None,
        vocabulary_size=config.vocabulary_size,
        hidden_dim=config.hidden_dim,
        initializer_range=config.initializer_range,
        name="head",
    )
    return head(sequence, places)


def flat(theirs):
    """They have one rate for all dropout."""
    return {"attention_dropout": theirs.get("dropout", 0.1), **theirs}


ATTENTION = "layer.{i}.rel_attn"
OURS = "layer_{i}/attention"
WEIGHT_NAMES = {
    "embeddings/tokens": "word_embedding",
    "embeddings/guessed": "mask_emb",
    f"{OURS}/query/kernel": f"{ATTENTION}.q",
    f"{OURS}/key/kernel": f"{ATTENTION}.k",
    f"{OURS}/value/kernel": f"{ATTENTION}.v",
    f"{OURS}/place/kernel": f"{ATTENTION}.r",
    f"{OURS}/out/kernel": f"{ATTENTION}.o",
    f"{OURS}/content_bias": f"{ATTENTION}.r_w_bias",
    f"{OURS}/place_bias": f"{ATTENTION}.r_r_bias",
    f"{OURS}/segment_bias": f"{ATTENTION}.r_s_bias",
    f"{OURS}/segments": f"{ATTENTION}.seg_embed",
    "layer_{i}/attention_norm": f"{ATTENTION}.layer_norm",
    "layer_{i}/feed_forward/inner": "layer.{i}.ff.layer_1",
    "layer_{i}/feed_forward/out": "layer.{i}.ff.layer_2",
    "layer_{i}/feed_forward_norm": "layer.{i}.ff.layer_norm",
}
CLASSIFIER_NAMES = {"head/dense": "sequence_summary.summary", "head/logits": "logits_proj"}

HUGGING_FACE = HuggingFaceNames(
    model_type="xlnet",
    classes="XLNet",
    architectures={"ForQuestionAnswering": "ForQuestionAnsweringSimple"},
    prefix="transformer.",
    block="layer.{i}.",
    flat=flat,
    config={
        "vocabulary_size": "vocab_size",
        "num_layers": "n_layer",
        "hidden_dim": "d_model",
        "num_heads": "n_head",
        "intermediate_dim": "d_inner",
        "activation": "ff_activation",
        "dropout": "dropout",
        "attention_dropout": "attention_dropout",
        "layer_norm_epsilon": "layer_norm_eps",
        "initializer_range": "initializer_range",
    },
    required={
        "attn_type": ("bi",),
        "bi_data": (False,),
        "clamp_len": (-1,),
        "same_length": (False,),
        "untie_r": (True,),
        "summary_type": ("last",),
        "summary_use_proj": (True,),
        "summary_activation": ("tanh",),
    },
    sizes={
        "vocabulary_size": ("word_embedding.weight", 0),
        "hidden_dim": ("word_embedding.weight", 1),
        "intermediate_dim": ("layer.0.ff.layer_1.weight", 0),
    },
    head_dropouts={
        "TextClassifier": "summary_last_dropout",
        "MultipleChoice": "summary_last_dropout",
    },
    not_encoder=(
        "lm_loss.",
        "sequence_summary.",
        "logits_proj.",
        "classifier.",
        "qa_outputs.",
        "start_logits.",
        "end_logits.",
        "answer_class.",
    ),
)

FAMILY = Family(
    XLNetConfig,
    build,
    lambda config: WEIGHT_NAMES,
    HUGGING_FACE,
    heads={
        "TextClassifier": HeadStyle(classifier, CLASSIFIER_NAMES),
        "MultipleChoice": HeadStyle(classifier, CLASSIFIER_NAMES),
        "PermutedLM": HeadStyle(permuted_lm, {"head": "lm_loss", "head/decoder": "lm_loss"}),
        "SpanExtractor": bert.FAMILY.heads["SpanExtractor"],
        "TextEmbedder": bert.FAMILY.heads["TextEmbedder"],
        "TokenClassifier": HeadStyle(token_classifier, {"head/logits": "classifier"}),
    },
)
