"""The numbers of a fine-tuning run."""

import json
import re
import types

import pytest

from keras_bert_zoo.training import AdamW, Lamb, Recipe, WarmupCosine, WarmupLinear
from tests.tiny import tiny_config


def test_the_optimizer_has_the_recipes_numbers():
    optimizer = Recipe(3e-5, warmup=0.2, weight_decay=0.05, clip_norm=2.0).build_optimizer(100)
    assert type(optimizer) is AdamW
    assert (optimizer.weight_decay, optimizer.global_clipnorm) == (0.05, 2.0)
    assert optimizer.total_steps == 100
    config = optimizer.get_config()["learning_rate"]["config"]
    assert config == {"peak": 3e-5, "total_steps": 100, "warmup_steps": 20}


def test_the_rate_is_constant_where_the_end_is_not_known():
    for steps in (None, 0):
        optimizer = Recipe(3e-5).build_optimizer(steps)
        assert optimizer.total_steps is None
        assert float(optimizer.learning_rate) == pytest.approx(3e-5)
    assert Recipe(clip_norm=None).build_optimizer().global_clipnorm is None


@pytest.mark.parametrize("warmup", [0, 0.1, 1])
@pytest.mark.parametrize("steps", [1, 2, 7, 1000])
def test_any_share_of_any_number_of_steps(warmup, steps):
    schedule = Recipe(warmup=warmup).build_optimizer(steps)._learning_rate
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
    recipe = Recipe(1e-4, 0.06, 0.1, None, layer_decay=0.8, freeze=("head",), no_decay=("gamma",))
    config = json.loads(json.dumps(recipe.to_config()))
    assert config["learning_rate"] == 1e-4
    assert config["clip_norm"] is None
    assert config["freeze"] == ["head"]
    assert Recipe(**config) == recipe
    assert hash(Recipe(**config)) == hash(recipe)
    old = {"learning_rate": 1e-4, "warmup": 0.06, "weight_decay": 0.1, "clip_norm": None}
    assert Recipe(**old) == Recipe(1e-4, 0.06, 0.1, None)  # as version 0.1 wrote it


def test_what_else_the_optimizer_is_told():
    recipe = Recipe(
        1e-3, schedule="cosine", optimizer="lamb", beta_2=0.98, epsilon=1e-6, accumulate=4, ema=0.9
    )
    optimizer = recipe.build_optimizer(recipe.updates(10))
    assert type(optimizer) is Lamb
    assert type(optimizer._learning_rate) is WarmupCosine
    assert (optimizer.beta_2, optimizer.epsilon, optimizer.total_steps) == (0.98, 1e-6, 3)
    assert optimizer.gradient_accumulation_steps == 4
    assert (optimizer.use_ema, optimizer.ema_momentum) == (True, 0.9)
    assert recipe.updates(None) is None


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
        ("learning_rate", "1e-4", "more than 0"),
        ("schedule", "linaer", "one of linear, cosine, inverse_sqrt, constant"),
        ("optimizer", "sgd", "one of adamw, lamb"),
        ("beta_2", 1, "between 0 and 1"),
        ("epsilon", 0, "more than 0"),
        ("layer_decay", 0, "above 0 and up to 1"),
        ("accumulate", 1.5, "a whole number, 1 or more"),
        ("ema", 1, "between 0 and 1, or None"),
        ("epochs", 0, "a whole number, 1 or more"),
        ("batch_size", 0, "a whole number, 1 or more"),
        ("freeze", -1, "'embeddings', 'encoder', a number of layers"),
        ("freeze", "head", "'embeddings', 'encoder', a number of layers"),
        ("freeze", True, "'embeddings', 'encoder', a number of layers"),
        ("reinit_top", None, "a whole number, 0 or more"),
        ("max_sequence_length", 2, "a whole number, 4 or more"),
        ("precision", "half", "one of float32, mixed_bfloat16"),
        ("seed", -1, "a whole number, 0 or more"),
    ],
)
def test_numbers_out_of_range(name, value, accepted):
    with pytest.raises(
        ValueError, match=rf"Recipe: {name} must be {re.escape(accepted)}.*Given: {value!r}"
    ):
        Recipe(**{name: value})


def test_a_recipe_does_not_change():
    with pytest.raises(AttributeError):
        Recipe().warmup = 0.5
