"""Correlations are those of scipy."""

import keras
import numpy as np
import pytest

from keras_bert_zoo.metrics import Pearson, Spearman, pearson, spearman

REASON = "the reference"
# torch.compile needs a compiler and a minute (it was tried by hand); JAX without takes longer.
JIT = {"tensorflow": [False, True], "jax": [True], "torch": [False]}[keras.config.backend()]


def draw(seed, count=50, ties=False):
    rng = np.random.default_rng(seed)
    true = rng.normal(size=count)
    ours = true + rng.normal(size=count)
    if ties:  # as STS-B, from 0 to 5 in steps
        true, ours = (np.clip(np.round(x * 2) / 2 + 2.5, 0, 5) for x in (true, ours))
    return true.astype("float32"), ours.astype("float32")


@pytest.mark.any_backend
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("count", [2, 3, 50])
def test_functions_equal_scipy(count, ties):
    reference = pytest.importorskip("scipy.stats", reason=REASON)
    true, ours = draw(count, count, ties)
    with np.errstate(all="ignore"):
        assert pearson(true, ours) == pytest.approx(
            reference.pearsonr(true.astype("float64"), ours.astype("float64"))[0], nan_ok=True
        )
        assert spearman(true, ours) == pytest.approx(reference.spearmanr(true, ours)[0])


@pytest.mark.any_backend
def test_functions_by_hand():
    assert pearson([1, 2, 3], [3, 2, 1]) == -1.0
    assert pearson([[1], [2], [3]], [1, 2, 4]) == pytest.approx(3 / np.sqrt(2 * 14 / 3))
    assert spearman([1, 2, 3], [1, 10, 1000]) == 1.0
    # Ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4.
    assert spearman([0, 1, 1, 2], [0, 1, 2, 3]) == pytest.approx(4.5 / np.sqrt(4.5 * 5))
    assert pearson([1e300, 2e300, 3e300], [1e-300, 2e-300, 4e-300]) == pytest.approx(0.98198, 1e-4)


@pytest.mark.any_backend
@pytest.mark.parametrize("function", [pearson, spearman])
def test_functions_where_they_are_not_defined(function):
    assert np.isnan(function([0.1, 0.1, 0.1], [1, 2, 3]))
    assert np.isnan(function([1, 2, 3], [7, 7, 7]))
    assert np.isnan(function([1, 2, float("nan")], [1, 2, 3]))
    with pytest.raises(ValueError, match="3 true and 2 predicted"):
        function([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="at least two"):
        function([1], [1])


METRICS = {"pearson": (Pearson, pearson), "spearman": (Spearman, spearman)}


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("name", METRICS)
def test_metrics_equal_the_functions_over_batches(name, ties):
    make, function = METRICS[name]
    metric = make()
    true, ours = draw(1, 50, ties)
    for start, end in ((0, 1), (1, 8), (8, 15), (15, 22), (22, 29)):
        metric.update_state(true[start:end, None], ours[start:end, None])
        if end > 1:
            assert float(metric.result()) == pytest.approx(
                function(true[:end], ours[:end]), abs=2e-6
            )
    metric.reset_state()
    assert float(metric.result()) == 0.0
    metric.update_state(true[:7], -ours[:7])
    assert float(metric.result()) == pytest.approx(function(true[:7], -ours[:7]), abs=2e-6)


@pytest.mark.parametrize("name", METRICS)
def test_rows_of_weight_0_are_left_out(name):
    make, function = METRICS[name]
    metric = make() if name == "pearson" else make(capacity=40)
    true, ours = draw(2)
    kept = np.random.default_rng(0).random(50) < 0.6
    true[~kept], ours[~kept] = np.nan, np.inf
    for part in (slice(0, 25), slice(25, 50)):
        metric.update_state(true[part], ours[part], kept[part].astype("float32"))
    assert float(metric.result()) == pytest.approx(function(true[kept], ours[kept]), abs=2e-6)


def test_weights_of_pearson_repeat_rows():
    true, ours = draw(3)
    weights = np.random.default_rng(0).integers(0, 4, 50)
    metric = Pearson()
    for part in (slice(0, 25), slice(25, 50)):
        metric.update_state(true[part], ours[part], weights[part])
    expected = pearson(np.repeat(true, weights), np.repeat(ours, weights))
    assert float(metric.result()) == pytest.approx(expected, abs=2e-6)


def test_pearson_of_numbers_far_from_0():
    """Sums of squares in float32 would give anything here."""
    true, ours = draw(4, 1000)
    true, ours = true + np.float32(1000), ours - np.float32(5000)
    metric = Pearson()
    for part in np.split(np.arange(1000), 20):
        metric.update_state(true[part], ours[part])
    assert float(metric.result()) == pytest.approx(pearson(true, ours), abs=1e-4)


@pytest.mark.parametrize("value", [0.0, 0.1, -3e4, 123.456])
@pytest.mark.parametrize("name", METRICS)
def test_metrics_are_0_while_constant(name, value):
    metric = METRICS[name][0]()
    assert float(metric.result()) == 0.0
    for count in (1, 7, 3):
        metric.update_state(np.arange(count, dtype="float32"), np.full(count, value, "float32"))
        assert float(metric.result()) == 0.0


@pytest.mark.parametrize("name", METRICS)
def test_nan_is_told(name):
    metric = METRICS[name][0]()
    metric.update_state([1.0, 2.0, 3.0], [1.0, float("nan"), 3.0])
    assert np.isnan(float(metric.result()))


def test_capacity():
    true, ours = draw(5)
    metric = Spearman(capacity=40)
    for end in (25, 50):
        metric.update_state(true[end - 25 : end], ours[end - 25 : end])
    assert np.isnan(float(metric.result()))
    metric.reset_state()
    metric.update_state(true[:25], ours[:25])
    assert float(metric.result()) == pytest.approx(spearman(true[:25], ours[:25]), abs=2e-6)
    metric = Spearman(capacity=50)
    for end in (25, 50):
        metric.update_state(true[end - 25 : end], ours[end - 25 : end])
    assert float(metric.result()) == pytest.approx(spearman(true, ours), abs=2e-6)


def test_ranks_of_as_many_as_it_holds_by_default():
    true, ours = draw(6, 10_000)
    metric = Spearman()
    metric.update_state(true, ours)
    assert float(metric.result()) == pytest.approx(spearman(true, ours), abs=1e-5)


@pytest.mark.parametrize("jit", JIT)
def test_in_keras_own_evaluation(jit):
    true, ours = draw(7, 40, ties=True)
    inputs = keras.Input((1,))
    model = keras.Model(inputs, keras.layers.Identity()(inputs))
    model.compile(loss="mse", metrics=[Pearson(), Spearman(capacity=64)], jit_compile=jit)
    got = model.evaluate(ours[:, None], true, batch_size=16, verbose=0, return_dict=True)
    assert got["pearson"] == pytest.approx(pearson(true, ours), abs=2e-6)
    assert got["spearman"] == pytest.approx(spearman(true, ours), abs=2e-6)


@pytest.mark.parametrize("metric", [Pearson(name="a"), Spearman(capacity=7, name="b")])
def test_config_rebuilds_it(metric):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
    assert type(again) is type(metric)
    assert again.get_config() == metric.get_config()


def test_capacity_that_holds_nothing():
    with pytest.raises(ValueError, match="capacity must be 2 or more. Given: 1"):
        Spearman(capacity=1)
