"""From the caller's texts and labels to padded batches of ids."""

from .buckets import bucket_for, choose_buckets, grid_buckets
from .labels import Labels
from .length_batches import LengthBatches
from .mixed_batches import MixedBatches
from .packing import pack, pad_rows, truncate_longest_first
from .preprocessor import Preprocessor
from .text_batches import TextBatches
from .truncation import TruncationError, TruncationReport, TruncationWarning
from .visual_preprocessor import VisualPreprocessor, preprocessor_for

__all__ = [
    "Labels",
    "LengthBatches",
    "MixedBatches",
    "Preprocessor",
    "TextBatches",
    "TruncationError",
    "TruncationReport",
    "TruncationWarning",
    "VisualPreprocessor",
    "bucket_for",
    "choose_buckets",
    "grid_buckets",
    "pack",
    "pad_rows",
    "preprocessor_for",
    "truncate_longest_first",
]
