"""Files as GLUE's download has them, its metrics, and the files that its server takes."""

import warnings

import numpy as np
import pytest

from keras_bert_zoo.metrics import TASKS, f1, glue_scores, glue_task, read_glue, write_submission

pytestmark = pytest.mark.any_backend

MNLI = "index promptID pairID genre a b c d sentence1 sentence2".split()
STSB = "index genre filename year old_index source1 source2 sentence1 sentence2".split()
# Task, part: header (none where the file has none), a row, what is read from it.
FILES = {
    ("CoLA", "train"): (None, ["gj04", "0", "*", "So true."], "So true.", "0"),
    ("CoLA", "dev"): (None, ["gj04", "1", "", '"So".'], '"So".', "1"),
    ("CoLA", "test"): (["index", "sentence"], ["0", "So?"], "So?", None),
    ("SST-2", "train"): (["sentence", "label"], ["so 'good ", "1"], "so 'good ", "1"),
    ("SST-2", "dev"): (["sentence", "label"], ["so bad", "0"], "so bad", "0"),
    ("SST-2", "test"): (["index", "sentence"], ["0", "so so"], "so so", None),
    ("MRPC", "train"): (
        ["Quality", "#1 ID", "#2 ID", "#1 String", "#2 String"],
        ["1", "70", "71", 'He said "no.', "He did."],
        ('He said "no.', "He did."),
        "1",
    ),
    ("MRPC", "test"): (
        ["index", "#1 ID", "#2 ID", "#1 String", "#2 String"],
        ["0", "7", "8", "a", "b"],
        ("a", "b"),
        None,
    ),
    ("QQP", "dev"): (
        ["id", "qid1", "qid2", "question1", "question2", "is_duplicate"],
        ["1", "2", "3", "Why?", "How?", "0"],
        ("Why?", "How?"),
        "0",
    ),
    ("QQP", "test"): (["id", "question1", "question2"], ["0", "a", "b"], ("a", "b"), None),
    ("STS-B", "train"): (
        [*STSB, "score"],
        [*"0123456", "a", "b", "3.800"],
        ("a", "b"),
        3.8,
    ),
    ("STS-B", "test"): (STSB, [*"0123456", "a", "b"], ("a", "b"), None),
    ("MNLI", "train"): (
        [*MNLI, "label1", "gold_label"],
        [*"01234567", "a", "b", "neutral", "entailment"],
        ("a", "b"),
        "entailment",
    ),
    ("MNLI", "dev_mismatched"): (
        [*MNLI, *(f"label{i}" for i in range(1, 6)), "gold_label"],
        [*"01234567", "a", "b", *["neutral"] * 5, "contradiction"],
        ("a", "b"),
        "contradiction",
    ),
    ("MNLI", "test_matched"): (MNLI, [*"01234567", "a", "b"], ("a", "b"), None),
    ("QNLI", "dev"): (
        ["index", "question", "sentence", "label"],
        ["0", "Who?", "She.", "not_entailment"],
        ("Who?", "She."),
        "not_entailment",
    ),
    ("RTE", "train"): (
        ["index", "sentence1", "sentence2", "label"],
        ["0", "a", "b", "entailment"],
        ("a", "b"),
        "entailment",
    ),
    ("WNLI", "dev"): (
        ["index", "sentence1", "sentence2", "label"],
        ["0", "a", "b", "1"],
        ("a", "b"),
        "1",
    ),
    ("AX", "test"): (["index", "sentence1", "sentence2"], ["0", "a", "b"], ("a", "b"), None),
}


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes lines of cells as a file of the download, in the folder `glue`."""
    monkeypatch.chdir(tmp_path)

    def write(task, part, *lines, end="\n", bom=""):
        path = tmp_path / "glue" / TASKS[task].folder / TASKS[task].files[part]
        path.parent.mkdir(parents=True, exist_ok=True)
        text = bom + "".join("\t".join(cells) + end for cells in lines)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.mark.parametrize(("end", "bom"), [("\n", ""), ("\r\n", "\ufeff")])
@pytest.mark.parametrize(("task", "part"), FILES)
def test_reads_the_official_columns(write, task, part, end, bom):
    header, row, text, label = FILES[task, part]
    lines = [header, row, row] if header else [row, row]
    write(task, part, *lines, end=end, bom=bom)
    texts, labels = read_glue("glue", task, part)
    expected = ([text[0]] * 2, [text[1]] * 2) if isinstance(text, tuple) else [text] * 2
    assert texts == expected
    assert labels == (None if label is None else [label] * 2)


def test_every_task_and_part_is_tried():
    """Of tasks whose parts look the same, one part is enough."""
    assert {task for task, _ in FILES} == set(TASKS)
    assert sum(len(task.files) for task in TASKS.values()) == 8 * 3 + 5 + 1
    for task in TASKS.values():
        assert set(task.submissions) == {part for part in task.files if part.startswith("test")}
        assert task.problem == ("regression" if task.name == "STS-B" else "single")


def test_rows_that_a_line_end_has_broken_are_left_out_and_told(write):
    header, row, *_ = FILES["QQP", "dev"]
    write("QQP", "dev", header, row, row[:4], row[4:], row)
    with pytest.warns(UserWarning, match="left out 2 lines that are parts of rows, .* line 3"):
        texts, labels = read_glue("glue", "QQP", "dev")
    assert len(labels) == len(texts[0]) == 2
    # No other task has them, and no row of a test part may be left out.
    for task, part in (("RTE", "train"), ("QQP", "test")):
        header, row, *_ = FILES[task, part]
        write(task, part, header, row, row[:-1])
        with pytest.raises(ValueError, match=f"line 3: {len(row) - 1} cells, but {len(row)} col"):
            read_glue("glue", task, part)


def test_other_line_ends_and_empty_last_cells_are_no_fault(write):
    header, row, *_ = FILES["RTE", "train"]
    odd = ["0", "a\u2028b\x85c", "d\x0be", "entailment"]
    write("RTE", "train", header, odd, [*row, ""], [])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        texts, labels = read_glue("glue", "RTE", "train")
    assert texts == ([odd[1], "a"], [odd[2], "b"])
    assert len(labels) == 2


def test_what_is_missing_is_said(write):
    path = write("MNLI", "dev_matched", ["x"])
    with pytest.raises(FileNotFoundError, match="glue holds: MNLI. Give the folder.*RTE/dev.tsv"):
        read_glue("glue", "RTE", "dev")
    with pytest.raises(FileNotFoundError, match="MNLI holds: dev_matched.tsv. Give"):
        read_glue("glue", "MNLI", "train")
    with pytest.raises(FileNotFoundError, match=r"There is no file 'glu/RTE/dev.tsv'. \. holds"):
        read_glue("glu", "RTE", "dev")
    with pytest.raises(ValueError, match="part of MNLI 'dev'.*'dev_matched', 'dev_mismatched'"):
        read_glue("glue", "MNLI", "dev")
    with pytest.raises(ValueError, match="Unknown GLUE task 'QNI'. Did you mean 'QNLI'"):
        read_glue("glue", "QNI", "dev")
    with pytest.raises(ValueError, match="has no column 'sentence1'.*names: 'x'. Is it MNLI's"):
        read_glue("glue", "MNLI", "dev_matched")
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="names: nothing"):
        read_glue("glue", "MNLI", "dev_matched")
    path.write_bytes(b"sentence1\tsentence2\tgold_label\n\xff\tb\tneutral\n")
    with pytest.raises(ValueError, match="line 2: byte 0xff is not UTF-8"):
        read_glue("glue", "MNLI", "dev_matched")
    path.write_bytes(b"sentence1\tsentence2\tgold_label\na\tb\t-\n")
    with pytest.raises(ValueError, match="line 2: '-' is no label of MNLI. Accepted: 'entailment'"):
        read_glue("glue", "MNLI", "dev_matched")
    write("STS-B", "train", [*STSB, "score"], [*"012345678", "high"])
    with pytest.raises(ValueError, match="line 2: 'high' is no number"):
        read_glue("glue", "STS-B", "train")


@pytest.mark.parametrize("name", ["SST-2", "sst2", "SST2", "sst_2", TASKS["SST-2"]])
def test_names_in_any_spelling(name):
    assert glue_task(name) is TASKS["SST-2"]


PAIRS = {
    "CoLA": {"matthews"},
    "SST-2": {"accuracy"},
    "MRPC": {"accuracy", "f1"},
    "QQP": {"accuracy", "f1"},
    "STS-B": {"pearson", "spearman"},
    "MNLI": {"accuracy"},
    "QNLI": {"accuracy"},
    "RTE": {"accuracy"},
    "WNLI": {"accuracy"},
    "AX": {"matthews"},
}


@pytest.mark.parametrize("task", PAIRS)
def test_official_metrics(task):
    labels = TASKS[task].labels
    true = labels * 3 if labels else (0.0, 2.5, 5.0)
    right = glue_scores(task, true, true)
    assert set(right) == PAIRS[task]
    assert right == pytest.approx(dict.fromkeys(right, 1.0))
    if labels:
        assert glue_scores(task, true, np.arange(len(true)) % len(labels)) == right


def test_f1_is_that_of_class_1():
    true, ours = ["1", "1", "0", "0", "0"], ["1", "0", "0", "0", "0"]
    expected = f1([int(t) for t in true], [int(p) for p in ours])
    assert glue_scores("MRPC", true, ours) == {"accuracy": 0.8, "f1": expected}


@pytest.mark.parametrize(
    ("true", "predicted", "message"),
    [
        (["yes"], [0], "'yes', number 1, is no label of RTE. Accepted: 'entailment', 'not_enta"),
        ([0], [2], "2, number 1, is no label of RTE.*from 0 to 1"),
        ([0], [[0.1, 0.9]], "number 1, is no label of RTE"),
        ([0, 1], [0], "2 labels and 1 predictions"),
    ],
)
def test_labels_that_do_not_fit(true, predicted, message):
    with pytest.raises(ValueError, match=message):
        glue_scores("RTE", true, predicted)


def test_submissions(tmp_path):
    lines = lambda path: path.read_bytes().decode().split("\n")  # noqa: E731
    path = write_submission(tmp_path / "new" / "RTE.tsv", "rte", np.array([1, 0]))
    expected = ["index\tprediction", "0\tnot_entailment", "1\tentailment", ""]
    assert lines(path) == expected
    path = write_submission(tmp_path, "CoLA", ["1", 0])
    assert path == tmp_path / "CoLA.tsv"
    assert lines(path)[1:] == ["0\t1", "1\t0", ""]
    path = write_submission(tmp_path, "STS-B", np.array([[-1.0], [2.5], [7.0]], "float32"))
    assert lines(path)[1:] == ["0\t0.000000", "1\t2.500000", "2\t5.000000", ""]
    path = write_submission(tmp_path / "MNLI-mm.tsv", "MNLI", [2])
    assert lines(path)[1] == "0\tcontradiction"
    assert lines(write_submission(tmp_path, "AX", [1]))[1] == "0\tneutral"


def test_a_submission_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    path = write_submission(tmp_path, "RTE", [0])
    before = path.read_bytes()
    with pytest.raises(ValueError, match="is no label of RTE"):
        write_submission(tmp_path, "RTE", [0, 7])
    with pytest.raises(ValueError, match="Prediction number 2 is nan"):
        write_submission(tmp_path, "STS-B", [0, float("nan")])

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_submission(tmp_path, "RTE", [1])
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["RTE.tsv"]


def test_names_that_the_server_does_not_know(tmp_path):
    with pytest.raises(ValueError, match="of MNLI as MNLI-m.tsv or MNLI-mm.tsv. Name the file"):
        write_submission(tmp_path, "MNLI", [0])
    with pytest.raises(ValueError, match=r"of RTE as RTE.tsv. Name the file so. Given: '.*out.tsv"):
        write_submission(tmp_path / "out.tsv", "RTE", [0])
