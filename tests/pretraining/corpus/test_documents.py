"""Documents of files of every kind, and files cut between documents."""

import json

import pytest

from keras_bert_zoo.pretraining.corpus import documents as reading
from keras_bert_zoo.pretraining.corpus import plan as planning
from keras_bert_zoo.pretraining.corpus.documents import documents
from keras_bert_zoo.pretraining.corpus.files import find_files, input_file
from keras_bert_zoo.pretraining.corpus.plan import plan, sizes
from tests.pretraining.corpus.texts import documents as made
from tests.pretraining.corpus.texts import write_jsonl, write_parquet, write_text

pytestmark = pytest.mark.any_backend
DOCS = made(40)
WRITERS = {
    "a.txt": write_text,
    "a.txt.gz": write_text,
    "a.txt.xz": write_text,
    "a.jsonl": write_jsonl,
    "a.parquet": write_parquet,
}


def read(file, start=0, stop=None, column="text"):
    stop = sizes([file], column)[0][0] if stop is None else stop
    return list(documents(file, start, stop, column))


@pytest.mark.parametrize("name", WRITERS)
def test_every_kind(name, tmp_path):
    file = input_file(WRITERS[name](tmp_path / name, DOCS))
    found = read(file)
    assert [paragraphs for _, paragraphs, _ in found] == DOCS
    places = [place for place, _, _ in found]
    assert places == sorted(set(places))
    assert found[-1][2] == sizes([file], "text")[0][0]


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("shard_size", [50, 333, 1500, 10**6])
def test_files_are_cut_between_documents(name, shard_size, tmp_path):
    other = tmp_path / "b.txt"
    files = [input_file(WRITERS[name](tmp_path / name, DOCS)), input_file(write_text(other, DOCS))]
    shards = plan(files, sizes(files, "text"), shard_size)
    found = [
        paragraphs
        for stretches in shards
        for part in stretches
        for _, paragraphs, _ in read(files[part.file], part.start, part.stop)
    ]
    assert found == DOCS + DOCS
    if shard_size == 1500 and name != "a.parquet":  # whose size is that of packed columns
        assert 3 <= len(shards) <= 12


def test_windows_lines_blank_runs_and_marks(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\n two \r\n\r\n \t\r\n\r\nthree\r\n\r\n")
    assert [paragraphs for _, paragraphs, _ in read(input_file(path))] == [
        ["one", "two"],
        ["three"],
    ]


def test_a_long_document_counts_as_several(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "LONGEST_DOCUMENT", 100)
    monkeypatch.setattr(planning, "LONGEST_DOCUMENT", 100)
    lines = [f"Line {i}." for i in range(200)]
    file = input_file(write_text(tmp_path / "a.txt", [lines]))
    found = read(file)
    assert [line for _, paragraphs, _ in found for line in paragraphs] == lines
    assert len(found) > 15
    shards = plan([file], sizes([file], "text"), 300)
    assert len(shards) > 3
    parts = [read(file, part.start, part.stop) for (part,) in shards]
    assert [line for part in parts for _, lines_, _ in part for line in lines_] == lines


def test_half_characters_of_json(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a \\ud800 b"}\n\n{"text": " "}\n')
    assert [paragraphs for _, paragraphs, _ in read(input_file(path))] == [["a \ufffd b"]]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"good\nb\xff\n", r"byte 6 is not UTF-8.*iconv"),
        ("a.jsonl", b'{"text": "a"}\n{text\n', r"byte 14 is no JSON"),
        ("a.jsonl", b'{"body": "a"}\n', r"has \['body'\]; expected 'text'.*text_column"),
        ("a.jsonl", b"[1]\n", r"is no object"),
        ("a.jsonl", b'{"text": 3}\n', r"is 3, no text"),
    ],
)
def test_what_cannot_be_read(name, content, message, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read(input_file(path))


def test_a_line_that_is_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "LONGEST_LINE", 1000)
    path = tmp_path / "a.txt"
    path.write_text("x" * 5000)
    with pytest.raises(ValueError, match="longer than"):
        read(input_file(path))


def test_a_table_without_the_column(tmp_path):
    file = input_file(write_parquet(tmp_path / "a.parquet", DOCS, "body"))
    with pytest.raises(ValueError, match=r"expected 'text'.*text_column"):
        sizes([file], "text")
    assert [paragraphs for _, paragraphs, _ in read(file, column="body")] == DOCS


def test_finding_files(tmp_path):
    for name in ("b.txt", "a.jsonl", "notes.md", "c.txt.gz"):
        (tmp_path / name).write_text(json.dumps({}))
    names = [file.path.split("/")[-1] for file in find_files(tmp_path)]
    assert names == ["a.jsonl", "b.txt", "c.txt.gz"]
    both = find_files([str(tmp_path / "*.txt"), tmp_path / "b.txt"])
    assert [file.path for file in both] == [str(tmp_path / "b.txt")]
    with pytest.raises(ValueError, match=r"notes.md: what kind of file is it\? Accepted: txt"):
        find_files(tmp_path / "notes.md")
    with pytest.raises(FileNotFoundError, match="no such file"):
        find_files(tmp_path / "*.csv")
    with pytest.raises(ValueError, match="no input"):
        find_files([])
