"""Small texts to build corpora from."""

import gzip
import json
import lzma

from keras_bert_zoo.pretraining import build_corpus
from tests.tiny import sentences, tiny_tokenizer


def documents(count, seed=0):
    """A list of documents, each a list of paragraphs of one to four sentences."""
    texts, found, place = sentences(count * 12, seed)[0], [], 0
    for number in range(count):
        paragraphs = []
        for paragraph in range(1 + (number + seed) % 3):
            size = 1 + (number * 7 + paragraph) % 4
            own = [text.capitalize() + "." for text in texts[place : place + size]]
            paragraphs.append(" ".join(own))
            place += size
        found.append(paragraphs)
    return found


def write_text(path, docs, newline="\n"):
    text = f"{newline}{newline}".join(newline.join(doc) for doc in docs) + newline
    opened = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    with opened(path, "wb") as stream:
        stream.write(text.encode())
    return path


def write_jsonl(path, docs, column="text"):
    rows = (json.dumps({column: "\n".join(doc), "id": i}) + "\n" for i, doc in enumerate(docs))
    path.write_text("".join(rows))
    return path


def write_parquet(path, docs, column="text", rows=7):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"id": range(len(docs)), column: ["\n".join(doc) for doc in docs]})
    pq.write_table(table, path, row_group_size=rows)
    return path


def tiny_corpus(folder, count=60, **options):
    """A corpus of `count` documents, in a folder inside of this one."""
    write_text(folder / "books.txt", documents(count))
    options = {"length": 32, "shard_size": 1500, "workers": 1, **options}
    return build_corpus(folder / "books.txt", tiny_tokenizer(), folder / "corpus", **options)


def shards(folder):
    """Name and bytes of each shard of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("shard-*"))}


def rows(corpus):
    """All that is in a corpus, as lists."""
    found = corpus.read(range(len(corpus)))
    return [
        (one.token_ids.tolist(), one.starts_word.tolist(), one.lengths, one.document)
        for one in found
    ]
