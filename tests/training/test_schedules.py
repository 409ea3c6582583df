"""Learning rates, against those of transformers."""

import keras
import numpy as np
import pytest

from keras_bert_zoo.training import (
    WarmupConstant,
    WarmupCosine,
    WarmupInverseSqrt,
    WarmupLinear,
)
from keras_bert_zoo.training.schedules import SCHEDULES

THEIRS = {
    "linear": "get_linear_schedule_with_warmup",
    "cosine": "get_cosine_schedule_with_warmup",
    "inverse_sqrt": "get_inverse_sqrt_schedule",
    "constant": "get_constant_schedule_with_warmup",
}


def rates(schedule, steps):
    return [float(keras.ops.convert_to_numpy(schedule(step))) for step in range(steps)]


@pytest.mark.parametrize("name", THEIRS)
@pytest.mark.parametrize(("total", "warmup"), [(10, 0), (10, 3), (10, 10), (1, 0), (1, 1), (97, 9)])
def test_the_numbers_of_transformers(name, total, warmup):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=3e-4)
    ends = (total,) if name in ("linear", "cosine") else ()
    theirs = getattr(transformers, THEIRS[name])(optimizer, warmup, *ends)
    expected = []
    for _ in range(total + 1):
        expected.append(theirs.get_last_lr()[0])
        optimizer.step()
        theirs.step()
    ours = rates(SCHEDULES[name](3e-4, total, warmup), total + 1)
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-11)


@pytest.mark.parametrize("name", ["linear", "cosine"])
def test_the_rate_stays_0_after_the_end(name):
    """That of transformers' cosine rises again."""
    assert rates(SCHEDULES[name](1.0, 4, 1), 9)[4:] == pytest.approx([0] * 5, abs=1e-7)


def test_by_hand():
    assert rates(WarmupLinear(1.0, 10, 2), 12) == pytest.approx(
        [0, 0.5, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0, 0]
    )
    assert rates(WarmupLinear(2.0, 4), 5) == [2, 1.5, 1, 0.5, 0]
    half = 0.5**0.5
    assert rates(WarmupCosine(2.0, 4), 5) == pytest.approx([2, 1 + half, 1, 1 - half, 0], abs=1e-6)
    assert rates(WarmupInverseSqrt(1.0, 20, 4), 17)[4::4] == pytest.approx(
        [1, half, 3**-0.5, 0.5], abs=1e-6
    )
    assert rates(WarmupConstant(1.0, 10, 2), 4) == [0, 0.5, 1, 1]


def test_steps_as_optimizers_count_them():
    step = keras.Variable(6, dtype="int32", trainable=False)
    assert float(WarmupLinear(1.0, 10, 2)(step)) == pytest.approx(0.5)


@pytest.mark.parametrize("cls", SCHEDULES.values())
def test_config_rebuilds_it(cls):
    schedule = cls(np.float32(0.5), np.int64(10), np.int64(2))
    config = keras.saving.serialize_keras_object(schedule)
    assert config["config"] == {"peak": 0.5, "total_steps": 10, "warmup_steps": 2}
    assert {type(value) for value in config["config"].values()} == {float, int}
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is cls
    assert rates(again, 12) == rates(schedule, 12)


@pytest.mark.parametrize("arguments", [(0, 0), (-1, 0), (10, 11), (10, -1)])
def test_impossible_steps(arguments):
    with pytest.raises(ValueError, match=f"Given: total_steps={arguments[0]}, warmup_steps"):
        WarmupLinear(1.0, *arguments)
