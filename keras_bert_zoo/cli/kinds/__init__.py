"""What `--task` may be. A task of texts and labels is read as a table; each other one has a file.

To add one: write its file, and name it here.
"""

import importlib
import json
from pathlib import Path

# `--task` -> (class, module). Without a module, texts with labels in a table.
KINDS = {
    "text": ("TextClassifier", None),
    "document": ("DocumentClassifier", None),
    "early-exit": ("EarlyExitClassifier", None),
    "pair": ("PairScorer", None),
    "token": ("TokenClassifier", "token"),
    "span": ("SpanExtractor", "span"),
    "choice": ("MultipleChoice", "choice"),
    "mask": ("MaskedLM", "mask"),
    "embed": ("TextEmbedder", "embed"),
}


def kind_of(task):
    """The `Kind` of a `--task` that has one."""
    return importlib.import_module(f".{KINDS[task][1]}", __name__).KIND


def saved_task(preset):
    """The `--task` of a preset that we saved, read from its config; None if that does not tell."""
    try:
        config = json.loads((Path(preset) / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    name = config.get("task") if isinstance(config, dict) else None
    return next((task for task, (cls, _) in KINDS.items() if cls == name), None)


def is_kind(task):
    """Whether a `--task` has a `Kind`; its module needs Keras, so it is imported when needed."""
    return task is not None and KINDS[task][1] is not None
