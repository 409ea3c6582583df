"""From files of text to shards of examples, and from shards to batches.

Nothing here imports Keras before it must: the processes that write shards do without it.
"""

import importlib

PUBLIC = {
    "Corpus": "source",
    "CorpusStream": "stream",
    "Settings": "settings",
    "WindowOrder": "windows",
    "build_corpus": "build",
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
