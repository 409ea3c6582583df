"""What `distribute` takes and says, and what it refuses."""

import types

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.distribution import batches, layouts, losses, optimizers
from keras_bert_zoo.families import FAMILIES
from keras_bert_zoo.training import AdamW
from tests.parity.families import tiny
from tests.tiny import NEGATIVE, POSITIVE, tiny_classifier

BACKEND = keras.config.backend()
HERE = {"tensorflow": "mirrored", "jax": "data", "torch": "auto"}[BACKEND]
QUERIES = ("query", "key", "value")
ELSEWHERE = {"tensorflow": "data", "jax": "mirrored", "torch": "tpu"}[BACKEND]


def test_one_device_is_said_and_trains(capsys):
    with kbz.distribute("auto") as devices:
        task = tiny_classifier()
        task.fit(POSITIVE + NEGATIVE, ["positive"] * 5 + ["negative"] * 5, verbose=0)
    assert (devices.kind, devices.replicas, devices.number) == ("one", 1, 0)
    assert capsys.readouterr().out == f"Training on {devices}\n"
    with kbz.distribute("auto", verbose=False):
        pass
    assert capsys.readouterr().out == ""


def test_kinds_that_are_not_there():
    with pytest.raises(ValueError, match=r"Did you mean 'mirrored'\?"), kbz.distribute("miror"):
        pass
    with (
        pytest.raises(ValueError, match=f'"{ELSEWHERE}"\\) is not for {BACKEND}'),
        kbz.distribute(ELSEWHERE),
    ):
        pass
    with (
        pytest.raises(ValueError, match="several inputs .*torchrun"),
        kbz.distribute("multi_worker"),
    ):
        pass


def test_devices_that_are_not_there():
    if BACKEND == "torch":
        with pytest.raises(ValueError, match="torchrun --nproc-per-node N"), kbz.distribute("data"):
            pass
        with pytest.raises(ValueError, match="leave devices out"), kbz.distribute(devices=["gpu"]):
            pass
        return
    with pytest.raises(ValueError, match="finds no TPU here"), kbz.distribute("tpu"):
        pass
    if BACKEND == "jax":
        wrong = pytest.raises(ValueError, match="model_parallel=3 does not divide")
        with wrong, kbz.distribute("model", model_parallel=3):
            pass


def test_batches_that_cannot_be_shared():
    rows = {"token_ids": np.zeros((5, 4), "int32")}
    with pytest.raises(ValueError, match="5 rows, which 2 replicas .* such as 6"):
        batches.prepared((rows, np.zeros(5)), 2, by_mean=False)


def test_weights_are_scaled_for_the_whole_batch():
    weight = np.array([[1.0, 0.0], [0.5, 0.5]])
    np.testing.assert_allclose(batches.scaled(weight, True), weight * 2)
    np.testing.assert_allclose(batches.scaled(weight, True, share=0.5), weight)
    assert batches.scaled(weight, False) is weight
    nothing = np.zeros(3)
    np.testing.assert_array_equal(batches.scaled(nothing, True), nothing)
    found = batches.scaled({"a": weight, "b": weight}, {"a": True, "b": False})
    np.testing.assert_allclose(found["a"].mean(), 1)
    assert found["b"] is weight


def test_a_mean_over_weights_becomes_a_sum_over_the_batch():
    loss = keras.losses.BinaryCrossentropy(True, reduction="mean_with_sample_weight")
    other = keras.losses.MeanSquaredError()
    (made, same), by_mean = losses.for_parts([loss, other], 2)
    assert by_mean == [True, False]
    assert made.reduction == "sum_over_batch_size"
    assert made.get_config()["from_logits"] is True
    assert same is other
    assert losses.for_parts(loss, 1) == (loss, False)


def test_losses_that_compare_rows():
    loss = types.SimpleNamespace(compares_rows=True, reduction=None)
    if BACKEND == "jax":
        assert losses.for_parts(loss, 2)[0] is loss
    else:
        with pytest.raises(ValueError, match="compares the rows of a batch .*KERAS_BACKEND=jax"):
            losses.for_parts(loss, 2)


def test_optimizers_that_would_learn_something_else():
    optimizers.check_optimizer(AdamW(1e-3, global_clipnorm=1.0), 2)
    optimizers.check_optimizer(keras.optimizers.Adam(clipnorm=1.0), 1)
    cuts, plain = keras.optimizers.Adam(clipnorm=1.0), keras.optimizers.Adam()
    sums = AdamW(1e-3, gradient_accumulation_steps=2)
    wrong = {
        "tensorflow": [(cuts, "before they are added up"), (sums, "larger batch_size")],
        "jax": [],
        "torch": [(cuts, "each would train a model of its own"), (plain, "AdamW or Lamb")],
    }[BACKEND]
    for optimizer, message in wrong:
        with pytest.raises(ValueError, match=message):
            optimizers.check_optimizer(optimizer, 2)
    for optimizer in {cuts, plain, sums} - {optimizer for optimizer, _ in wrong}:
        optimizers.check_optimizer(optimizer, 2)


@pytest.mark.parametrize(
    ("path", "shape", "expected"),
    [
        ("embeddings/tokens/embeddings", (100, 8), ("model", None)),
        ("embeddings/tokens/embeddings", (101, 8), None),
        ("layer_0/attention/query/kernel", (8, 4, 2), (None, "model", None)),
        ("layer_0/attention/out/kernel", (8, 8), ("model", None)),
        ("layer_0/feed_forward/inner/bias", (16,), ("model",)),
        ("layer_0/feed_forward/out/bias", (8,), None),
        ("pooler/dense/kernel", (8, 8), None),
    ],
)
def test_what_is_cut_up(path, shape, expected):
    assert layouts.layout_of(path, shape, 2) == expected


def test_a_model_of_another_place_is_refused():
    if BACKEND != "jax":
        pytest.skip("layouts are JAX's")
    task = tiny_classifier()
    wrong = pytest.raises(ValueError, match="not on the devices of this distribution")
    with kbz.distribute("model", verbose=False), wrong:
        task.fit(POSITIVE, ["positive"] * 5, verbose=0)


@pytest.mark.any_backend
@pytest.mark.parametrize("family", FAMILIES)
def test_the_rules_find_the_blocks_of_every_family(family):
    """Attention by heads and the inner layer by width, and what comes out the other way."""
    encoder = tiny(family)
    cut = [w.path for w in encoder.weights if layouts.layout_of(w.path, w.shape, 2)]
    own = [path for path in cut if path.startswith(encoder.blocks[-1].path)]
    together = any("/projection/kernel" in path for path in own)  # queries, keys and values
    assert together or all(any(f"/{part}/kernel" in p for p in own) for part in QUERIES), own
    assert any("attention/out/kernel" in path for path in own)
    assert any("/inner/kernel" in path for path in own)
    assert any("feed_forward" in path and "/out/kernel" in path for path in own)


@pytest.mark.any_backend
def test_arrays_that_processes_share(monkeypatch):
    monkeypatch.setattr(batches, "processes", lambda: (0, 2))
    x, options = {"token_ids": np.zeros((6, 4), "int32")}, {"batch_size": 3, "class_weight": None}
    found = batches.shared_arrays(x, np.arange(6), None, **options)
    assert len(found[0][1]) == 4  # of both processes
    with pytest.raises(ValueError, match="5 rows .* Leave 1 out"):
        batches.shared_arrays({"token_ids": x["token_ids"][:5]}, None, None, **options)
    with pytest.raises(ValueError, match="Give sample_weight"):
        batches.shared_arrays(x, None, None, **{**options, "class_weight": {0: 2.0}})
    with pytest.raises(TypeError, match="Given: set, of which each would learn from all rows"):
        batches.shared_arrays({1, 2}, None, None, **options)
