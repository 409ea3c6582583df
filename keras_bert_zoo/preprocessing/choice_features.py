"""A prompt and any number of choices: each choice a row of tokens, all of them one example."""

import numpy as np

from .feature import Feature, Featurizer
from .inputs import (
    LABEL_COLUMNS,
    column_names,
    is_missing,
    is_table,
    joined,
    plain,
    split_labels,
)

PROMPTS = ("prompt", "question", "context", "sent1", "startphrase", "ctx")
CHOICES = ("choices", "endings", "options", "answers")
STARTS = ("sent2",)  # what every choice begins with, in SWAG


class ChoiceFeatures(Featurizer):
    """Prompts with choices; what is to be learnt is the number of the right one.

    Inputs are `(batch, choices, length)`. A row is `(prompt, [choice, ...])`, and may have as many
    choices as it likes; what the preprocessor reads besides follows these two.
    """

    def read(self, x, y=None):
        x, rest = self.preprocessor.separate(x)
        rows, y = read_examples(x, y)
        return joined(rows, rest), y

    def features(self, rows, targets, report):
        pairs = [(row[0], choice, *row[2:]) for row in rows for choice in row[1]]
        packed, _ = self.preprocessor.pack_rows(pairs, report)
        parts = iter(packed)
        features = []
        for number, (_, choices, *_) in enumerate(rows):
            target = None if targets is None else _right(targets[number], choices, number)
            features.append(Feature([next(parts) for _ in choices], number, target))
        return features

    def inputs(self, features, num_rows, generator=None):
        most = max(len(feature.parts) for feature in features)
        nothing = ([], [0])  # a choice that is not there: a row of padding
        padded = [f.parts + [nothing] * (most - len(f.parts)) for f in features]
        flat = self.preprocessor.pad([p for parts in padded for p in parts], num_rows * most)
        return {key: v.reshape(num_rows, most, *v.shape[1:]) for key, v in flat.items()}

    def targets(self, features, inputs):
        rows = len(inputs["token_ids"])
        y, weight = np.zeros(rows, "int32"), np.zeros(rows, "float32")
        y[: len(features)] = [feature.target for feature in features]
        weight[: len(features)] = 1
        return y, weight


def read_examples(x, y=None):
    """`(rows, labels)`: `(prompt, [choice, ...])` of each example in any form; labels or None."""
    if is_table(x):
        names = column_names(x)
        if y is None and any(name in names for name in LABEL_COLUMNS):
            y = split_labels(x)
        elif isinstance(y, str):
            y = split_labels(x, y)
        x = {name: plain(x[name]) for name in names}
    if isinstance(x, dict) and not _is_example(x):
        x = _rows_of(x)
    elif isinstance(x, dict):
        x = [x]
    elif isinstance(x, tuple) and len(x) == 2 and not isinstance(x[0], str):
        x = list(zip(plain(x[0]), x[1], strict=True))
    x = list(x)
    if y is None and x and isinstance(x[0], dict):
        name = next((n for n in LABEL_COLUMNS if n in x[0]), None)
        y = None if name is None else [row[name] for row in x]
    rows = [_row(value, place) for place, value in enumerate(x)]
    return rows, None if y is None else list(y)


def _is_example(x):
    """Whether a dictionary is one example, rather than columns of them."""
    prompt = next((x[name] for name in PROMPTS if name in x), None)
    return isinstance(prompt, str)


def _rows_of(columns):
    """A list of dictionaries for a dictionary of columns."""
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"The columns have different lengths: {lengths}.")
    return [dict(zip(columns, values)) for values in zip(*columns.values())]


def _row(value, place):
    """`(prompt, choices)` of an example in any form."""
    if isinstance(value, dict):
        prompt = next((value[name] for name in PROMPTS if name in value), None)
        choices = next((value[name] for name in CHOICES if name in value), None)
        if isinstance(choices, dict):  # ARC, as Hugging Face has it: labels and texts
            choices = choices.get("text")
        if choices is None:
            numbered = sorted(name for name in value if str(name).rstrip("0123456789") == "ending")
            choices = [value[name] for name in numbered] or None
        start = next((value[name] for name in STARTS if name in value), None)
        if start and choices is not None:
            choices = [f"{start} {choice}" for choice in choices]
    elif isinstance(value, (tuple, list)) and len(value) == 2:
        prompt, choices = value
    else:
        prompt = choices = None
    if not isinstance(prompt, str) or isinstance(choices, str) or choices is None:
        raise ValueError(
            "An example is (prompt, [choice, ...]), or a dictionary with one of "
            f"{', '.join(PROMPTS)} and one of {', '.join(CHOICES)} (or ending0, ending1, ...). Row "
            f"{place} is {value!r:.100}."
        )
    choices = list(choices)
    wrong = [choice for choice in choices if not isinstance(choice, str)]
    if wrong or not choices:
        what = f"{wrong[0]!r:.60}, which is not a text" if wrong else "no choices"
        hint = " Leave out choices that are missing." if wrong and is_missing(wrong[0]) else ""
        raise ValueError(f"Row {place} has {what}.{hint}")
    return prompt, choices


def _right(value, choices, row):
    """The number of the right choice, from its number or its text.

    Raises:
        ValueError: neither a number that is in range nor one of the choices.
    """
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, str) and value in choices:
        return choices.index(value)
    if isinstance(value, str) and len(value) == 1 and value.isalpha():
        value = ord(value.upper()) - ord("A")
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < len(choices):
        raise ValueError(
            f"Row {row}: the label {value!r:.60} is none of its {len(choices)} choices. Give its "
            "number, from 0, its letter, from A, or its text."
        )
    return value
