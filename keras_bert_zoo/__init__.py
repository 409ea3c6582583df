"""The BERT family for Keras 3: text in, answers out, on TensorFlow, JAX and PyTorch.

import keras_bert_zoo as kbz

task = kbz.TextClassifier.from_preset("bert_nano_en_uncased", labels=["negative", "positive"])
task.fit(texts, labels, epochs=3)
task.classify("Lovely.")
"""

import importlib

from .version import __version__

# Names are imported when they are first used: the package costs nothing until then.
PUBLIC = {
    "AnswerClassifier": "tasks",
    "ConversionError": "checkpoints.report",
    "ConversionReport": "checkpoints.report",
    "DocumentClassifier": "tasks",
    "EarlyExitClassifier": "tasks",
    "Encoder": "encoder",
    "MaskedLM": "tasks",
    "MultiTaskClassifier": "tasks",
    "MultipleChoice": "tasks",
    "PairScorer": "tasks",
    "Preprocessor": "preprocessing",
    "Pretrainer": "pretraining",
    "Recipe": "training",
    "ReplacedTokenDetector": "tasks",
    "ResumableTraining": "training",
    "SpanExtractor": "tasks",
    "TextClassifier": "tasks",
    "TextEmbedder": "tasks",
    "TokenClassifier": "tasks",
    "Tokenizer": "tokenizers",
    "TruncationError": "preprocessing",
    "TruncationWarning": "preprocessing",
    "VectorIndex": "tasks",
    "VisualPreprocessor": "preprocessing",
    "ZeroShotClassifier": "tasks",
    "distribute": "distribution",
    "list_presets": "registry",
}
MODULES = (
    "catalog",
    "families",
    "layers",
    "metrics",
    "preprocessing",
    "pretraining",
    "scale",
    "tasks",
    "tokenizers",
    "training",
)

__all__ = ["__version__", "from_preset", *PUBLIC]


def from_preset(preset, **options):
    """Loads the task that is saved in a preset.

    Args:
        preset: a built-in name (see `list_presets`), a folder in our format or Hugging Face's,
            `hf://owner/name[@revision]`, or `pkg:python_package`.
        **options: of `TextClassifier.from_preset` and its like.

    Example:

    >>> task = keras_bert_zoo.from_preset("my_classifier")
    """
    from .catalog import load_task

    return load_task(preset, **options)


def __getattr__(name):
    if name in PUBLIC:
        value = getattr(importlib.import_module(f".{PUBLIC[name]}", __name__), name)
        globals()[name] = value
        return value
    if name in MODULES:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*__all__, *MODULES])
