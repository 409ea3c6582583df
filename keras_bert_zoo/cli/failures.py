"""Errors as one line on stderr."""

import sys

EXPECTED = (ValueError, OSError, ImportError)
LONGEST = 1000  # characters of a message

# What the library's messages say to a programmer -> what to type here.
WORDS = {
    "run keras_bert_zoo.list_presets() to see them all": "run `keras-bert-zoo presets`",
    'truncation="warn" or "silent"': "--truncation warn or silent",
    'truncation="error"': "--truncation error",
    "max_sequence_length=": "--max-length ",
    'say what the new one is of, with labels=["a", "b", ...], or num_classes=N.': (
        "train one with `keras-bert-zoo finetune`."
    ),
}

MEMORY_MARKS = ("out of memory", "resource_exhausted", "resource exhausted", "oom when allocating")


def say(kind, text):
    """Writes `keras-bert-zoo: error: ...` to stderr."""
    print(f"keras-bert-zoo: {kind}: {text}", file=sys.stderr)


def one_line(error):
    """The message of an exception or a warning on one line."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}."
    lines = [line.strip().removeprefix("- ") for line in str(error).splitlines() if line.strip()]
    report = getattr(error, "report", None)
    if report is not None and len(lines) > 1:  # a table of what was found; what is wrong counts
        lines = [lines[0], *_shortage(report)]
    text = " ".join(lines) or type(error).__name__
    for theirs, ours in WORDS.items():
        text = text.replace(theirs, ours)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def _shortage(report):
    for title, names in (("missing", report.missing), ("left over", report.leftover)):
        if names:
            more = ", ..." if len(names) > 4 else ""
            yield f"{len(names)} tensors {title} ({', '.join(names[:4])}{more})."


def is_out_of_memory(error):
    """Whether a backend ran out of memory; each has an exception of its own for that."""
    text = f"{type(error).__name__} {error}".lower()
    return isinstance(error, MemoryError) or any(mark in text for mark in MEMORY_MARKS)
