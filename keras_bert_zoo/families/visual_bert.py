"""VisualBERT (https://arxiv.org/abs/1908.03557): BERT that reads regions of an image as well."""

import dataclasses

from ..layers import ClassificationHead, LastToken, VisualEmbeddings
from ..visual_encoder import VisualEncoder
from . import bert
from .family import Family, HeadStyle


@dataclasses.dataclass(frozen=True)
class VisualBertConfig(bert.BertConfig):
    """BERT's numbers, and the size of what a detector gives for a region.

    Args:
        visual_dim: size of a region's features.

    Example:

    >>> VisualBertConfig(vocabulary_size=30522, visual_dim=2048)
    """

    family = "visual_bert"
    visual_dim: int = 512

    def __post_init__(self):
        super().__post_init__()
        if self.num_segments < 2:
            raise ValueError(
                "num_segments must be 2 or more: an image is of segment 1, the first of two of "
                f"segment 0. Given: {self.num_segments}."
            )


def build(config):
    visual = {"visual_dim": config.visual_dim, "visual_positions": config.max_sequence_length}
    return VisualEncoder(
        config,
        bert.embeddings(config, layer=VisualEmbeddings, **visual),
        [bert.block(config, index) for index in range(config.num_layers)],
        pooler=bert.pooler(config) if config.use_pooler else None,
    )


def answer_classifier(encoder, sequence, padding_mask, num_classes, dropout):
    """Dropout and a dense layer on the last token (section 4.1)."""
    head = ClassificationHead(
        num_classes,
        dropout=encoder.config.dropout if dropout is None else dropout,
        initializer_range=encoder.config.initializer_range,
        name="head",
    )
    return head(LastToken(name="last_token")(sequence, padding_mask))


WEIGHT_NAMES = {
    **bert.WEIGHT_NAMES,
    "embeddings/visual_project": "embeddings.visual_projection",
    "embeddings/visual_segments": "embeddings.visual_token_type_embeddings",
    "embeddings/visual_positions": "embeddings.visual_position_embeddings",
}

HUGGING_FACE = dataclasses.replace(
    bert.HUGGING_FACE,
    model_type="visual_bert",
    classes="VisualBert",
    prefix="visual_bert.",
    config={**bert.HUGGING_FACE.config, "visual_dim": "visual_embedding_dim"},
    required={"bypass_transformer": (False,), "pruned_heads": ({},)},
    sizes={
        **bert.HUGGING_FACE.sizes,
        "visual_dim": ("embeddings.visual_projection.weight", 1),
    },
    not_encoder=("cls.", "embeddings.position_ids"),
    architectures={
        "ForSequenceClassification": "ForVisualReasoning",
        "ForNextSentencePrediction": "ForVisualReasoning",  # as a scorer of pairs is written
        "ForMaskedLM": "ForPreTraining",
        "ForVisualQuestionAnswering": "ForQuestionAnswering",
        "ForQuestionAnswering": "ForSpans",  # theirs of that name finds no spans
    },
)

LOGITS = {"head/logits": "cls"}

FAMILY = Family(
    VisualBertConfig,
    build,
    lambda config: WEIGHT_NAMES,
    HUGGING_FACE,
    heads={
        "AnswerClassifier": HeadStyle(answer_classifier, LOGITS),
        "TextClassifier": HeadStyle(bert.classifier, LOGITS, uses_pooler=True),
        "MultipleChoice": HeadStyle(bert.classifier, LOGITS, uses_pooler=True),
        "MaskedLM": bert.FAMILY.heads["MaskedLM"],
        "NextSentence": bert.FAMILY.heads["NextSentence"],
        "TextEmbedder": bert.FAMILY.heads["TextEmbedder"],
    },
)
