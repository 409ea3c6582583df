"""What `--task` may be. A task of texts and labels is read as a table; each other one has a file.

To add one: write its file, and name it here.
"""

import importlib

# `--task` -> (class, module). Without a module, texts with labels in a table.
KINDS = {
    "text": ("TextClassifier", None),
    "pair": ("PairScorer", None),
    "token": ("TokenClassifier", "token"),
    "span": ("SpanExtractor", "span"),
    "choice": ("MultipleChoice", "choice"),
    "mask": ("MaskedLM", "mask"),
    "embed": ("TextEmbedder", "embed"),
}


def kind_of(task):
    """The `Kind` of a `--task`, or None where the data are texts with labels."""
    _, module = KINDS[task]
    return importlib.import_module(f".{module}", __name__).KIND if module else None


def kind_called(class_name):
    """The `Kind` of a saved task, by the name of its class; None for texts with labels."""
    return next((kind_of(task) for task, (cls, _) in KINDS.items() if cls == class_name), None)
