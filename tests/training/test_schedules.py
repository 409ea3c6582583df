"""Learning rates, against those of transformers."""

import keras
import numpy as np
import pytest

from keras_bert_zoo.training import WarmupLinear


def rates(schedule, steps):
    return [float(keras.ops.convert_to_numpy(schedule(step))) for step in range(steps)]


@pytest.mark.parametrize(("total", "warmup"), [(10, 0), (10, 3), (10, 10), (1, 0), (1, 1), (97, 9)])
def test_the_numbers_of_transformers(total, warmup):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=3e-4)
    theirs = transformers.get_linear_schedule_with_warmup(optimizer, warmup, total)
    expected = []
    for _ in range(total + 3):  # and after the end, where it stays 0
        expected.append(theirs.get_last_lr()[0])
        optimizer.step()
        theirs.step()
    ours = rates(WarmupLinear(3e-4, total, warmup), total + 3)
    np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-12)


def test_by_hand():
    assert rates(WarmupLinear(1.0, 10, 2), 12) == pytest.approx(
        [0, 0.5, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0, 0]
    )
    assert rates(WarmupLinear(2.0, 4), 5) == [2, 1.5, 1, 0.5, 0]


def test_steps_as_optimizers_count_them():
    step = keras.Variable(6, dtype="int32", trainable=False)
    assert float(WarmupLinear(1.0, 10, 2)(step)) == pytest.approx(0.5)


def test_config_rebuilds_it():
    schedule = WarmupLinear(np.float32(0.5), np.int64(10), np.int64(2))
    config = keras.saving.serialize_keras_object(schedule)
    assert config["config"] == {"peak": 0.5, "total_steps": 10, "warmup_steps": 2}
    assert {type(value) for value in config["config"].values()} == {float, int}
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is WarmupLinear
    assert rates(again, 12) == rates(schedule, 12)


@pytest.mark.parametrize("arguments", [(0, 0), (-1, 0), (10, 11), (10, -1)])
def test_impossible_steps(arguments):
    with pytest.raises(ValueError, match=f"Given: total_steps={arguments[0]}, warmup_steps"):
        WarmupLinear(1.0, *arguments)
