"""The numbers of a fine-tuning run."""

import types

import pytest

from keras_bert_zoo.training import AdamW, Recipe, WarmupLinear
from tests.tiny import tiny_config


def test_the_optimizer_has_the_recipes_numbers():
    optimizer = Recipe(3e-5, warmup=0.2, weight_decay=0.05, clip_norm=2.0).optimizer(100)
    assert type(optimizer) is AdamW
    assert (optimizer.weight_decay, optimizer.global_clipnorm) == (0.05, 2.0)
    assert optimizer.total_steps == 100
    config = optimizer.get_config()["learning_rate"]["config"]
    assert config == {"peak": 3e-5, "total_steps": 100, "warmup_steps": 20}


def test_the_rate_is_constant_where_the_end_is_not_known():
    for steps in (None, 0):
        optimizer = Recipe(3e-5).optimizer(steps)
        assert optimizer.total_steps is None
        assert float(optimizer.learning_rate) == pytest.approx(3e-5)
    assert Recipe(clip_norm=None).optimizer().global_clipnorm is None


@pytest.mark.parametrize("warmup", [0, 0.1, 1])
@pytest.mark.parametrize("steps", [1, 2, 7, 1000])
def test_any_share_of_any_number_of_steps(warmup, steps):
    schedule = Recipe(warmup=warmup).optimizer(steps)._learning_rate
    assert isinstance(schedule, WarmupLinear)
    assert schedule.warmup_steps == pytest.approx(warmup * steps, abs=0.5)


@pytest.mark.parametrize(
    ("hidden_dim", "learning_rate"),
    [(16, 3e-4), (128, 3e-4), (256, 1e-4), (512, 1e-4), (768, 5e-5), (1024, 2e-5), (4096, 2e-5)],
)
def test_larger_encoders_learn_more_slowly(hidden_dim, learning_rate):
    config = types.SimpleNamespace(hidden_dim=hidden_dim)
    assert Recipe.for_encoder(config) == Recipe(learning_rate)
    assert Recipe.for_encoder(tiny_config()).learning_rate == 3e-4


def test_config_rebuilds_it():
    recipe = Recipe(1e-4, 0.06, 0.1, None)
    config = recipe.to_config()
    assert config == {
        "learning_rate": 1e-4,
        "warmup": 0.06,
        "weight_decay": 0.1,
        "clip_norm": None,
    }
    assert Recipe(**config) == recipe


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("learning_rate", 0, "more than 0"),
        ("learning_rate", -1e-5, "more than 0"),
        ("learning_rate", float("nan"), "more than 0"),
        ("warmup", 1.5, "a share from 0 to 1"),
        ("warmup", -0.1, "a share from 0 to 1"),
        ("weight_decay", -0.01, "0 or more"),
        ("clip_norm", 0, "more than 0, or None"),
    ],
)
def test_numbers_out_of_range(name, value, accepted):
    with pytest.raises(ValueError, match=f"Recipe: {name} must be {accepted}. Given: {value}"):
        Recipe(**{name: value})


def test_a_recipe_does_not_change():
    with pytest.raises(AttributeError):
        Recipe().warmup = 0.5
