"""Entities in sequences of tags, and their precision, recall and F1, counted as seqeval does.

Source of the rules: https://github.com/chakki-works/seqeval, which in its default mode follows
conlleval (https://www.clips.uantwerpen.be/conll2003/ner/).
"""

import dataclasses
from collections import Counter

from ..errors import unknown_name

PREFIXES = "BIES"
MODES = ("default", "strict")


@dataclasses.dataclass(frozen=True)
class Scheme:
    """Where entities start, go on and end, as rules of three characters.

    A rule reads: the prefix before, the prefix now (`.` for any), and whether the two labels are
    the same (`=`), differ (`!`), or either (`*`).
    """

    prefixes: str
    start: tuple
    inside: tuple
    end: tuple


def _scheme(prefixes, start, inside, end):
    return Scheme(prefixes, tuple(start.split()), tuple(inside.split()), tuple(end.split()))


SCHEMES = {
    "IOB1": _scheme("BI", "OI* II! BI* IB= BB=", "BI= II=", "I.* BO* BI! BB="),
    "IOB2": _scheme("BI", ".B*", "BI= II=", "..*"),
    # seqeval leaves out an IOE1 entity whose last tag is E and which O follows. So do we.
    "IOE1": _scheme("IE", "OI* II! EI* EE=", "II= IE=", "I.* EI= EE="),
    "IOE2": _scheme("IE", "OI* OE* EI* EE* II! IE!", "II= IE=", "E.*"),
    "BIOES": _scheme("BIES", ".B* .S*", "BI= BE= II= IE=", "S.* E.*"),
    "BILOU": _scheme("BILU", ".B* .U*", "BI= BL= II= IL=", "U.* L.*"),
}
SCHEMES["IOBES"] = SCHEMES["BIOES"]


@dataclasses.dataclass(frozen=True)
class EntityScore:
    """Precision, recall and F1, and how many true entities they are about."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclasses.dataclass(frozen=True)
class EntityScores:
    """Scores over all entities and for each label; printed, it is a table.

    Args:
        micro: over all entities at once.
        macro: mean over the labels.
        weighted: mean over the labels, each weighted by its true entities.
        labels: `{label: EntityScore}`, in the order of the alphabet.
    """

    micro: EntityScore
    macro: EntityScore
    weighted: EntityScore
    labels: dict

    def __str__(self):
        averages = {name: getattr(self, name) for name in ("micro", "macro", "weighted")}
        width = max(len(name) for name in (*self.labels, *averages))
        lines = [f"{'':{width}}  precision  recall      f1  support"]
        for name, score in (*self.labels.items(), *averages.items()):
            numbers = f"{score.precision:9.4f}  {score.recall:6.4f}  {score.f1:6.4f}"
            lines.append(f"{name:{width}}  {numbers}  {score.support:7d}")
        lines.insert(len(self.labels) + 1, "")
        return "\n".join(lines)


def entity_spans(tags, mode="default", scheme=None):
    """The entities in one sequence of tags.

    Args:
        tags: list of str: `"O"`, or a prefix, `-` and a label, such as `"B-PER"`. The label may
            have dashes of its own; a prefix alone has the label `"_"`.
        mode: `"default"` makes the best of tags that break their scheme, as conlleval does;
            `"strict"` takes only entities that follow the scheme.
        scheme: for the strict mode, one of `SCHEMES`. The default mode needs none.

    Returns:
        List of `(label, start, end)`, in order; `end` is the position after the last.

    Raises:
        ValueError: something that is no tag, or none of the scheme; an unknown mode or scheme.

    Example:

    >>> entity_spans(["B-PER", "I-PER", "O", "I-LOC"])
    [('PER', 0, 2), ('LOC', 3, 4)]
    >>> entity_spans(["B-PER", "I-PER", "O", "I-LOC"], mode="strict", scheme="IOB2")
    [('PER', 0, 2)]
    """
    return _reader(mode, scheme)(tags)


def entity_scores(true, predicted, mode="default", scheme=None, zero_division=0):
    """Precision, recall and F1 of predicted entities: right if span and label both are.

    Args:
        true, predicted: lists of sequences of tags; see `entity_spans`.
        mode, scheme: see `entity_spans`.
        zero_division: 0 or 1: precision if nothing was predicted, recall with nothing to find.

    Returns:
        `EntityScores`.

    Raises:
        ValueError: sequences of unequal number or length; else as `entity_spans`.

    Example:

    >>> print(entity_scores([["B-PER", "I-PER", "O"]], [["B-PER", "O", "B-LOC"]]))
              precision  recall      f1  support
    LOC          0.0000  0.0000  0.0000        0
    PER          0.0000  0.0000  0.0000        1
    <BLANKLINE>
    micro        0.0000  0.0000  0.0000        1
    macro        0.0000  0.0000  0.0000        1
    weighted     0.0000  0.0000  0.0000        1
    """
    if zero_division not in (0, 1):
        raise ValueError(f"zero_division must be 0 or 1. Given: {zero_division!r}.")
    read = _reader(mode, scheme)
    true, predicted = _sequences("true", true), _sequences("predicted", predicted)
    _check_lengths(true, predicted)
    correct, found, wanted = Counter(), Counter(), Counter()
    for number, pair in enumerate(zip(true, predicted)):
        theirs, ours = (
            set(_located(read, tags, f"{name}[{number}]"))
            for name, tags in zip(("true", "predicted"), pair)
        )
        for counter, spans in ((correct, theirs & ours), (found, ours), (wanted, theirs)):
            counter.update(label for label, *_ in spans)
    return _averaged(correct, found, wanted, zero_division)


def split_tag(tag, prefixes=PREFIXES):
    """`("B", "PER")` for `"B-PER"`, and `("O", "")` for `"O"`.

    Raises:
        ValueError: `tag` is no tag, or has another prefix.
    """
    if not isinstance(tag, str):
        raise ValueError(f"A tag is a str such as 'B-PER'. Given: {tag!r}.")
    if tag == "O":
        return "O", ""
    prefix, dash, label = tag[:1], tag[1:2], tag[2:]
    if prefix and prefix in prefixes and dash in ("", "-"):
        return prefix, label or "_"
    hint = " For BILOU, use mode='strict', scheme='BILOU'." if prefix in tuple("LU") else ""
    raise ValueError(
        f"{tag!r} is no tag here. Accepted: 'O', or one of {', '.join(prefixes)} with '-' and the "
        f"entity's label after it, such as '{prefixes[0]}-PER'.{hint}"
    )


def _reader(mode, scheme):
    if mode not in MODES:
        raise unknown_name("mode", mode, MODES)
    if mode == "default":
        return _default_spans
    if scheme is None:
        raise ValueError(f"mode='strict' needs a scheme. Accepted: {', '.join(SCHEMES)}.")
    if scheme not in SCHEMES:
        raise unknown_name("scheme", scheme, SCHEMES)
    return lambda tags: _strict_spans(tags, SCHEMES[scheme])


def _default_spans(tags):
    spans, start, before = [], 0, ("O", "")
    for position, tag in enumerate([*tags, "O"]):
        now = split_tag(tag)
        if before[0] in "OES" or now[0] in "OBS" or before[1] != now[1]:
            if before[0] != "O":
                spans.append((before[1], start, position))
            start = position
        before = now
    return spans


def _strict_spans(tags, scheme):
    parts = [split_tag(tag, scheme.prefixes) for tag in [*tags, "O"]]
    # In this mode seqeval takes off all outer dashes, in the other one only the first.
    parts = [(prefix, label.strip("-") or "_") for prefix, label in parts]
    spans, position, before = [], 0, ("O", "_")
    while position < len(tags):
        end = position + 1
        if _matches(scheme.start, before, parts[position]):
            while _matches(scheme.inside, parts[end - 1], parts[end]):
                end += 1
            if _matches(scheme.end, parts[end - 1], parts[end]):
                spans.append((parts[position][1], position, end))
        position, before = end, parts[end - 1]
    return spans


def _matches(rules, before, now):
    same = "=" if before[1] == now[1] else "!"
    return any(
        first in (".", before[0]) and second in (".", now[0]) and labels in ("*", same)
        for first, second, labels in rules
    )


def _sequences(name, sequences):
    sequences = [tags if isinstance(tags, str) else list(tags) for tags in sequences]
    for tags in sequences:
        if isinstance(tags, str):
            raise ValueError(
                f"{name} must be a list of sequences of tags, [['B-PER', 'O'], ...]. It holds "
                f"{tags!r}: put a single sequence into a list."
            )
    return sequences


def _check_lengths(true, predicted):
    if len(true) != len(predicted):
        raise ValueError(
            f"true has {len(true)} sequences and predicted {len(predicted)}. Give a prediction "
            "for each."
        )
    for number, (theirs, ours) in enumerate(zip(true, predicted)):
        if len(theirs) != len(ours):
            raise ValueError(
                f"true[{number}] has {len(theirs)} tags and predicted[{number}] {len(ours)}. Give "
                "a tag for each; words that were cut off are 'O'."
            )


def _located(read, tags, where):
    try:
        return read(tags)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _averaged(correct, found, wanted, zero):
    labels = {
        label: _score(correct[label], found[label], wanted[label], zero)
        for label in sorted(found | wanted)
    }
    scores, total = list(labels.values()), wanted.total()
    return EntityScores(
        micro=_score(correct.total(), found.total(), total, zero),
        macro=_mean(scores, [1] * len(scores), total, [zero] * 3),
        weighted=_mean(
            scores,
            [score.support for score in scores],
            total,
            # With nothing to find, what was predicted is wrong.
            [zero, zero, zero] if not found else [0, zero, 0],
        ),
        labels=labels,
    )


def _score(correct, found, wanted, zero):
    precision = correct / found if found else float(zero)
    recall = correct / wanted if wanted else float(zero)
    both = precision + recall
    return EntityScore(precision, recall, 2 * precision * recall / both if both else 0.0, wanted)


def _mean(scores, weights, support, otherwise):
    if not sum(weights):
        return EntityScore(*map(float, otherwise), support)
    rows = [(score.precision, score.recall, score.f1) for score in scores]
    means = (
        sum(weight * value for weight, value in zip(weights, column)) / sum(weights)
        for column in zip(*rows)
    )
    return EntityScore(*means, support)
