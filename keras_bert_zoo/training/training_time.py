"""How long a training takes, before it starts."""

import time
import warnings

import numpy as np

from ..preprocessing.inputs import is_table, is_texts, plain

BATCHES = 2  # that are tried
ROUNDS = 2  # times that they are tried, after the first, which compiles; the fastest counts
# Backward takes twice as long as forward (https://arxiv.org/abs/2205.05198, appendix A); dropout,
# the optimizer and attention that no fused kernel does take some more: see docs/training.md.
UPDATE = 3.5


def training_time(task, x, batch_size=32, epochs=1, seed=0):
    """Seconds that `fit` takes, about, without compilation and validation.

    Measured: the task predicts some rows of the data, drawn at random, and learning from a row is
    taken to be 3.5 times as much work as answering it. `Recipe(r_drop=)` and
    `Recipe(adversarial=)` multiply it by what they add.

    Args:
        task: a task.
        x: what `fit` is to be given: texts, pairs, examples or a table.
        batch_size, epochs: of `fit`.
        seed: decides which rows are tried.

    Returns:
        Seconds, a float.

    Raises:
        TypeError: the data are not in memory.
        ValueError: there are no rows.

    Example:

    >>> print(f"{training_time(task, texts, batch_size=32, epochs=3) / 60:.0f} minutes")
    """
    count, sample = _drawn(x, np.random.default_rng(seed), BATCHES * batch_size)
    taken, report = [], task.truncation_report
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(1 + ROUNDS):
            start = time.perf_counter()
            task.predict(sample, batch_size=batch_size, verbose=0)
            taken.append(time.perf_counter() - start)
    task.truncation_report = report
    passes = 1 + bool(task.recipe.r_drop) + 2 * bool(task.recipe.adversarial)
    share = min(count, BATCHES * batch_size) / count
    return min(taken[1:]) / share * UPDATE * passes * epochs


def in_words(seconds):
    """A length of time as a person says it.

    >>> in_words(42), in_words(200), in_words(8000)
    ('40 s', '3 min', '2 h 10 min')
    """
    if seconds < 90:
        return f"{max(10 * round(seconds / 10), 5)} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60 // 10 * 10} min"


def _drawn(x, generator, most):
    """`(number of rows, some of them)` of what `fit` takes."""
    if not is_texts(x):
        raise TypeError(
            f"training_time draws from data in memory, and x is a {type(x).__name__}: give lists, "
            "a table, or some of the rows."
        )
    columns = list(x.values()) if isinstance(x, dict) else x if isinstance(x, tuple) else [x]
    count = len(columns[0])
    if not count:
        raise ValueError("There are no rows to learn from: x is empty.")
    rows = generator.choice(count, min(count, most), replace=False)
    if is_table(x):
        return count, x.select(rows) if hasattr(x, "column_names") else x.iloc[rows]
    parts = tuple([column[row] for row in rows] for column in map(plain, columns))
    return count, parts if len(parts) > 1 else parts[0]
