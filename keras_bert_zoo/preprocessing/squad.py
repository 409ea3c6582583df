"""Reads files of questions about paragraphs in the layouts of SQuAD 1.1 and 2.0.

Source: https://rajpurkar.github.io/SQuAD-explorer/. The flat layout, one object a question, is that
of the data sets on Hugging Face.
"""

import json
import warnings
from pathlib import Path

from ..tables import check_file


def read_squad(path, strict=True):
    """The questions of a file.

    Args:
        path: the official JSON; or JSON lines, or a JSON list, of one object a question, whose
            answers are `{"text": [...], "answer_start": [...]}`. UTF-8, with or without BOM.
        strict: whether an answer that is not in the context where it is said to be is an error.
            If not, such answers are left out, questions without any other with them, and a
            warning says how many these were.

    Returns:
        A list of `{"id", "title", "question", "context", "answers", "is_impossible"}`; `answers` is
        a list of `{"text", "answer_start"}`, empty if the question has no answer. It can be given
        to `SpanExtractor.fit` as it is.

    Raises:
        FileNotFoundError, IsADirectoryError: there is no such file.
        ValueError: the file is not of these layouts, or an answer is not where it is said to be;
            the message names the place.

    Example:

    >>> rows = read_squad("train-v2.0.json")
    >>> rows[0]["answers"]
    [{'text': 'in the late 1990s', 'answer_start': 269}]
    """
    check_file(path)
    examples, wrong, lost = [], 0, 0
    for place, *parts in _questions(_documents(path), str(path)):
        example = _example(place, *parts)
        matching = [a for a in example["answers"] if _matches(a, example["context"])]
        left_out = len(example["answers"]) - len(matching)
        if left_out and strict:
            _refuse(place, example)
        wrong += left_out
        if left_out and not matching:
            lost += 1
            continue
        examples.append({**example, "answers": matching})
    if wrong:
        warnings.warn(
            f"{path}: {wrong} answers are not in their contexts where they are said to be, and "
            f"were left out, and with them {lost} of {lost + len(examples)} questions.",
            stacklevel=2,
        )
    return examples


def _documents(path):
    """What the file holds: an object, or a list of `(place, object)`."""
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: byte {error.start} is not UTF-8. Save it as UTF-8.") from None
    try:
        value = json.loads(text)
    except ValueError as error:
        lines = [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
        if len(lines) < 2 or not lines[0][1].rstrip().endswith("}"):
            raise ValueError(f"{path} is not valid JSON: {error}.") from None
        return [
            (f"{path}, line {number}", _json_line(path, number, line)) for number, line in lines
        ]
    if isinstance(value, dict) and "data" not in value and "question" in value:
        value = [value]
    if isinstance(value, list):
        return [(f"{path}, item {number}", item) for number, item in enumerate(value, 1)]
    return value


def _json_line(path, number, line):
    try:
        return json.loads(line)
    except ValueError as error:
        raise ValueError(f"{path}, line {number}: not valid JSON ({error}).") from None


def _questions(value, path):
    """`(place, title, context, question)` of all questions; the last an object."""
    if isinstance(value, list):
        for place, item in value:
            yield place, _field(item, "title", str, place, ""), None, item
        return
    for a, article in enumerate(_field(value, "data", list, path)):
        place = f"{path}, data[{a}]"
        if isinstance(article, dict) and "question" in article:
            yield place, _field(article, "title", str, place, ""), None, article
            continue
        title = _field(article, "title", str, place, "")
        for p, paragraph in enumerate(_field(article, "paragraphs", list, place)):
            inner = f"{place}.paragraphs[{p}]"
            context = _field(paragraph, "context", str, inner)
            for q, question in enumerate(_field(paragraph, "qas", list, inner)):
                yield f"{inner}.qas[{q}]", title, context, question


def _example(place, title, context, question):
    if isinstance(question, dict) and "id" in question:
        place = f"{place} (id {question['id']!r})"
    text = _field(question, "question", str, place)
    answers = _answers(question.get("answers") or [], place)
    impossible = question.get("is_impossible")
    if impossible is None:  # version 1.1 and flat layouts do not say; a file for tests cannot
        impossible = "answers" in question and not answers
    return {
        "id": str(question.get("id", place)),
        "title": title,
        "question": text,
        "context": _field(question, "context", str, place) if context is None else context,
        "answers": [] if impossible else answers,
        "is_impossible": bool(impossible),
    }


def _answers(given, place):
    """`[{"text", "answer_start"}, ...]` from a list of such, or from an object of two lists."""
    if isinstance(given, dict):
        texts = _field(given, "text", list, place)
        starts = _field(given, "answer_start", list, place)
        if len(texts) != len(starts):
            raise ValueError(f"{place}: {len(texts)} answers, but {len(starts)} answer_start.")
        given = [{"text": text, "answer_start": start} for text, start in zip(texts, starts)]
    if not isinstance(given, list):
        raise ValueError(f"{place}: answers must be a list or an object. Given: {given!r:.60}.")
    return [
        {
            "text": _field(one, "text", str, place),
            "answer_start": _field(one, "answer_start", int, place),
        }
        for one in given
    ]


def _field(value, name, kind, place, default=None):
    """A field of an object, which must be of a kind.

    Raises:
        ValueError: no object, no such field (unless there is a default), or of another kind.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{place}: must be an object, not {value!r:.60}.")
    found = value.get(name, default)
    if found is None and default is not None:
        return default
    if not isinstance(found, kind) or isinstance(found, bool):
        state = "is missing" if name not in value else f"is {found!r:.60}"
        raise ValueError(
            f"{place}: {name!r} {state}; it must be a {kind.__name__}. It has: "
            f"{', '.join(map(repr, value)) or 'nothing'}."
        )
    return found


def _matches(answer, context):
    start, text = answer["answer_start"], answer["text"]
    return start >= 0 and bool(text) and context.startswith(text, start)


def _refuse(place, example):
    context = example["context"]
    answer = next(one for one in example["answers"] if not _matches(one, context))
    start, text = answer["answer_start"], answer["text"]
    there = context[max(start, 0) : max(start, 0) + len(text)]
    raise ValueError(
        f"{place}, id {example['id']!r}: the answer {text!r:.80} is not at answer_start={start}, "
        f"where the context has {there!r:.80}. Positions are in characters (code points), from 0. "
        "Mend the file, or leave such answers out with strict=False."
    )
