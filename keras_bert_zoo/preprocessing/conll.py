"""CoNLL files: a word and its tag on each line, sentences apart by an empty line."""

import re
from pathlib import Path

from .tags import parts_of


def read_conll(path, word_column=None, tag_column=None):
    """`(sentences, tags)`: a list of lists of words, and one of their tags.

    Columns are separated by tabs, or by spaces where a line has no tab. Lines that begin with `# `
    and `-DOCSTART-` are left out.

    Args:
        path: the file, in UTF-8.
        word_column: number of the words' column, from 0; the first, or the second where the first
            numbers the words of each sentence.
        tag_column: number of the tags' column; negative ones count from the end. If not given, the
            last column that holds tags of entities (`O`, `B-...`), or else the last.

    Raises:
        ValueError: no sentence in it, or a line without one of the columns, and its number.

    >>> sentences, tags = read_conll("train.conll")
    >>> sentences[0], tags[0]
    (['Ada', 'lives'], ['B-PER', 'O'])
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a text in UTF-8: {error}.") from None
    groups = [[]]
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r")
        if not line.strip():
            groups.append([])
        elif not line.startswith(("# ", "-DOCSTART-")):
            # A word may be a no-break space, which is no separator.
            cells = line.split("\t") if "\t" in line else re.split(" +", line.strip(" "))
            if not _is_part(cells[0]):
                groups[-1].append((number, cells))
    groups = [group for group in groups if group]
    if not groups:
        raise ValueError(f"{path} holds no sentence: a word and its tag on each line.")
    if word_column is None:
        word_column = int(_are_numbered(groups))
    if tag_column is None:
        tag_column = _find_tags(groups, word_column)
    sentences = [[_cell(path, line, word_column) for line in group] for group in groups]
    return sentences, [[_cell(path, line, tag_column) for line in group] for group in groups]


def _is_part(cell):
    """Whether a line of CoNLL-U is about a contraction or a gap, rather than a word."""
    return bool(re.fullmatch(r"\d+[-.]\d+", cell))


def _are_numbered(groups):
    """Whether the first column counts the words of every sentence."""
    return all(
        [cells[0] for _, cells in group] == [str(n + 1) for n in range(len(group))]
        and all(len(cells) > 2 for _, cells in group)
        for group in groups
    )


def _find_tags(groups, word_column):
    width = min(len(cells) for group in groups for _, cells in group)
    for column in range(width - 1, word_column, -1):
        tags = {cells[column] for group in groups for _, cells in group}
        if tags != {"O"} and all(parts_of(tag)[0] for tag in tags):
            return column
    return -1


def _cell(path, line, column):
    number, cells = line
    if not -len(cells) <= column < len(cells) or len(cells) < 2:
        raise ValueError(
            f"{path}, line {number}: {len(cells)} column{'s' * (len(cells) != 1)} ({cells!r:.60}). "
            f"A word and its tag are needed; column {column} was asked for."
        )
    return cells[column]
