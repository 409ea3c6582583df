"""Shards are a function of the input, the settings and the tokenizer, however they are built."""

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from keras_bert_zoo.pretraining import Corpus, build_corpus
from keras_bert_zoo.pretraining.corpus.build import prepared, tasks_of
from keras_bert_zoo.pretraining.corpus.engines import run
from keras_bert_zoo.pretraining.corpus.files import find_files
from keras_bert_zoo.pretraining.corpus.progress import Progress
from keras_bert_zoo.pretraining.corpus.settings import Settings
from tests.paths import ROOT
from tests.pretraining.corpus.texts import (
    documents,
    rows,
    shards,
    tiny_corpus,
    write_jsonl,
    write_parquet,
    write_text,
)
from tests.tiny import tiny_tokenizer

pytestmark = pytest.mark.any_backend


def tokens(docs, tokenizer):
    """The ids of each document."""
    return [tokenizer.ids_batch([" ".join(doc)])[0] for doc in docs]


def test_pairs_are_stretches_of_their_documents(tmp_path):
    corpus, docs = tiny_corpus(tmp_path), tokens(documents(60), tiny_tokenizer())
    found, pairs = "|".join("".join(f"{i}," for i in doc) for doc in docs), 0
    for ids, starts, lengths, _ in rows(corpus):
        assert len(ids) == len(starts) == sum(lengths) <= 32 - 3
        assert starts[0]
        assert starts[lengths[0]]
        parts = ids[: lengths[0]], ids[lengths[0] :]
        a, b = ("".join(f"{i}," for i in part) for part in parts)
        assert a in found
        assert b in found
        pairs += a + b in found
    assert pairs > len(corpus) // 2  # the others have been cut where A and B meet
    assert corpus.manifest["documents"] == 60
    total = sum(map(len, docs))
    assert total * 0.75 < corpus.manifest["tokens"] <= total - corpus.manifest["left_out"]


def test_sentences_of_one_document_lose_nothing(tmp_path):
    corpus = tiny_corpus(tmp_path, packing="doc_sentences")
    docs = tokens(documents(60), tiny_tokenizer())
    assert [i for ids, *_ in rows(corpus) for i in ids] == [i for doc in docs for i in doc]
    assert all(len(lengths) == 1 and lengths[0] <= 30 for *_, lengths, _ in rows(corpus))


def test_sentences_of_all_documents_have_a_separator_between(tmp_path):
    corpus = tiny_corpus(tmp_path, packing="full_sentences", shard_size="1MB")
    sep, docs = tiny_tokenizer().sep_id, tokens(documents(60), tiny_tokenizer())
    found = [ids for ids, *_ in rows(corpus)]
    assert [i for ids in found for i in ids if i != sep] == [i for doc in docs for i in doc]
    assert not any(ids[0] == sep or ids[-1] == sep for ids in found)
    assert any(sep in ids for ids in found)
    ends = np.cumsum([len(ids) for ids in found])
    assert ends[-1] / len(found) > 0.8 * 30  # rows are full


def test_the_document_says_where_it_is_in_the_input(tmp_path):
    corpus = tiny_corpus(tmp_path, packing="doc_sentences", shard_size="1MB")
    text = (tmp_path / "books.txt").read_bytes()
    for ids, _, _, place in rows(corpus):
        document = text[place:].split(b"\n\n")[0].decode()
        own = tiny_tokenizer().ids_batch([document])[0]
        assert place == 0 or text[place - 2 : place] == b"\n\n"
        assert any(own[i : i + len(ids)] == ids for i in range(len(own)))


def test_processes_write_the_same_bytes(tmp_path):
    one = tiny_corpus(tmp_path)
    two = build_corpus(
        tmp_path / "books.txt",
        tiny_tokenizer(),
        tmp_path / "two",
        length=32,
        shard_size=1500,
        workers=2,
    )
    assert len(shards(one.folder)) > 2
    assert shards(one.folder) == shards(two.folder)
    assert one.checksum == two.checksum
    assert one.manifest == two.manifest


def test_pairs_do_not_depend_on_the_number_of_shards(tmp_path):
    one = tiny_corpus(tmp_path, short_seq_prob=0.5)
    options = {"length": 32, "short_seq_prob": 0.5, "workers": 1}
    two = build_corpus(tmp_path / "books.txt", tiny_tokenizer(), tmp_path / "two", **options)
    assert len(one.manifest["shards"]) > len(two.manifest["shards"]) == 1
    assert rows(one) == rows(two)


def test_every_kind_of_input_gives_the_same_tokens(tmp_path):
    docs, found = documents(30), []
    writers = {"a.txt": write_text, "a.txt.gz": write_text, "a.txt.xz": write_text}
    writers |= {"a.jsonl": write_jsonl, "a.parquet": write_parquet}
    for name, write in writers.items():
        options = {"packing": "doc_sentences", "length": 32, "workers": 1}
        path = write(tmp_path / name, docs)
        corpus = build_corpus(path, tiny_tokenizer(), tmp_path / f"{name}-corpus", **options)
        found.append([row[:3] for row in rows(corpus)])
    assert all(one == found[0] for one in found)


def test_copies_are_packed_otherwise(tmp_path):
    corpus = tiny_corpus(tmp_path, dupe_factor=2, shard_size="1MB", short_seq_prob=0.5)
    names = sorted(shards(corpus.folder))
    assert names == ["shard-00000-of-00002.parquet", "shard-00001-of-00002.parquet"]
    first = corpus.manifest["shards"][0]["rows"]
    found = rows(corpus)
    assert found[:first] != found[first:]
    assert corpus.manifest["documents"] == 120


def test_a_corpus_that_is_there_is_left(tmp_path):
    corpus = tiny_corpus(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in corpus.folder.glob("*.*")}
    tiny_corpus(tmp_path)
    assert before == {path: path.stat().st_mtime_ns for path in corpus.folder.glob("*.*")}


@pytest.mark.parametrize("damage", ["none", "half"])
def test_only_what_is_missing_is_written(damage, tmp_path):
    corpus = tiny_corpus(tmp_path)
    expected, manifest = shards(corpus.folder), corpus.manifest
    names = sorted(expected)
    unfinished = {**manifest, "finished": False}
    (corpus.folder / "corpus.json").write_text(json.dumps(unfinished))
    if damage == "half":
        (corpus.folder / names[1]).write_bytes(expected[names[1]][:100])
    else:
        (corpus.folder / names[1]).unlink()
    (corpus.folder / f"{names[1]}.77.tmp").write_bytes(b"what a killed build left behind")
    kept = (corpus.folder / names[0]).stat().st_mtime_ns
    again = tiny_corpus(tmp_path)
    assert shards(again.folder) == expected
    assert (corpus.folder / names[0]).stat().st_mtime_ns == kept
    assert again.manifest == manifest
    assert not list(again.folder.glob("*.tmp"))


WRITE = """
import pickle, sys
from keras_bert_zoo.pretraining.corpus.build import written
written(pickle.load(open(sys.argv[1], "rb")), "local", 2, False)
"""


def test_killed_and_begun_again(tmp_path):
    """kill -9 in the middle, twice: the shards are those of a build that was left alone."""
    write_text(tmp_path / "books.txt", documents(2500))
    options, killed = {"length": 64, "shard_size": "40kB"}, tmp_path / "killed"
    files = find_files(tmp_path / "books.txt")
    manifest = prepared(files, tiny_tokenizer(), killed, Settings(**options))
    (tmp_path / "tasks").write_bytes(pickle.dumps(tasks_of(manifest, files, killed)))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for wanted in (1, 3):
        command = [sys.executable, "-c", WRITE, str(tmp_path / "tasks")]
        build = subprocess.Popen(command, env=environment)
        while build.poll() is None and len(list(killed.glob("shard*.parquet"))) < wanted:
            time.sleep(0.002)
        build.kill()  # it alone: the processes that it started must notice
        assert build.wait() == -signal.SIGKILL
    with pytest.raises(ValueError, match=r"not finished: \d+ of \d+ shards"):
        Corpus(killed)
    for folder, workers in ((killed, 2), (tmp_path / "alone", 1)):
        build_corpus(tmp_path / "books.txt", tiny_tokenizer(), folder, workers=workers, **options)
    assert len(shards(killed)) > 8
    assert shards(killed) == shards(tmp_path / "alone")
    assert Corpus(killed).manifest == Corpus(tmp_path / "alone").manifest


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"length": 48}, "length: 32, now 48"),
        ({"packing": "doc_sentences"}, "packing: 'segment_pairs', now 'doc_sentences'"),
        ({"seed": 3}, "seed: 0, now 3"),
        ({"count": 50}, "other input files"),
    ],
)
def test_another_corpus_is_refused_by_name(changes, message, tmp_path):
    tiny_corpus(tmp_path)
    with pytest.raises(ValueError, match=f"{message}.*Name a new folder"):
        tiny_corpus(tmp_path, **changes)


def test_a_tokenizer_is_the_same_as_its_folder(tmp_path):
    tiny_tokenizer().save(tmp_path / "tokenizer")
    corpus = tiny_corpus(tmp_path)
    options = {"length": 32, "shard_size": 1500, "workers": 1}
    path = tmp_path / "books.txt"
    again = build_corpus(path, tmp_path / "tokenizer", tmp_path / "again", **options)
    assert again.manifest == corpus.manifest
    names = [sorted(p.name for p in c.folder.rglob("*")) for c in (corpus, again)]
    assert names[0] == names[1]


def test_another_tokenizer_or_text_is_refused(tmp_path):
    tiny_corpus(tmp_path)
    options = {"length": 32, "shard_size": 1500, "workers": 1}
    path, folder = tmp_path / "books.txt", tmp_path / "corpus"
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens(["x-ray"])
    with pytest.raises(ValueError, match="another tokenizer"):
        build_corpus(path, tokenizer, folder, **options)
    path.write_text(path.read_text().swapcase())
    with pytest.raises(ValueError, match="input files have changed"):
        build_corpus(path, tiny_tokenizer(), folder, **options)


def test_libraries_of_the_first_half(tmp_path):
    corpus = tiny_corpus(tmp_path)
    old = {**corpus.manifest, "finished": False, "libraries": {"pyarrow": "1", "sentencex": "1"}}
    (corpus.folder / "corpus.json").write_text(json.dumps(old))
    with pytest.raises(ValueError, match="sentencex 1, now "):
        tiny_corpus(tmp_path)


def test_folders_that_hold_something_else(tmp_path):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "thesis.doc").write_text("")
    with pytest.raises(ValueError, match=r"holds 'thesis.doc', and no corpus"):
        tiny_corpus(tmp_path)
    shutil.rmtree(tmp_path / "corpus")
    (tmp_path / "corpus").write_text("")
    with pytest.raises(ValueError, match="is a file"):
        tiny_corpus(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"packing": "pairs"}, "Unknown packing 'pairs'"),
        ({"engine": "spark"}, "Unknown engine 'spark'.*'local', 'ray'"),
        ({"length": 5}, "length must be a whole number of 8"),
        ({"seed": -1}, "seed must be"),
        ({"shard_size": "many"}, "shard_size is bytes"),
        ({"short_seq_prob": 2}, "from 0 to 1"),
        ({"dupe_factor": 0}, "dupe_factor"),
    ],
)
def test_settings_that_are_none(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        tiny_corpus(tmp_path, **options)
    assert not (tmp_path / "corpus").exists()


def test_documents_of_one_sentence_make_no_pairs(tmp_path):
    write_text(tmp_path / "a.txt", [["One sentence."], ["Another."]])
    with pytest.raises(ValueError, match=r"A pair needs two sentences.*doc_sentences"):
        build_corpus(tmp_path / "a.txt", tiny_tokenizer(), tmp_path / "out", workers=1)
    (tmp_path / "b.txt").write_text("\n\n")
    with pytest.raises(ValueError, match="no example"):
        build_corpus(tmp_path / "b.txt", tiny_tokenizer(), tmp_path / "none", workers=1)
    (tmp_path / "c.txt").write_text("")
    with pytest.raises(ValueError, match="no text"):
        build_corpus(tmp_path / "c.txt", tiny_tokenizer(), tmp_path / "none2", workers=1)


@pytest.mark.parametrize("workers", [1, 2])
def test_bad_input_in_a_shard_is_told(workers, tmp_path):
    write_text(tmp_path / "books.txt", documents(60))
    with open(tmp_path / "books.txt", "ab") as stream:
        stream.write(b"\n\nb\xff.")
    with pytest.raises(ValueError, match=r"byte \d+ is not UTF-8"):
        build_corpus(
            tmp_path / "books.txt",
            tiny_tokenizer(),
            tmp_path / "out",
            length=32,
            shard_size=1500,
            workers=workers,
        )
    assert not list((tmp_path / "out").glob("*.tmp"))


def test_a_process_that_dies_is_told(tmp_path, monkeypatch):
    from keras_bert_zoo.pretraining.corpus import engines

    start = engines._process

    def dead():
        process = start()
        os.kill(process.pid, signal.SIGKILL)
        return process

    monkeypatch.setattr(engines, "_process", dead)
    write_text(tmp_path / "books.txt", documents(60))
    options = {"length": 32, "shard_size": 1500, "workers": 2}
    with pytest.raises(RuntimeError, match=r"code -9.*Build again: what is finished stays"):
        build_corpus(tmp_path / "books.txt", tiny_tokenizer(), tmp_path / "out", **options)


def test_what_writes_shards_runs_without_keras():
    """Its import would cost each process seconds, and hundreds of megabytes."""
    imports = "import sys, keras_bert_zoo.pretraining.corpus.worker, keras_bert_zoo.cli.corpus"
    code = f"{imports}; from keras_bert_zoo.pretraining import build_corpus, Corpus"
    code += "; assert 'keras' not in sys.modules"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def test_nothing_to_write():
    assert run("local", [], None, None) == {}


def test_progress_in_a_log(capsys):
    with Progress(100, 3, True) as progress:
        for _ in range(3):
            progress.read(33)
            progress.finished()
    said = capsys.readouterr().err.splitlines()
    assert said == ["1 of 3 shards, 33%", "2 of 3 shards, 66%", "3 of 3 shards, 99%"]


@pytest.mark.slow
def test_ray_writes_the_same_bytes(tmp_path):
    pytest.importorskip("ray.data", reason="the extra corpus-ray is not installed")
    one = tiny_corpus(tmp_path)
    options = {"length": 32, "shard_size": 1500, "engine": "ray"}
    two = build_corpus(tmp_path / "books.txt", tiny_tokenizer(), tmp_path / "two", **options)
    assert shards(one.folder) == shards(two.folder)
    assert one.manifest == two.manifest
