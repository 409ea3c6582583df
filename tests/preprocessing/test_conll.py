"""CoNLL files as people write them."""

import pytest

from keras_bert_zoo.preprocessing.conll import read_conll
from tests.paths import data_path

pytestmark = pytest.mark.any_backend


def read(tmp_path, text, **options):
    path = tmp_path / "a.conll"
    path.write_text(text, encoding="utf-8", newline="")
    return read_conll(path, **options)


PLAIN = ([["Ada", "lives"], ["Rome"]], [["B-PER", "O"], ["B-LOC"]])


@pytest.mark.parametrize(
    "text",
    [
        "Ada\tB-PER\nlives\tO\n\nRome\tB-LOC\n",
        "Ada\tB-PER\r\nlives\tO\r\n\r\n\r\nRome\tB-LOC",
        "\ufeffAda\tB-PER\nlives\tO\n\nRome\tB-LOC\n",
        "-DOCSTART- -X- O\n\nAda NNP B-NP B-PER\nlives VBZ B-VP O\n\nRome NNP B-NP B-LOC\n",
        "# text = Ada\n1\tAda\tB-PER\t-\tann\n2\tlives\tO\t-\tann\n\n1\tRome\tB-LOC\t-\tann\n",
        "1\tAda\tB-PER\n1-2\tx\tO\n2\tlives\tO\n\n1\tRome\tB-LOC\n",
    ],
    ids=["tabs", "windows", "mark", "conll2003", "numbered", "contraction"],
)
def test_forms(text, tmp_path):
    assert read(tmp_path, text) == PLAIN


def test_columns_by_number(tmp_path):
    text = "Ada NNP B-PER\nlives VBZ O\n\nRome NNP B-LOC\n"
    assert read(tmp_path, text, tag_column=1)[1] == [["NNP", "VBZ"], ["NNP"]]
    assert read(tmp_path, text, word_column=1, tag_column=-1)[0] == [["NNP", "VBZ"], ["NNP"]]


def test_parts_of_speech_are_the_last_column(tmp_path):
    assert read(tmp_path, "Ada NOUN\nlives VERB\n")[1] == [["NOUN", "VERB"]]


def test_a_word_may_be_a_hash(tmp_path):
    assert read(tmp_path, "#\tO\n#kbz\tB-X\n")[0] == [["#", "#kbz"]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no sentence"),
        ("Ada\n", "line 1: 1 column"),
        ("Ada\tO\n\nlives\n", "line 3: 1 column"),
    ],
)
def test_mistakes_are_named(text, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        read(tmp_path, text)


@pytest.mark.real
@pytest.mark.parametrize(
    ("file", "count"),
    [
        ("wnut17/wnut17train.conll", 3394),
        ("wnut17/emerging.dev.conll", 1009),
        ("wnut17/emerging.test.annotated", 1287),
        ("uner/English-EWT/en_ewt-ud-dev.iob2", 2001),
        ("uner/Portuguese-Bosque/pt_bosque-ud-train.iob2", 7018),
    ],
)
def test_real_files(file, count):
    path = data_path("tasks", *file.split("/"))
    sentences, tags = read_conll(path)
    assert len(sentences) == count
    assert all(len(words) == len(row) for words, row in zip(sentences, tags))
    assert {tag[:2] for row in tags for tag in row} == {"O", "B-", "I-"}
