"""XLM (https://arxiv.org/abs/1901.07291): BERT's blocks, with a vector for the language."""

import dataclasses

from ..encoder import Encoder
from ..errors import unknown_name
from ..layers import (
    ClassificationHead,
    LanguageEmbeddings,
    LearnedPositions,
    SequencePooling,
    SinusoidalPositions,
    TokenScores,
)
from . import bert
from .family import EncoderConfig, Family, HeadStyle, HuggingFaceNames


@dataclasses.dataclass(frozen=True)
class XlmConfig(EncoderConfig):
    """The numbers that every family has, and the languages.

    Args:
        num_languages: how many there are.
        use_language_embeddings: whether each has a vector, if there are several.
        languages: the name of each -> its row in the table.
        language: the name of the one that the texts are in, whose vector is added to each token;
            None for none, as in transformers where no `langs` are given. A folder for transformers
            keeps it, but there `langs` have to be given at each call.
        sinusoidal_positions: whether positions are sines, not learnt.

    Raises:
        ValueError: `language` is not one of `languages`, or there are no vectors of languages.

    Example:

    >>> XlmConfig(vocabulary_size=95000, hidden_dim=1024, num_heads=8, intermediate_dim=4096,
    ...           num_layers=12, num_languages=2, languages={"de": 0, "en": 1}, language="en")
    """

    family = "xlm"
    num_heads: int = 16
    hidden_dim: int = 2048
    intermediate_dim: int = 8192
    num_languages: int = 1
    use_language_embeddings: bool = True
    languages: dict = dataclasses.field(default_factory=dict)
    language: str | None = None
    sinusoidal_positions: bool = False
    num_segments = 0

    def __post_init__(self):
        super().__post_init__()
        if not isinstance(self.languages, dict) or not all(
            type(row) is int and 0 <= row < self.num_languages for row in self.languages.values()
        ):
            raise ValueError(
                f"languages must map names to rows below num_languages={self.num_languages}. "
                f"Given: {self.languages!r:.200}."
            )
        if self.language is None:
            return
        if not self.has_language_embeddings:
            raise ValueError(
                f"language={self.language!r}, but this encoder has no vectors for languages: it "
                "needs use_language_embeddings=True and num_languages of 2 or more."
            )
        if self.language not in self.languages:
            raise unknown_name("language", self.language, self.languages)

    @property
    def has_language_embeddings(self):
        """Whether there is a table of languages."""
        return self.use_language_embeddings and self.num_languages > 1


def build(config):
    languages = {}
    if config.has_language_embeddings:
        languages = {
            "layer": LanguageEmbeddings,
            "num_languages": config.num_languages,
            "language": config.languages.get(config.language),
        }
    positions = SinusoidalPositions if config.sinusoidal_positions else LearnedPositions
    return Encoder(
        config,
        bert.embeddings(config, positions, **languages),
        [bert.block(config, index) for index in range(config.num_layers)],
    )


def classifier(encoder, sequence, padding_mask, num_classes, dropout, name="head"):
    """The first token's vector, dropout, a dense layer."""
    first = SequencePooling("cls", name=f"{name}_pooling")(sequence, padding_mask)
    return _dense(encoder, num_classes, dropout, name)(first)


def choice(encoder, sequence, padding_mask, num_classes, dropout, name="head"):
    """The same with two numbers, and of these the logit: transformers puts them in a row."""
    numbers = classifier(encoder, sequence, padding_mask, 2, dropout, f"{name}_summary")
    return _dense(encoder, num_classes, 0.0, name)(numbers)


def _dense(encoder, num_classes, dropout, name):
    return ClassificationHead(
        num_classes,
        dropout=0.1 if dropout is None else dropout,
        initializer_range=encoder.config.initializer_range,
        name=name,
    )


def masked_lm(encoder, sequence, places, tied):
    """The token table and a bias, without a transform."""
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
    """They choose between two activations; their feed-forward is four times as wide as the rest.

    Raises:
        ValueError: a width that is no whole number.
    """
    width = theirs.get("emb_dim", theirs.get("hidden_size", 2048))
    if type(width) is not int:
        raise ValueError(f"emb_dim must be a whole number. Given: {width!r}.")
    return {
        **theirs,
        "emb_dim": width,
        "vocab_size": theirs.get("vocab_size", theirs.get("n_words")),
        "intermediate_size": 4 * width,
        "hidden_act": "gelu" if theirs.get("gelu_activation", True) else "relu",
        "lang2id": theirs.get("lang2id") or {},
    }


def written(theirs):
    """The same backwards.

    Raises:
        ValueError: an activation or a width that they have no name for.
    """
    activation, width = theirs.pop("hidden_act"), theirs.pop("intermediate_size")
    if activation not in ("gelu", "relu") or width != 4 * theirs["emb_dim"]:
        raise ValueError(
            "transformers has XLM with activation='gelu' or 'relu' and intermediate_dim of 4 times "
            f"hidden_dim={theirs['emb_dim']} only. Given: {activation!r} and {width}. "
            "save_to_preset keeps any."
        )
    names = {str(row): name for name, row in theirs["lang2id"].items()}
    return {**theirs, "gelu_activation": activation == "gelu", "id2lang": names}


WEIGHT_NAMES = {
    "embeddings/tokens": "embeddings",
    "embeddings/positions/table": "position_embeddings",
    "embeddings/languages": "lang_embeddings",
    "embeddings/norm": "layer_norm_emb",
    "layer_{i}/attention/query": "attentions.{i}.q_lin",
    "layer_{i}/attention/key": "attentions.{i}.k_lin",
    "layer_{i}/attention/value": "attentions.{i}.v_lin",
    "layer_{i}/attention/out": "attentions.{i}.out_lin",
    "layer_{i}/attention_norm": "layer_norm1.{i}",
    "layer_{i}/feed_forward/inner": "ffns.{i}.lin1",
    "layer_{i}/feed_forward/out": "ffns.{i}.lin2",
    "layer_{i}/feed_forward_norm": "layer_norm2.{i}",
}
SUMMARY = "sequence_summary.summary"

HUGGING_FACE = HuggingFaceNames(
    model_type="xlm",
    classes="XLM",
    architectures={
        "ForQuestionAnswering": "ForQuestionAnsweringSimple",
        "ForMaskedLM": "WithLMHeadModel",
    },
    prefix="transformer.",
    block="attentions.{i}.",
    flat=flat,
    written=written,
    config={
        "vocabulary_size": "vocab_size",
        "num_layers": "n_layers",
        "hidden_dim": "emb_dim",
        "num_heads": "n_heads",
        "intermediate_dim": "intermediate_size",
        "max_sequence_length": "max_position_embeddings",
        "activation": "hidden_act",
        "dropout": "dropout",
        "attention_dropout": "attention_dropout",
        "layer_norm_epsilon": "layer_norm_eps",
        "initializer_range": "init_std",
        "num_languages": "n_langs",
        "use_language_embeddings": "use_lang_emb",
        "languages": "lang2id",
        "language": "language",
        "sinusoidal_positions": "sinusoidal_embeddings",
    },
    required={
        "is_encoder": (True,),
        "causal": (False,),
        "asm": (False,),
        "summary_type": ("first",),
        "summary_use_proj": (True,),
        "summary_proj_to_labels": (True,),
        "summary_activation": (None,),
    },
    sizes={
        "vocabulary_size": ("embeddings.weight", 0),
        "hidden_dim": ("embeddings.weight", 1),
        "max_sequence_length": ("position_embeddings.weight", 0),
        "intermediate_dim": ("ffns.0.lin1.weight", 0),
    },
    head_dropouts={
        "TextClassifier": "summary_first_dropout",
        "MultipleChoice": "summary_first_dropout",
    },
    not_encoder=("pred_layer.", "sequence_summary.", "logits_proj.", "classifier.", "qa_outputs."),
)

FAMILY = Family(
    XlmConfig,
    build,
    lambda config: WEIGHT_NAMES,
    HUGGING_FACE,
    heads={
        **{name: bert.FAMILY.heads[name] for name in bert.SHARED_HEADS},
        "TextClassifier": HeadStyle(classifier, {"head/logits": SUMMARY}),
        "MultipleChoice": HeadStyle(
            choice, {"head_summary/logits": SUMMARY, "head/logits": "logits_proj"}
        ),
        "MaskedLM": HeadStyle(
            masked_lm, {"head": "pred_layer.proj", "head/decoder": "pred_layer.proj"}
        ),
    },
)
