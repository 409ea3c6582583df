"""Tags of words that say where entities begin and end: BIO (IOB2), BIOES, and others read."""

import numpy as np

from ..errors import unknown_name
from ..metrics.entities import entity_spans

# How an entity of one word is written, and the first, inner and last word of a longer one.
SCHEMES = {"BIO": "BBII", "BIOES": "SBIE", "IO": "IIII"}
BILOU = {"L": "E", "U": "S"}
OUTSIDE = "O"


def parts_of(tag):
    """`(prefix, type)` of a tag; `("", tag)` for one that is no part of an entity.

    >>> parts_of("B-PER"), parts_of("O"), parts_of("NOUN")
    (('B', 'PER'), ('O', ''), ('', 'NOUN'))
    """
    if tag == OUTSIDE:
        return OUTSIDE, ""
    prefix, dash, label = str(tag).partition("-")
    return (BILOU.get(prefix, prefix), label) if dash and prefix in "BIESLU" else ("", str(tag))


def has_entities(tags):
    """Whether these tags mark entities, rather than being one label a word, as parts of speech."""
    kinds = {parts_of(tag)[0] for tag in tags}
    return OUTSIDE in kinds and "" not in kinds


def tags_of_types(types, scheme="BIO"):
    """All tags for these types of entities, `"O"` first.

    >>> tags_of_types(["LOC", "PER"])
    ['O', 'B-LOC', 'I-LOC', 'B-PER', 'I-PER']
    """
    prefixes = list(dict.fromkeys("".join(sorted(_letters(scheme), key="BIES".index))))
    return [OUTSIDE, *(f"{prefix}-{label}" for label in types for prefix in prefixes)]


def spans_of_tags(tags):
    """`(label, start, end)` of each entity, in words, `end` not included; in any scheme.

    >>> spans_of_tags(["B-PER", "I-PER", "O", "U-LOC"])
    [('PER', 0, 2), ('LOC', 3, 4)]
    """
    plain = []
    for tag in tags:
        prefix, label = parts_of(tag)
        plain.append(f"{prefix}-{label}" if label else OUTSIDE)
    return [tuple(span) for span in entity_spans(plain)]


def tags_of_spans(spans, length, scheme="BIO"):
    """Tags of `length` words for entities as `spans_of_tags` gives them.

    Raises:
        ValueError: two entities share a word.

    >>> tags_of_spans([("PER", 0, 2)], 3, "BIOES")
    ['B-PER', 'E-PER', 'O']
    """
    single, first, inner, last = _letters(scheme)
    tags = [OUTSIDE] * length
    for label, start, end in spans:
        if any(tag != OUTSIDE for tag in tags[start:end]):
            raise ValueError(
                f"Entities overlap: {label!r}, words {start} to {end}, meets {tags[start:end]}. A "
                "word can be in one entity only."
            )
        letters = single if end - start == 1 else first + inner * (end - start - 2) + last
        tags[start:end] = [f"{letter}-{label}" for letter in letters]
    return tags


def convert_tags(tags, scheme):
    """The same entities in another scheme.

    >>> convert_tags(["I-PER", "I-PER", "B-PER"], "BIO")
    ['B-PER', 'I-PER', 'B-PER']
    """
    return tags_of_spans(spans_of_tags(tags), len(tags), scheme)


def find_tags(sentences):
    """All tags in the data, sorted; of entities `"O"` first, then by type and B, I, E, S."""
    found = sorted({tag for tags in sentences for tag in tags}, key=str)
    if not has_entities([*found, OUTSIDE]):
        return found
    return sorted(found, key=lambda tag: (tag != OUTSIDE, parts_of(tag)[1], _place(tag)))


def _place(tag):
    return "OBIES".index(parts_of(tag)[0])


def _letters(scheme):
    if scheme not in SCHEMES:
        raise unknown_name("scheme", scheme, SCHEMES)
    return SCHEMES[scheme]


def allowed_transitions(tags):
    """Which tag may come first, follow another, and come last, so that entities are whole.

    Args:
        tags: list of all tags.

    Returns:
        `(first (n,), following (n, n), last (n,))`, boolean; `following[i, j]`: `j` after `i`.
        All are true for tags that mark no entities. A tag that the scheme lacks is not asked for:
        with B and I alone an entity may end anywhere.

    >>> first, following, last = allowed_transitions(["O", "B-X", "I-X"])
    >>> following.astype(int).tolist()
    [[1, 1, 0], [1, 1, 1], [1, 1, 1]]
    """
    count, parts = len(tags), [parts_of(tag) for tag in tags]
    if not has_entities(tags):
        return np.ones(count, bool), np.ones((count, count), bool), np.ones(count, bool)
    prefixes = {prefix for prefix, _ in parts}
    opens = {"O", "B", "S"} if "B" in prefixes else {"O", "I", "S", "E"}
    closes = {"O", "E", "S"} if "E" in prefixes else {"O", "B", "I", "S"}
    first = np.array([prefix in opens for prefix, _ in parts])
    last = np.array([prefix in closes for prefix, _ in parts])
    inside = [[a in "BI" and b in "IE" and one == other for b, other in parts] for a, one in parts]
    return first, np.array(inside) | (last[:, None] & first[None, :]), last
