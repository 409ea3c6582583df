"""`finetune --recipe`, `--seeds`, `--search`, and the page about the training."""

# ruff: noqa: F811

import json
import math
import re
import statistics

import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.cli.arguments import RECIPES
from keras_bert_zoo.cli.trials import grid, told
from keras_bert_zoo.training.named_recipes import NAMED, named_recipe
from tests.test_cli import (  # noqa: F401 - fixtures
    _compiles_little,
    files,
    finetune,
    presets,
    refused,
    run,
)

HELD_OUT = ("--validation-split", "0.2")


def test_a_named_recipe_is_followed_and_saved(finetune, files):
    result = finetune("--recipe", "electra", *HELD_OUT)
    assert result.code == 0, result.err
    saved = kbz.Recipe(**json.loads((files / "model/recipe.json").read_text()))
    config = kbz.from_preset("model").encoder.config
    # Epochs and batch size were given, and are part of what is kept.
    assert saved == named_recipe("electra", config, epochs=1, batch_size=10)
    assert saved.layer_decay == 0.8


def test_a_recipe_from_a_file(finetune, files):
    recipe = kbz.Recipe(1e-3, freeze="embeddings", epochs=2)
    (files / "mine.json").write_text(json.dumps(recipe.to_config()))
    result = finetune("--recipe", "mine.json", "--learning-rate", "0.002")
    assert result.code == 0, result.err
    saved = kbz.Recipe(**json.loads((files / "model/recipe.json").read_text()))
    assert (saved.learning_rate, saved.freeze, saved.epochs) == (0.002, "embeddings", 1)


@pytest.mark.any_backend
def test_low_rank_updates_are_merged_into_what_is_saved(finetune, files):
    result = finetune("--lora", "2")
    assert result.code == 0, result.err
    saved = json.loads((files / "model/recipe.json").read_text())
    rate = kbz.Recipe.for_encoder(kbz.from_preset(files / "model").encoder.config).learning_rate
    assert (saved["lora"], saved["learning_rate"]) == (2, pytest.approx(20 * rate))
    assert re.search(r"[\d,]+ of [\d,]+ parameters learn", result.out)
    assert not kbz.from_preset(files / "model").encoder.lora_rank


def test_recipes_that_cannot_be_read(refused, files):
    assert "Unknown recipe 'electar'. Did you mean 'electra'" in refused("--recipe", "electar")
    (files / "other.json").write_text('{"rate": 1}')
    assert "is not a recipe that this version reads" in refused("--recipe", "other.json")


@pytest.mark.any_backend
def test_names_on_the_command_line_are_those_of_the_library():
    assert tuple(NAMED) == RECIPES


def test_several_seeds(finetune, files):
    result = finetune("--seeds", "3", "--learning-rate", "0.01", *HELD_OUT)
    assert result.code == 0, result.err
    runs = re.findall(r"(?m)^seed (\d): accuracy ([\d.]+)", result.out)
    assert [seed for seed, _ in runs] == ["0", "1", "2"]
    figures = [float(figure) for _, figure in runs]
    total = re.search(r"accuracy ([\d.]+) on average of 3 runs, deviation ([\d.]+), best ([\d.]+)",
                      result.out)  # fmt: skip
    assert float(total[1]) == pytest.approx(statistics.mean(figures), abs=1e-4)
    assert float(total[2]) == pytest.approx(statistics.stdev(figures), abs=1e-4)
    assert float(total[3]) == max(figures)
    assert "expect less of other texts" in result.err
    shown = re.search(r"validation accuracy ([\d.]+) against", result.out)
    assert float(shown[1]) == pytest.approx(max(figures), abs=1e-3)  # the best was kept


@pytest.mark.any_backend
def test_several_runs_need_something_to_judge_them_by(refused):
    for options in (("--seeds", "2"), ("--search",)):
        message = refused(*options, "--test", "train.csv", code=2)
        assert "the best is chosen by it, and not by --test" in message


def settings(**given):
    import argparse

    options = {"search": True, "learning_rate": None, "batch_size": None, "epochs": None}
    options["lora"] = None
    return argparse.Namespace(**{**options, **given})


@pytest.mark.any_backend
def test_the_grid_of_the_paper():
    whole = grid(settings(), 768)
    assert len(whole) == 3 * 2 * 3
    assert {one["learning_rate"] for one in whole} == {5e-5, 3e-5, 2e-5}
    assert {one["learning_rate"] for one in grid(settings(), 256)} == {3e-4, 1e-4, 5e-5, 3e-5}
    updates = grid(settings(lora=8), 768)
    assert {round(one["learning_rate"], 6) for one in updates} == {1e-3, 6e-4, 4e-4}
    fixed = grid(settings(epochs=1, batch_size=8), 768)
    assert fixed == [{"learning_rate": rate} for rate in (5e-5, 3e-5, 2e-5)]
    assert grid(settings(search=False), 768) == [{}]


def test_a_search_tells_every_setting(finetune):
    result = finetune("--search", *HELD_OUT)
    assert result.code == 0, result.err
    assert len(re.findall(r"(?m)^learning-rate [\d.e-]+, seed 0: accuracy", result.out)) == 4
    assert len(re.findall(r"(?m)^learning-rate [\d.e-]+, accuracy .* of 1 runs", result.out)) == 4


@pytest.mark.any_backend
def test_figures_are_told_honestly():
    line = told([0.9, 0.5, 0.8], "accuracy", 0.5, True)
    assert line == (
        "accuracy 0.7333 on average of 3 runs, deviation 0.2082, best 0.9000, worst 0.5000, "
        "1 degenerate"
    )
    assert "best 0.1000, worst 0.4000, 0 degenerate" in told([0.4, 0.1], "mae", 0.5, False)
    assert "1 degenerate" in told([math.nan, 0.9], "accuracy", 0.5, True)
    assert told([math.nan], "accuracy", 0.5, True) == "no run of 1 ended with a number"


def test_a_page_lies_beside_the_task(finetune, files):
    result = finetune(*HELD_OUT)
    page = (files / "model/report.html").read_text("utf-8")
    assert "report.html" in result.out
    assert "Confusions" in page
    assert "Hardest examples" in page
    assert kbz.from_preset("model").labels == ["bad", "good"]  # still a preset
