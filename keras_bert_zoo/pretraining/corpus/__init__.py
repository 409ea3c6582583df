"""From files of text to shards of examples, and from shards to batches.

Nothing here imports Keras before it must: the processes that write shards do without it.
"""

from ...lazy import lazy

PUBLIC = {
    "Corpus": "source",
    "CorpusStream": "stream",
    "Settings": "settings",
    "WindowOrder": "windows",
    "build_corpus": "build",
}
__all__ = [*PUBLIC]
__getattr__, __dir__ = lazy(__name__, PUBLIC)
