"""ModernBERT (https://arxiv.org/abs/2412.13663): rotary, pre-norm, gated, mostly local."""

import dataclasses
import functools

import keras

from ..encoder import Encoder
from ..layers import (
    ClassificationHead,
    GatedFeedForward,
    MaskedLMHead,
    PredictionTransform,
    PreNormBlock,
    RotaryAttention,
    SequencePooling,
    layer_norm,
)
from . import bert
from .family import EncoderConfig, Family, HeadStyle, HuggingFaceNames


@dataclasses.dataclass(frozen=True)
class ModernBertConfig(EncoderConfig):
    """The numbers that every family has, and those of nearness and rotation.

    Args:
        global_every: the first of so many blocks sees the whole text, the others nearby tokens.
        local_window: tokens that a local block sees, half of them to each side.
        global_rotary_base, local_rotary_base: see `keras_bert_zoo.layers.RotaryAttention`.
        dropout: rate on the embeddings.
        feed_forward_dropout: rate within the feed-forward.
        classifier_pooling: `"cls"` or `"mean"`, what a classifier of texts reads.

    Raises:
        ValueError: an odd window, heads of an odd size, or another pooling.

    Example:

    >>> ModernBertConfig(vocabulary_size=50368)
    """

    family = "modernbert"
    num_layers: int = 22
    intermediate_dim: int = 1152
    max_sequence_length: int = 8192
    dropout: float = 0.0
    attention_dropout: float = 0.0
    layer_norm_epsilon: float = 1e-5
    feed_forward_dropout: float = 0.0
    global_every: int = 3
    local_window: int = 128
    global_rotary_base: float = 160_000.0
    local_rotary_base: float = 10_000.0
    classifier_pooling: str = "cls"
    num_segments = 0

    def __post_init__(self):
        super().__post_init__()
        if self.classifier_pooling not in ("cls", "mean"):
            raise ValueError(
                f"classifier_pooling must be 'cls' or 'mean'. Given: {self.classifier_pooling!r}."
            )
        for name, value in (
            ("local_window", self.local_window),
            ("hidden_dim / num_heads", self.hidden_dim // self.num_heads),
        ):
            if value % 2:
                raise ValueError(f"{name} must be even. Given: {value}.")


scale = functools.partial(layer_norm, use_bias=False)


def build(config):
    return Encoder(
        config,
        bert.embeddings(config, positions=None, norm=scale),
        [block(config, index) for index in range(config.num_layers)],
        final_norm=norm(config, "final_norm"),
    )


def norm(config, name):
    return scale(name, config.layer_norm_epsilon)


def block(config, index):
    reach = {"rotary_base": config.global_rotary_base}
    if index % config.global_every:
        reach = {"rotary_base": config.local_rotary_base, "window": config.local_window // 2}
    return PreNormBlock(
        RotaryAttention(
            config.hidden_dim,
            config.num_heads,
            dropout=config.attention_dropout,
            initializer_range=config.initializer_range,
            name="attention",
            **reach,
        ),
        GatedFeedForward(
            config.hidden_dim,
            config.intermediate_dim,
            config.activation,
            dropout=config.feed_forward_dropout,
            initializer_range=config.initializer_range,
            name="feed_forward",
        ),
        # What the first block reads has been through the embeddings' norm.
        norm(config, "attention_norm") if index else keras.layers.Identity(name="attention_norm"),
        norm(config, "feed_forward_norm"),
        name=f"layer_{index}",
    )


def transform(config, name="head"):
    return PredictionTransform(
        config.hidden_dim,
        epsilon=config.layer_norm_epsilon,
        initializer_range=config.initializer_range,
        name="transform" if name == "head" else f"{name}_transform",
    )


def classifier(encoder, sequence, padding_mask, num_classes, dropout, name="head"):
    """The first token's vector or the mean, a dense layer with gelu, a norm, dropout, logits."""
    config = encoder.config
    vectors = SequencePooling(config.classifier_pooling, name=f"{name}_pooling")(
        sequence, padding_mask
    )
    head = ClassificationHead(
        num_classes, dropout=dropout or 0.0, initializer_range=config.initializer_range, name=name
    )
    return head(transform(config, name)(vectors))


def token_classifier(encoder, sequence, num_classes, dropout, layer=ClassificationHead):
    """On each token a dense layer with gelu, a norm, and BERT's, without dropout."""
    sequence = transform(encoder.config)(sequence)
    return bert.token_classifier(encoder, sequence, num_classes, dropout or 0.0, layer)


def span_extractor(encoder, sequence, padding_mask):
    """On each token a dense layer with gelu, a norm, and BERT's."""
    return bert.span_extractor(encoder, transform(encoder.config)(sequence), padding_mask)


def masked_lm(encoder, sequence, places, tied):
    """BERT's, whose dense layer and norm have no bias."""
    config = encoder.config
    head = MaskedLMHead(
        encoder.embeddings.tokens if tied else None,
        vocabulary_size=config.vocabulary_size,
        hidden_dim=config.hidden_dim,
        activation="gelu",
        epsilon=config.layer_norm_epsilon,
        use_bias=False,
        initializer_range=config.initializer_range,
        name="head",
    )
    return head(sequence, places)


def flat(theirs):
    """Their config with the fields of the published ones; transformers 5 writes lists instead.

    Raises:
        ValueError: a pattern of layers, or a rotation, that this family does not have.
    """
    theirs = dict(theirs)
    types, rope = theirs.pop("layer_types", None), theirs.pop("rope_parameters", None)
    if types:
        far = [index for index, kind in enumerate(types) if kind == "full_attention"]
        every = far[1] if len(far) > 1 else len(types)
        if far != list(range(0, len(types), every)):
            raise ValueError(f"layer_types={types!r} is not one whole-text layer in so many.")
        theirs["global_attn_every_n_layers"] = every
    for name, kind in (("global", "full_attention"), ("local", "sliding_attention")):
        given = (rope or {}).get(kind) or {}
        if given.get("rope_type", "default") != "default":
            raise ValueError(f"rope_type={given['rope_type']!r} is not supported.")
        if "rope_theta" in given:
            theirs[f"{name}_rope_theta"] = given["rope_theta"]
    return theirs


LAYER = "layers.{i}"
WEIGHT_NAMES = {
    "embeddings/tokens": "embeddings.tok_embeddings",
    "embeddings/norm": "embeddings.norm",
    "layer_{i}/attention_norm": f"{LAYER}.attn_norm",
    "layer_{i}/attention/projection": f"{LAYER}.attn.Wqkv",
    "layer_{i}/attention/out": f"{LAYER}.attn.Wo",
    "layer_{i}/feed_forward_norm": f"{LAYER}.mlp_norm",
    "layer_{i}/feed_forward/inner": f"{LAYER}.mlp.Wi",
    "layer_{i}/feed_forward/out": f"{LAYER}.mlp.Wo",
    "final_norm": "final_norm",
}
TRANSFORM_NAMES = {"transform/dense": "head.dense", "transform/norm": "head.norm"}
CLASSIFIER_NAMES = {**TRANSFORM_NAMES, "head/logits": "classifier"}
MASKED_LM_NAMES = {
    "head": "decoder",
    "head/transform": "head.dense",
    "head/norm": "head.norm",
    "head/decoder": "decoder",
}

HUGGING_FACE = HuggingFaceNames(
    model_type="modernbert",
    classes="ModernBert",
    prefix="model.",
    block=f"{LAYER}.",
    flat=flat,
    config={
        "vocabulary_size": "vocab_size",
        "num_layers": "num_hidden_layers",
        "hidden_dim": "hidden_size",
        "num_heads": "num_attention_heads",
        "intermediate_dim": "intermediate_size",
        "max_sequence_length": "max_position_embeddings",
        "activation": "hidden_activation",
        "dropout": "embedding_dropout",
        "attention_dropout": "attention_dropout",
        "feed_forward_dropout": "mlp_dropout",
        "layer_norm_epsilon": "norm_eps",
        "initializer_range": "initializer_range",
        "global_every": "global_attn_every_n_layers",
        "local_window": "local_attention",
        "global_rotary_base": "global_rope_theta",
        "local_rotary_base": "local_rope_theta",
        "classifier_pooling": "classifier_pooling",
    },
    required={
        "norm_bias": (False,),
        "attention_bias": (False,),
        "mlp_bias": (False,),
        "decoder_bias": (True,),
        "classifier_bias": (False,),
        "classifier_activation": ("gelu",),
    },
    sizes={
        "vocabulary_size": ("embeddings.tok_embeddings.weight", 0),
        "hidden_dim": ("embeddings.tok_embeddings.weight", 1),
        "intermediate_dim": ("layers.0.mlp.Wo.weight", 1),
    },
    not_encoder=("head.", "decoder.", "classifier."),
)

FAMILY = Family(
    ModernBertConfig,
    build,
    lambda config: WEIGHT_NAMES,
    HUGGING_FACE,
    heads={
        "TextClassifier": HeadStyle(classifier, CLASSIFIER_NAMES),
        "MaskedLM": HeadStyle(masked_lm, MASKED_LM_NAMES),
        "MultipleChoice": HeadStyle(classifier, CLASSIFIER_NAMES),
        "SpanExtractor": HeadStyle(span_extractor, CLASSIFIER_NAMES),
        "TextEmbedder": bert.FAMILY.heads["TextEmbedder"],
        "TokenClassifier": HeadStyle(token_classifier, CLASSIFIER_NAMES),
    },
)
