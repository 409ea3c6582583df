"""Parquet files for batch inference, and tasks for them."""

import pyarrow as pa
import pyarrow.parquet as pq

import keras_bert_zoo as kbz
from tests.tiny import sentences, tiny_encoder, tiny_tokenizer

TEXTS = sentences(40)[0]


def write(path, texts=TEXTS, group=10, **columns):
    """A Parquet file of texts, with numbers."""
    table = pa.table({"id": pa.array(range(len(texts))), "text": pa.array(texts), **columns})
    pq.write_table(table, path, row_group_size=group)
    return path


def two_files(folder):
    """A folder with `TEXTS` in two files."""
    folder.mkdir()
    write(folder / "a.parquet", TEXTS[:25])
    write(folder / "b.parquet", TEXTS[25:])
    return folder


def preprocessor(length=32, **options):
    return kbz.Preprocessor(tiny_tokenizer(), length, **options)


def embedder():
    return kbz.TextEmbedder(tiny_encoder(), preprocessor(), prompts={"query": "a "}, seed=1)


def tagger():
    return kbz.TokenClassifier(tiny_encoder(), preprocessor(), entity_types=["PER", "LOC"], seed=1)


def scorer():
    return kbz.PairScorer(tiny_encoder(), preprocessor(), labels=["no", "yes"], seed=1)


def read(folder):
    """All shards as one table."""
    return pa.concat_tables([pq.read_table(path) for path in sorted(folder.glob("shard-*"))])


def files(folder):
    """Name -> content of all that is in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
