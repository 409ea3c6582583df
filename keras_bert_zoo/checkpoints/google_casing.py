"""Whether the text of one of Google's models is to be lower-cased: they keep it in no file."""

import re
from pathlib import Path


def infer_lowercase(vocabulary, folder_name):
    """`(whether text is to be lower-cased, why)`.

    A vocabulary with capital letters says it surely. Without them the name of the folder may, as in
    `validate_case_matches_checkpoint` of Google's tokenization.py, by which
    `chinese_L-12_H-768_A-12`, whose vocabulary has no capitals, is lower-cased too.

    Args:
        vocabulary: path to a vocab.txt.
        folder_name: for example `multi_cased_L-12_H-768_A-12`.
    """
    name = Path(vocabulary).name
    for line in Path(vocabulary).read_text("utf-8", errors="replace").split("\n"):
        # [CLS], [unused1] and the Chinese <S> say nothing.
        if re.search("[A-Z]", line) and not re.fullmatch(r"\s*(\[.*\]|<.*>)\s*", line):
            return False, f"{name} has the piece {line.strip()!r}"
    if re.search(r"(?<!un)cased", folder_name.lower()):
        return False, f"the folder is called {folder_name}"
    return True, f"{name} has no capital letters"
