"""Right answers, in any form they are kept in, as stretches of characters of a context."""

import numpy as np

from .inputs import is_missing

FORMS = (
    'a str, {"text": ..., "answer_start": ...}, (start, end) in characters, a list of these, '
    '{"text": [...], "answer_start": [...]}, or None where there is no answer'
)


def answer_spans(given, context, place):
    """`[(start, end), ...]` in characters of the context; empty if there is no answer.

    Args:
        given: a str, which is looked for in the context and taken where it comes first; a
            dictionary of `text` and `answer_start`, or of lists of these; `(start, end)`; a list
            of several right answers; None, `""` or an empty list where there is no answer.
        context: str.
        place: the row, for messages, such as `"Row 3"`.

    Raises:
        ValueError: an answer that is not in the context, or not where it is said to be.
        TypeError: something of another form.

    >>> answer_spans({"text": ["b"], "answer_start": [2]}, "a b", "Row 0")
    [(2, 3)]
    >>> answer_spans(["a", "b"], "a b", "Row 0")
    [(0, 1), (2, 3)]
    """
    if isinstance(given, np.ndarray):
        given = given.tolist()
    if is_missing(given):
        return []
    if isinstance(given, (str, bytes)):
        return _located(given, None, context, place)
    if isinstance(given, dict):
        return _of_dictionary(given, context, place)
    if not isinstance(given, (list, tuple)):
        raise TypeError(f"{place}: an answer is {FORMS}. Given: {given!r:.60}.")
    if len(given) == 2 and all(_is_number(part) for part in given):
        return [_checked(int(given[0]), int(given[1]), context, place)]
    return [span for one in given for span in answer_spans(one, context, place)]


def _of_dictionary(given, context, place):
    if "text" not in given:
        raise ValueError(
            f"{place}: an answer that is a dictionary has 'text', and 'answer_start'. This one has "
            f"{', '.join(map(repr, given)) or 'nothing'}."
        )
    texts, starts = (_plain(given.get(key)) for key in ("text", "answer_start"))
    if not isinstance(texts, (list, tuple)):
        return _located(texts, starts, context, place)
    starts = [None] * len(texts) if starts is None else starts
    if not isinstance(starts, (list, tuple)) or len(texts) != len(starts):
        raise ValueError(f"{place}: {len(texts)} answers, but answer_start={starts!r:.60}.")
    found = [_located(text, start, context, place) for text, start in zip(texts, starts)]
    return [span for spans in found for span in spans]


def _located(text, start, context, place):
    """Where a text is: at `start`, or where it comes first, if that is not known."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", errors="replace")
    if is_missing(text) or text == "":
        return []
    if not isinstance(text, str):
        raise TypeError(f"{place}: the text of an answer must be str. Given: {text!r:.60}.")
    if is_missing(start):
        start = context.find(text)
        if start < 0:
            raise ValueError(
                f"{place}: the answer {text!r:.80} is not in the context, which begins "
                f"{context[:60]!r}. An answer must be a part of it, letter for letter; give None "
                "for a question that it does not answer."
            )
    elif not _is_number(start) or start < 0 or not context.startswith(text, int(start)):
        there = context[int(start) :][: len(text)] if _is_number(start) and start >= 0 else ""
        raise ValueError(
            f"{place}: the answer {text!r:.80} is not at answer_start={start!r}, where the context "
            f"has {there!r:.80}. Positions are in characters (code points), from 0; without "
            "answer_start the text is looked for."
        )
    return [(int(start), int(start) + len(text))]


def _checked(start, end, context, place):
    if not 0 <= start < end <= len(context):
        raise ValueError(
            f"{place}: an answer from character {start} to {end} is not in its context of "
            f"{len(context)} characters. Give (start, end) with 0 <= start < end <= "
            f"{len(context)}, or None for no answer."
        )
    return start, end


def _plain(value):
    return value.tolist() if isinstance(value, np.ndarray) else value


def _is_number(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
