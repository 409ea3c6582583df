"""`keras-bert-zoo glue` on files as the download has them."""

import json

import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.cli import main
from tests.tiny import tiny_classifier

PAIR = "index\tsentence1\tsentence2"
MNLI = "index\tsentence1\tsentence2\tgold_label"
RTE = {
    "train.tsv": f"{PAIR}\tlabel\n0\ta\tgood\tentailment\n1\twe\tawful\tnot_entailment\n",
    "dev.tsv": f"{PAIR}\tlabel\n0\tthe room\twe loved it\tentailment\n",
    "test.tsv": f"{PAIR}\n0\tthe food\tawful\n1\twe\tloved it\n",
}
STSB = {
    "train.tsv": f"{PAIR}\tscore\n0\ta film\tthe film\t4.5\n1\twe\tawful\t0.2\n",
    "dev.tsv": f"{PAIR}\tscore\n0\ta\tb\t1.0\n1\twe\twe\t5.0\n2\tit\tfilm\t2.0\n",
}
ENTAILED = f"{MNLI}\n0\ta film\tgood\tentailment\n1\twe\tawful\tneutral\n2\ta\tb\tcontradiction\n"
THREE = {
    "train.tsv": ENTAILED,
    "dev_matched.tsv": ENTAILED,
    "dev_mismatched.tsv": ENTAILED,
    "test_matched.tsv": f"{PAIR}\n0\ta\tb\n",
    "test_mismatched.tsv": f"{PAIR}\n0\ta\tb\n1\tc\td\n",
}
FILES = {
    "RTE": RTE,
    "STS-B": STSB,
    "MNLI": THREE,
    "diagnostic": {"diagnostic.tsv": f"{PAIR}\n0\ta\tb\n"},
}


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("preset") / "encoder"
    tiny_classifier().save_to_preset(folder)
    return str(folder)


@pytest.fixture
def data(tmp_path):
    for folder, files in FILES.items():
        (tmp_path / "glue" / folder).mkdir(parents=True)
        for name, text in files.items():
            (tmp_path / "glue" / folder / name).write_text(text, encoding="utf-8")
    return tmp_path / "glue"


def glue(preset, data, *more):
    options = ["--preset", preset, "--data", str(data), "--output", str(data.parent / "runs")]
    return main(["glue", *options, "--epochs", "1", *more])


def test_trains_judges_and_answers_every_task(preset, data, capsys):
    assert glue(preset, data) == 0
    runs = data.parent / "runs"
    scores = json.loads((runs / "scores.json").read_text("utf-8"))
    assert set(scores) == {"RTE", "STS-B", "MNLI"}
    assert set(scores["RTE"]["dev"]) == {"accuracy"}
    assert set(scores["STS-B"]["dev"]) == {"pearson", "spearman"}
    assert set(scores["MNLI"]) == {"dev_matched", "dev_mismatched"}
    answers = {
        path.name: path.read_text("utf-8").splitlines() for path in runs.glob("submission/*")
    }
    assert set(answers) == {"RTE.tsv", "MNLI-m.tsv", "MNLI-mm.tsv", "AX.tsv"}
    assert answers["RTE.tsv"][0] == "index\tprediction"
    assert [len(lines) for _, lines in sorted(answers.items())] == [2, 2, 3, 3]
    # What is saved is what was judged, and what answered.
    task = kbz.from_preset(str(runs / "RTE"))
    assert task.labels == ["entailment", "not_entailment"]
    found = task.classify((["the food", "we"], ["awful", "loved it"]))
    assert answers["RTE.tsv"][1:] == [f"{i}\t{one['label']}" for i, one in enumerate(found)]
    right = task.classify([("the room", "we loved it")])[0]["label"] == "entailment"
    assert scores["RTE"]["dev"]["accuracy"] == float(right)
    # A second run trains what is new only.
    capsys.readouterr()
    assert glue(preset, data, "--task", "rte") == 0
    assert "in" in capsys.readouterr().out.splitlines()[0].split()
    before = (runs / "RTE" / "model.safetensors").stat().st_mtime_ns
    assert glue(preset, data, "--task", "rte", "--overwrite") == 0
    assert (runs / "RTE" / "model.safetensors").stat().st_mtime_ns != before
    assert set(json.loads((runs / "scores.json").read_text("utf-8"))) == set(scores)


@pytest.mark.any_backend
@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--task", "RTE,MRCP"], 2, "Did you mean 'MRPC'?"),
        (["--task", "AX"], 2, "answered by the model of MNLI"),
        (["--task", "QNLI"], 1, "There is no file"),
    ],
)
def test_mistakes_are_one_line(preset, data, capsys, options, code, message):
    assert glue(preset, data, *options) == code
    error = capsys.readouterr().err.strip()
    assert message in error
    assert len(error.splitlines()) == 1
    assert not (data.parent / "runs").exists()


@pytest.mark.any_backend
def test_a_folder_without_tasks(preset, tmp_path, capsys):
    assert glue(preset, tmp_path / "other") == 1
    assert "holds none of CoLA" in capsys.readouterr().err
