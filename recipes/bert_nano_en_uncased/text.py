"""The text that bert_nano_en_uncased learns from, as it is read by `build_corpus`.

Books (a paragraph a line, blank lines between chapters) stay as they are. WikiText and WikiSplit
are written with their words taken apart, which is undone. Some of each is held out.
"""

import re
import shutil
import tarfile
from pathlib import Path

# A novel, a history and an essay; by their numbers at Project Gutenberg.
HELD_OUT_BOOKS = ("00045", "35461", "00113")
SPLITS = ("tune", "validation", "test")
QUOTES = (("``", '"'), ("''", '"'))


def joined(line):
    """A line of words taken apart as text: `It 's 3 @,@ 000 .` becomes `It's 3,000.`"""
    for old, new in QUOTES:
        line = line.replace(old, new)
    line = re.sub(r" @(.)@ ", r"\1", line)
    line = re.sub(r" ([.,;:!?%)\]])", r"\1", line)
    line = re.sub(r"([(\[$]) ", r"\1", line)
    line = re.sub(r" ('(?:s|t|m|d|re|ve|ll)\b|n't\b)", r"\1", line)
    line = re.sub(r'" ([^"]*?) "', r'"\1"', line)
    return re.sub(r"\s+", " ", line).strip()


def wikitext(path):
    """Documents of a file of WikiText: lists of paragraphs, those with unknown words left out."""
    documents, paragraphs = [], []
    for line in Path(path).read_text("utf-8").splitlines():
        if re.fullmatch(r" = [^=].* = ", line + " ") or re.fullmatch(r" = [^=]+ =\s*", line):
            documents.append(paragraphs := [])
        elif line.strip() and not line.strip().startswith("="):
            paragraphs.append(joined(line.replace("<unk>", "")))
    return [paragraphs for paragraphs in documents if paragraphs]


def wiki_split(path):
    """Sentences of a file of WikiSplit, each a document."""
    rows = Path(path).read_text("utf-8").splitlines()
    return [[joined(row.split("\t")[0])] for row in rows if row.strip()]


def write_documents(path, documents):
    path.write_text("\n\n".join("\n".join(paragraphs) for paragraphs in documents), "utf-8")


def prepare(source, folder):
    """Writes `train/*.txt` and `held_out/*.txt`.

    Args:
        source: folder with `books.tar.xz`, `wikitext2` and `wiki-split`.
        folder: where to; what is there is not made again.
    """
    if folder.exists():
        return
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    train, held_out = part / "train", part / "held_out"
    for one in (train, held_out):
        one.mkdir(parents=True)
    with tarfile.open(source / "books.tar.xz") as archive:
        archive.extractall(part, filter="data")
    for path in sorted((part / "books").glob("*.txt")):
        path.rename((held_out if path.name.startswith(HELD_OUT_BOOKS) else train) / path.name)
    (part / "books").rmdir()
    write_documents(train / "wikitext.txt", wikitext(source / "wikitext2/valid.txt"))
    write_documents(held_out / "wikitext.txt", wikitext(source / "wikitext2/test.txt"))
    split = {name: wiki_split(source / f"wiki-split/{name}.tsv") for name in SPLITS}
    write_documents(train / "wiki_split.txt", [*split["tune"], *split["validation"]])
    write_documents(held_out / "wiki_split.txt", split["test"])
    part.rename(folder)
