"""The bricks: Keras layers that know nothing of families, tasks or files."""

from .activations import ACTIVATIONS, activation
from .attention import SelfAttention
from .blocks import PostNormBlock, PreNormBlock
from .crf import CRFHead
from .embeddings import Embeddings, LearnedPositions
from .feed_forward import FeedForward
from .heads import ClassificationHead
from .masks import AttentionMask
from .norms import layer_norm
from .pooling import Pooler

__all__ = [
    "ACTIVATIONS",
    "AttentionMask",
    "CRFHead",
    "ClassificationHead",
    "Embeddings",
    "FeedForward",
    "LearnedPositions",
    "Pooler",
    "PostNormBlock",
    "PreNormBlock",
    "SelfAttention",
    "activation",
    "layer_norm",
]
