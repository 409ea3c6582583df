"""BERT: https://arxiv.org/abs/1810.04805."""

import dataclasses

import keras

from ..encoder import Encoder
from ..layers import (
    ClassificationHead,
    Embeddings,
    FeedForward,
    LearnedPositions,
    MaskedLMHead,
    Pooler,
    PostNormBlock,
    SelfAttention,
    SequencePooling,
    UnitNorm,
    layer_norm,
)
from ..layers.span_head import SpanHead
from .family import EncoderConfig, Family, HeadStyle, HuggingFaceNames


@dataclasses.dataclass(frozen=True)
class BertConfig(EncoderConfig):
    """BERT's numbers.

    Args:
        num_segments: rows of the segment table; 2 in every published BERT.
        use_pooler: whether the encoder has the dense tanh layer over its first token.

    Example:

    >>> BertConfig(vocabulary_size=30522, num_layers=2, hidden_dim=128, num_heads=2,
    ...            intermediate_dim=512)
    """

    family = "bert"
    num_segments: int = 2
    use_pooler: bool = True


def build(config):
    return Encoder(
        config,
        embeddings(config),
        [block(config, index) for index in range(config.num_layers)],
        pooler=pooler(config) if config.use_pooler else None,
    )


def embeddings(
    config, positions=LearnedPositions, dim=None, norm=layer_norm, layer=Embeddings, **options
):
    """The tables.

    Args:
        config: the numbers.
        positions: class of the positions' layer, or None.
        dim: size of a row of the tables; a dense layer makes `hidden_dim` of it, where they differ.
        norm: what makes the norm, or None.
        layer: class of the layer.
        **options: of the layer.
    """
    dim = dim or config.hidden_dim
    spread = {"initializer_range": config.initializer_range}
    return layer(
        config.vocabulary_size,
        dim,
        positions=positions
        and positions(config.max_sequence_length, dim, name="positions", **spread),
        num_segments=config.num_segments,
        norm=norm and norm("norm", config.layer_norm_epsilon),
        dropout=config.dropout,
        output_dim=config.hidden_dim if dim != config.hidden_dim else None,
        name="embeddings",
        **spread,
        **options,
    )


def block(config, index, attention=None, kind=PostNormBlock, **options):
    """A block.

    Args:
        attention: its layer, if that is not BERT's.
        kind: its class.
        **options: of the class.
    """
    return kind(
        attention
        or SelfAttention(
            config.hidden_dim,
            config.num_heads,
            dropout=config.attention_dropout,
            initializer_range=config.initializer_range,
            name="attention",
        ),
        FeedForward(
            config.hidden_dim,
            config.intermediate_dim,
            config.activation,
            initializer_range=config.initializer_range,
            name="feed_forward",
        ),
        layer_norm("attention_norm", config.layer_norm_epsilon),
        layer_norm("feed_forward_norm", config.layer_norm_epsilon),
        dropout=config.dropout,
        name=f"layer_{index}",
        **options,
    )


def pooler(config, name="pooler"):
    return Pooler(config.hidden_dim, initializer_range=config.initializer_range, name=name)


def classifier(encoder, sequence, padding_mask, num_classes, dropout, name="head"):
    """The pooler's vector, dropout, a dense layer (section 4.1). Adds a pooler if there is none."""
    config = encoder.config
    pool = encoder.pooler or pooler(config, "pooler" if name == "head" else f"{name}_pooler")
    head = ClassificationHead(
        num_classes,
        dropout=config.dropout if dropout is None else dropout,
        initializer_range=config.initializer_range,
        name=name,
    )
    return head(pool(sequence))


def token_classifier(encoder, sequence, num_classes, dropout, layer=ClassificationHead):
    """Dropout and a dense layer on each token (section 4.1), or another layer in its place."""
    config = encoder.config
    return layer(
        num_classes,
        dropout=config.dropout if dropout is None else dropout,
        initializer_range=config.initializer_range,
        name="head",
    )(sequence)


def masked_lm(encoder, sequence, places, tied, activation=None, width=None, table_dim=None):
    """The transform and the token table, as in https://github.com/google-research/bert.

    Args:
        activation, width: of the transform; the encoder's if not given.
        table_dim: size of a row of the token table, if that is less than the width.
    """
    config = encoder.config
    head = MaskedLMHead(
        encoder.embeddings.tokens if tied else None,
        vocabulary_size=config.vocabulary_size,
        hidden_dim=width or config.hidden_dim,
        activation=activation or config.activation,
        epsilon=config.layer_norm_epsilon,
        table_dim=table_dim,
        initializer_range=config.initializer_range,
        name="head",
    )
    return head(sequence, places)


def span_extractor(encoder, sequence, padding_mask):
    """A dense layer on each token (section 4.2)."""
    head = SpanHead(initializer_range=encoder.config.initializer_range, name="head")
    return head(sequence, padding_mask)


def text_embedder(encoder, sequence, padding_mask, pooling, projection, normalize):
    """Pooling, a dense layer if there is one, and length 1 (https://arxiv.org/abs/1908.10084)."""
    vectors = SequencePooling(pooling, name="pooling")(sequence, padding_mask)
    if projection is not None:
        dim, activation, use_bias = projection
        options = {"use_bias": use_bias, "dtype": "float32", "name": "projection"}
        vectors = keras.layers.Dense(dim, activation, **options)(vectors)
    return UnitNorm(name="unit_norm")(vectors) if normalize else vectors


WEIGHT_NAMES = {
    "embeddings/tokens": "embeddings.word_embeddings",
    "embeddings/positions/table": "embeddings.position_embeddings",
    "embeddings/segments": "embeddings.token_type_embeddings",
    "embeddings/norm": "embeddings.LayerNorm",
    "layer_{i}/attention/query": "encoder.layer.{i}.attention.self.query",
    "layer_{i}/attention/key": "encoder.layer.{i}.attention.self.key",
    "layer_{i}/attention/value": "encoder.layer.{i}.attention.self.value",
    "layer_{i}/attention/out": "encoder.layer.{i}.attention.output.dense",
    "layer_{i}/attention_norm": "encoder.layer.{i}.attention.output.LayerNorm",
    "layer_{i}/feed_forward/inner": "encoder.layer.{i}.intermediate.dense",
    "layer_{i}/feed_forward/out": "encoder.layer.{i}.output.dense",
    "layer_{i}/feed_forward_norm": "encoder.layer.{i}.output.LayerNorm",
    "pooler/dense": "pooler.dense",
}

MASKED_LM_NAMES = {
    "head": "cls.predictions",
    "head/transform": "cls.predictions.transform.dense",
    "head/norm": "cls.predictions.transform.LayerNorm",
    "head/decoder": "cls.predictions.decoder",
}

HUGGING_FACE = HuggingFaceNames(
    model_type="bert",
    prefix="bert.",
    config={
        "vocabulary_size": "vocab_size",
        "num_layers": "num_hidden_layers",
        "hidden_dim": "hidden_size",
        "num_heads": "num_attention_heads",
        "intermediate_dim": "intermediate_size",
        "max_sequence_length": "max_position_embeddings",
        "activation": "hidden_act",
        "dropout": "hidden_dropout_prob",
        "attention_dropout": "attention_probs_dropout_prob",
        "layer_norm_epsilon": "layer_norm_eps",
        "initializer_range": "initializer_range",
        "num_segments": "type_vocab_size",
    },
    required={
        "position_embedding_type": ("absolute",),
        "is_decoder": (False,),
        "add_cross_attention": (False,),
        "pruned_heads": ({},),
    },
    sizes={
        "vocabulary_size": ("embeddings.word_embeddings.weight", 0),
        "hidden_dim": ("embeddings.word_embeddings.weight", 1),
        "max_sequence_length": ("embeddings.position_embeddings.weight", 0),
        "num_segments": ("embeddings.token_type_embeddings.weight", 0),
        "intermediate_dim": ("encoder.layer.0.intermediate.dense.weight", 0),
    },
    aliases={"cls.predictions.decoder.bias": "cls.predictions.bias"},
    # TinyBERT's `fit_dense` brought its vectors to its teacher's size while it was distilled.
    not_encoder=("cls.", "classifier.", "qa_outputs.", "embeddings.position_ids", "fit_dense"),
    classes="Bert",
)

# Heads that other families have too.
SHARED_HEADS = ("SpanExtractor", "TextEmbedder", "TokenClassifier")

FAMILY = Family(
    BertConfig,
    build,
    lambda config: WEIGHT_NAMES,
    HUGGING_FACE,
    heads={
        "TextClassifier": HeadStyle(classifier, {"head/logits": "classifier"}, uses_pooler=True),
        "MaskedLM": HeadStyle(masked_lm, MASKED_LM_NAMES),
        "MultipleChoice": HeadStyle(classifier, {"head/logits": "classifier"}, uses_pooler=True),
        "NextSentence": HeadStyle(
            classifier, {"head/logits": "cls.seq_relationship"}, uses_pooler=True
        ),
        "SpanExtractor": HeadStyle(span_extractor, {"head/logits": "qa_outputs"}),
        "TextEmbedder": HeadStyle(text_embedder, {"projection": "linear"}),
        "TokenClassifier": HeadStyle(token_classifier, {"head/logits": "classifier"}),
    },
)
