"""The bricks: Keras layers that know nothing of families, tasks or files."""

from .activations import ACTIVATIONS, activation
from .attention import SelfAttention
from .blocks import PostNormBlock, PreNormBlock
from .bottleneck import Affine, BottleneckAttention, BottleneckBlock
from .choices import MergeChoices, SplitChoices
from .convolved_block import ConvolvedBlock
from .crf import CRFHead
from .disentangled_attention import DisentangledAttention, RelativeTable
from .embeddings import Embeddings, LearnedPositions, PaddedPositions
from .feed_forward import FeedForward
from .fused_disentangled_attention import FusedDisentangledAttention
from .gated_feed_forward import GatedFeedForward
from .heads import ClassificationHead, DenseClassificationHead
from .language_embeddings import LanguageEmbeddings
from .masked_lm_head import MaskedLMHead, TokenScores
from .masks import AttentionMask, SequenceMask, SequencePlaces
from .norms import layer_norm
from .pooling import LastToken, Pooler
from .prediction_transform import PredictionTransform
from .relations import BucketBias
from .relative_attention import OtherSegment, RelativeAttention, XLNetEmbeddings
from .replaced_token_head import ReplacedTokenHead
from .rotary_attention import RotaryAttention
from .sequence_pooling import SequencePooling, UnitNorm
from .sinusoidal_positions import SinusoidalPositions
from .span_head import SpanHead
from .task_embeddings import TaskEmbeddings
from .trigram_embeddings import TrigramEmbeddings
from .visual_embeddings import TokensOnly, VisualEmbeddings

__all__ = [
    "ACTIVATIONS",
    "Affine",
    "AttentionMask",
    "BottleneckAttention",
    "BottleneckBlock",
    "BucketBias",
    "CRFHead",
    "ClassificationHead",
    "ConvolvedBlock",
    "DenseClassificationHead",
    "DisentangledAttention",
    "Embeddings",
    "FeedForward",
    "FusedDisentangledAttention",
    "GatedFeedForward",
    "LanguageEmbeddings",
    "LastToken",
    "LearnedPositions",
    "MaskedLMHead",
    "MergeChoices",
    "OtherSegment",
    "PaddedPositions",
    "Pooler",
    "PostNormBlock",
    "PreNormBlock",
    "PredictionTransform",
    "RelativeAttention",
    "RelativeTable",
    "ReplacedTokenHead",
    "RotaryAttention",
    "SelfAttention",
    "SequenceMask",
    "SequencePlaces",
    "SequencePooling",
    "SinusoidalPositions",
    "SpanHead",
    "SplitChoices",
    "TaskEmbeddings",
    "TokenScores",
    "TokensOnly",
    "TrigramEmbeddings",
    "UnitNorm",
    "VisualEmbeddings",
    "XLNetEmbeddings",
    "activation",
    "layer_norm",
]
