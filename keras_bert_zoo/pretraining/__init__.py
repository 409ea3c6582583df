"""Learning from text without labels."""

import importlib

PUBLIC = {
    "AdaptationReport": "vocabulary",
    "VocabularyReport": "vocabulary",
    "adapt_vocabulary": "vocabulary",
    "train_vocabulary": "vocabulary",
}
__all__ = [*PUBLIC]


def __getattr__(name):
    if name in PUBLIC:
        value = getattr(importlib.import_module(f".{PUBLIC[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
