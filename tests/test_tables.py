"""Files in, columns out; and what is said of files that are not as they should be."""

import json
import sys

import pytest

from keras_bert_zoo.tables import Table, pick_columns, read_chunks, read_lines, read_table

pytestmark = pytest.mark.any_backend


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(name, content):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    return write


def failure(path, kind=ValueError):
    with pytest.raises(kind) as caught:
        read_table(path)
    return str(caught.value)


ROWS = {"text": ["Good, very.", 'He said "no"\nand left.'], "label": ["a", "b"]}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", 'text,label\n"Good, very.",a\n"He said ""no""\nand left.",b\n'),
        ("bom.csv", b'\xef\xbb\xbftext,label\r\n"Good, very.",a\r\n"He said ""no""\nand left.",b'),
        ("blank.csv", '\n text , label\n\n"Good, very.",a\n\n"He said ""no""\nand left.",b\n\n'),
        ("a.TSV", 'text\tlabel\nGood, very.\ta\n"He said ""no""\nand left."\tb\n'),
        ("a.jsonl", "".join(json.dumps(dict(zip(ROWS, r))) + "\n\n" for r in zip(*ROWS.values()))),
        ("a.ndjson", "".join(json.dumps(dict(zip(ROWS, r))) + "\n" for r in zip(*ROWS.values()))),
        ("a.json", json.dumps([dict(zip(ROWS, row)) for row in zip(*ROWS.values())])),
    ],
)
def test_every_format_gives_the_same(write, name, content):
    assert read_table(write(name, content)) == ROWS


def test_places_are_the_lines_where_rows_begin(write):
    table = read_table(write("a.csv", 'text,label\n"one\ntwo",a\n\nthree,b\n'))
    assert table.places == ["line 2", "line 5"]
    assert table.place(1) == "a.csv, line 5"
    assert table.num_rows == 2


def test_cells_are_strings_and_json_keeps_its_types(write):
    assert read_table(write("a.csv", "text,label\nx,0\n,1\n")) == {
        "text": ["x", ""],
        "label": ["0", "1"],
    }
    assert read_table(
        write("a.jsonl", '{"text": "x", "label": 1}\n{"text": null, "n": [2]}\n')
    ) == {
        "text": ["x", None],
        "label": [1, None],
        "n": [None, [2]],
    }


def test_every_line_of_a_txt_is_a_text(write):
    assert read_table(write("a.txt", "one\r\n\nthree\u2028still three\n")) == {
        "text": ["one", "", "three\u2028still three"]
    }
    assert read_table(write("none.txt", "")) == {"text": []}


def test_bare_quotes_in_tsv(write):
    """GLUE's files are not quoted, and hold quotation marks all the same."""
    content = 'text\tlabel\n"odd\t1\n"a" b\t0\n'
    assert read_table(write("a.tsv", content))["text"] == ['"odd', '"a" b']


def test_long_cells(write):
    assert len(read_table(write("a.csv", "text\n" + "x" * 200_000))["text"][0]) == 200_000


def test_nameless_columns_get_a_number(write):
    assert list(read_table(write("a.csv", ",text,\n0,x,\n"))) == ["column_1", "text", "column_3"]


def test_chunks(write):
    write("a.jsonl", '{"text": "1"}\n{"text": "2"}\n{"more": 3}\n')
    chunks = list(read_chunks("a.jsonl", 2))
    assert chunks == [{"text": ["1", "2"]}, {"more": [3]}]
    assert chunks[1].places == ["line 3"]
    write("b.csv", "text\n1\n2\n")
    assert [chunk["text"] for chunk in read_chunks("b.csv", 2)] == [["1", "2"]]
    write("c.csv", "text,label\n")
    assert list(read_chunks("c.csv", 2)) == [{"text": [], "label": []}]


def test_lines_of_a_stream(write):
    with open(write("a", "one\n\nthree"), "rb") as stream:
        tables = list(read_lines(stream, "standard input", 2))
    assert [table["text"] for table in tables] == [["one", ""], ["three"]]


def test_parquet(write):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns = {"text": ["x", None], "label": [1, 0]}
    parquet.write_table(pyarrow.table(columns), "a.parquet")
    table = read_table("a.parquet")
    assert (table, table.places) == (columns, ["row 1", "row 2"])
    assert "cannot be read as Parquet" in failure(write("bad.parquet", "text"))


def test_parquet_without_pyarrow(write, monkeypatch):
    for module in ("pyarrow", "pyarrow.parquet", "pandas"):
        monkeypatch.setitem(sys.modules, module, None)
    assert "pip install pyarrow" in failure(write("a.parquet", "PAR1"), ImportError)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "a.csv is empty: its first line must name the columns."),
        ("a.csv", "\n\n", "a.csv is empty"),
        ("a.csv", "text,label,text\nx,y,z\n", "the header names 'text' more than once"),
        ("a.csv", "text,label\na,b\nx, y,b\n", "a.csv, line 3: 3 cells, but the header names 2"),
        ("a.csv", "text,label\na\n", "a.csv, line 2: 1 cells"),
        ("a.csv", 'text,label\na,b\n"x,b\ny,b\n', "a.csv, line 3: the quotation marks"),
        ("a.csv", 'text,label\n"x" y,b\n', "a.csv, line 2: the quotation marks"),
        ("a.csv", b"text,label\ncaf\xe9,b\n", "a.csv, line 2: byte 0xe9 is not UTF-8"),
        ("a.csv", "text,label\n".encode("utf-16"), "iconv -f utf-16"),
        ("a.tsv", "text\tlabel\na\n", "a.tsv, line 2: 1 cells"),
        ("a.txt", b"x\n\xff\n", "a.txt, line 2: byte 0xff"),
        ("a.jsonl", '{"text": "x"}\n{"text"', "a.jsonl, line 2: not valid JSON"),
        ("a.jsonl", '["x"]', "a.jsonl, line 1: must be an object"),
        ("a.json", '{"text": "x"}', "It must be a list of objects"),
        ("a.json", '[{"text": "x"}, 3]', "a.json, item 2: must be an object"),
        ("a.json", '{"text": "x"}\n{"text": "y"}', "name it .jsonl"),
        ("a.xlsx", "", "Accepted: .csv, .tsv"),
        ("a", "", "Accepted: .csv, .tsv"),
    ],
)
def test_what_is_wrong_with_a_file(write, name, content, message):
    assert message in failure(write(name, content))


def test_no_such_file(write):
    write("train.csv", "text\n")
    assert "There is no file 'trian.csv'. Did you mean 'train.csv'?" in failure(
        "trian.csv", OSError
    )
    assert "There is no file" in failure("nowhere/train.csv", FileNotFoundError)


def test_a_folder_is_no_file(write, tmp_path):
    (tmp_path / "a.csv").mkdir()
    assert "a.csv is a folder" in failure("a.csv", IsADirectoryError)


# -------------------------------------------------------------------------------------- columns


@pytest.mark.parametrize(
    ("columns", "texts", "label"),
    [
        (["text", "label"], ["text"], "label"),
        (["id", "Sentence", "Sentiment"], ["Sentence"], "Sentiment"),
        (["idx", "sentence1", "sentence2", "label"], ["sentence1", "sentence2"], "label"),
        (["label", "premise", "hypothesis"], ["premise", "hypothesis"], "label"),
        (["question1", "question2", "target"], ["question1", "question2"], "target"),
        (["text_a", "text_b", "score"], ["text_a", "text_b"], "score"),
        (["utterance", "category"], ["utterance"], "category"),
        (["index_id", "category", "text"], ["text"], "category"),
    ],
)
def test_usual_columns(columns, texts, label):
    assert pick_columns({name: [] for name in columns}) == (texts, label)


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        ("a", ["a"]),
        (["a", "b"], ["a", "b"]),
        (["a,b"], ["a", "b"]),
        ("a, b", ["a", "b"]),
        ("c,d", ["c,d"]),
    ],
)
def test_named_columns(given, texts):
    table = {name: [] for name in ("a", "b", "c,d", "y")}
    assert pick_columns(table, given, "y") == (texts, "y")


def test_columns_without_labels():
    assert pick_columns({"text": [], "n": []}, labelled=False) == (["text"], None)
    assert pick_columns({"words": []}, labelled=False) == (["words"], None)
    assert pick_columns({"words": [], "label": []}, labelled=False) == (["words"], None)


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        (["text", "label"], {"text_columns": "txt"}, "no column 'txt'. Did you mean 'text'? a.csv"),
        (["text", "label"], {"label_column": "lable"}, "Did you mean 'label'? a.csv has the col"),
        (["text", "label"], {"text_columns": ["text,text"]}, "Name one text column, or two"),
        (["a", "b", "c", "label"], {"text_columns": "a,b,c"}, "Name one text column, or two"),
        (["a", "b", "label"], {}, "Which column holds the texts? a.csv has the columns: 'a', 'b'"),
        (["text", "y"], {}, "Which column holds the labels? a.csv has the columns: 'text', 'y'"),
        (["text;label"], {}, "seem to be separated by ';'"),
    ],
)
def test_columns_that_are_not_clear(columns, options, message):
    with pytest.raises(ValueError) as caught:
        pick_columns(Table({name: [] for name in columns}, "a.csv", []), **options)
    assert message in str(caught.value)
