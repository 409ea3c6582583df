"""Questions about texts, in any form they are kept in, as rows."""

from .inputs import PAIRS, check_text, column_names, is_encoded, is_table, plain, split_pairs

ANSWERS = ("answers", "answer")
HINT = (
    "Give a list of {'question': ..., 'context': ...}, a list of (question, context) pairs, a "
    "tuple of two columns, or a table with the columns question and context."
)


def read_questions(x, y=None):
    """`(rows, answers)` of what a caller holds.

    Args:
        x: a list of dictionaries with `question`, `context` and perhaps `answers`; a dictionary of
            such columns; a table with them; a tuple of questions and contexts; a list of pairs.
        y: answers; or the name under which the rows keep them.

    Returns:
        A list of `{"question", "context"}`, with `id` where there is one; a list of answers, in
        the caller's form, or None if there are none.

    Raises:
        ValueError, TypeError: something that cannot be read, with its place and what it is.

    >>> read_questions([("Who?", "Ada was here.")])
    ([{'question': 'Who?', 'context': 'Ada was here.'}], None)
    """
    columns, answers = _columns(x, y)
    names = [name for name in ("question", "context", "id") if name in columns]
    lengths = {name: len(columns[name]) for name in names}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{count} of {name}" for name, count in lengths.items())
        raise ValueError(f"The columns have different lengths: {listed}.")
    for name in ("question", "context"):
        columns[name] = [check_text(value, place) for place, value in enumerate(columns[name])]
    rows = [dict(zip(names, values)) for values in zip(*(columns[name] for name in names))]
    return rows, answers if y is None or isinstance(y, str) else plain(y)


def _columns(x, y):
    """`(columns, answers)`: lists by name; the answers that stand among them."""
    if is_encoded(x):
        raise TypeError("These are the encoder's inputs already: they go to the model as they are.")
    if isinstance(x, (str, bytes)):
        raise TypeError(f"A question comes with the text to answer it from. {HINT}")
    if is_table(x):
        return _named(x, column_names(x), y)
    if isinstance(x, dict):
        return _named(x, list(x), y)
    if isinstance(x, tuple) and x and not any(isinstance(part, (str, bytes, dict)) for part in x):
        if len(x) != 2:
            raise ValueError(f"A tuple of columns has two. {len(x)} were given. {HINT}")
        return {"question": plain(x[0]), "context": plain(x[1])}, None
    items = plain(x)
    if items and isinstance(items[0], dict):
        return _of_dictionaries(items, y)
    if items and not isinstance(items[0], PAIRS):
        raise TypeError(f"Row 0 is {items[0]!r:.60} ({type(items[0]).__name__}). {HINT}")
    questions, contexts = split_pairs(items)
    return {"question": questions, "context": contexts}, None


def _named(table, names, y):
    for name in ("question", "context"):
        if name not in names:
            raise ValueError(f"There is no column {name!r}; there are {names}. {HINT}")
    columns = {name: plain(table[name]) for name in ("question", "context", "id") if name in names}
    found = _answers_name(names, y)
    return columns, None if found is None else plain(table[found])


def _of_dictionaries(items, y):
    columns = {"question": [], "context": []}
    for place, item in enumerate(items):
        for name, column in columns.items():
            if not isinstance(item, dict) or name not in item:
                raise ValueError(f"Row {place} has no {name!r}. It is {item!r:.60}. {HINT}")
            column.append(item[name])
    if all("id" in item for item in items):
        columns["id"] = [item["id"] for item in items]
    found = _answers_name(list(items[0]), y)
    if found is None:
        return columns, None
    missing = next((place for place, item in enumerate(items) if found not in item), None)
    if missing is not None:
        raise ValueError(
            f"Row {missing} has no {found!r}, where row 0 has. Give None for a question that has "
            "no answer."
        )
    return columns, [item[found] for item in items]


def _answers_name(names, y):
    if not isinstance(y, str):
        return next((name for name in ANSWERS if name in names), None) if y is None else None
    if y not in names:
        raise ValueError(f"Which column holds the answers? {y!r} is not one of {names}.")
    return y
