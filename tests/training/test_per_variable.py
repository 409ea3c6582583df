"""Rates and decay of their own for some variables, and updates that are counted."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_bert_zoo.training import AdamW, Lamb, WarmupLinear
from tests.training.test_optimizers import SHAPES, gradients, numpy_of, train, variables

FACTORS = {"^embed": 0.25, "kernel": 0.5, "gamma": 0.0, "k": 7.0}


@pytest.mark.parametrize("scheduled", [False, True])
def test_groups_of_torch(scheduled):
    """One group of parameters for each factor, with its own rate, on torch."""
    torch = pytest.importorskip("torch")
    rate = WarmupLinear(1e-2, 25, 5) if scheduled else 1e-2
    rate_at = (lambda n: 1e-2 * min(n / 5, (25 - n) / 20)) if scheduled else (lambda n: 1e-2)
    theirs = [torch.nn.Parameter(torch.tensor(value)) for value in numpy_of(variables())]
    factors = dict(zip(SHAPES, (0.5, 1.0, 0.0, 1.0, 0.25)))
    groups = [
        {"params": [one], "weight_decay": 0.1 if name in ("kernel", "embeddings") else 0.0}
        for name, one in zip(SHAPES, theirs)
    ]
    optimizer = torch.optim.AdamW(groups, lr=1.0, eps=1e-8)
    for number, step in enumerate(gradients()):
        for one, gradient in zip(theirs, step):
            one.grad = torch.tensor(gradient)
        torch.nn.utils.clip_grad_norm_(theirs, 1.0)
        for group, factor in zip(optimizer.param_groups, factors.values()):
            group["lr"] = rate_at(number) * factor
        optimizer.step()
    ours = train(AdamW(rate, weight_decay=0.1, global_clipnorm=1.0, factors=FACTORS), gradients())
    for name, one, other in zip(SHAPES, ours, theirs):
        np.testing.assert_allclose(one, other.detach().numpy(), atol=1e-6, err_msg=name)
    np.testing.assert_array_equal(ours[2], numpy_of(variables())[2])  # its factor is 0


@pytest.mark.parametrize("cls", [AdamW, Lamb])
def test_config_keeps_factors(cls):
    optimizer = cls(0.01, weight_decay=0.3, factors=FACTORS)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))
    assert again.factors == FACTORS
    assert list(again.factors) == list(FACTORS)  # the first that is found counts
    for one, other in zip(train(optimizer, gradients()), train(again, gradients())):
        np.testing.assert_array_equal(one, other)


def test_a_factor_below_0():
    with pytest.raises(ValueError, match="is 0 or more. Given: {'kernel': -1}"):
        AdamW(factors={"kernel": -1, "bias": 2})


@pytest.mark.parametrize("cls", [AdamW, Lamb])
def test_the_rate_is_set_as_with_any_optimizer(cls):
    """As `ReduceLROnPlateau` does."""
    whole, halved = (cls(0.2, factors={"kernel": 0.5}) for _ in range(2))
    halved.learning_rate = 0.1
    assert float(halved.learning_rate) == pytest.approx(0.1)
    start = numpy_of(variables())
    far, near = (train(one, gradients(1)) for one in (whole, halved))
    for first, one, other in zip(start, far, near):
        np.testing.assert_allclose(one - first, 2 * (other - first), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("cls", [AdamW, Lamb])
def test_schedules_count_updates_not_batches(cls):
    """Two batches an update: what one batch with their mean makes."""
    steps = gradients(12)
    means = [[(one + other) / 2 for one, other in zip(*pair)] for pair in zip(*[iter(steps)] * 2)]
    options = {"weight_decay": 0.1, "factors": FACTORS}
    plain = cls(WarmupLinear(0.05, 8, 2), **options)
    gathered = cls(WarmupLinear(0.05, 8, 2), gradient_accumulation_steps=2, **options)
    for one, other in zip(train(plain, means), train(gathered, steps)):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert int(gathered.iterations) == int(plain.iterations) == 6
    assert float(gathered.learning_rate) == pytest.approx(0.05 * 2 / 6)


def lamb(steps, rate, decay, epsilon=1e-6, betas=(0.9, 0.999)):
    """Algorithm 2 of https://arxiv.org/abs/1904.00962 in numpy, in double precision."""
    found = []
    for name, x, grads in zip(SHAPES, numpy_of(variables()), zip(*steps)):
        x, m, v = x.astype("float64"), 0.0, 0.0
        for t, gradient in enumerate(grads, start=1):
            m = betas[0] * m + (1 - betas[0]) * gradient
            v = betas[1] * v + (1 - betas[1]) * gradient.astype("float64") ** 2
            r = m / (1 - betas[0] ** t) / (np.sqrt(v / (1 - betas[1] ** t)) + epsilon)
            if name in ("kernel", "embeddings"):
                r = r + decay * x
                x = x - rate * np.linalg.norm(x) / np.linalg.norm(r) * r
            else:
                x = x - rate * r
        found.append(x)
    return found


def test_lamb_by_hand():
    ours = train(Lamb(0.02, weight_decay=0.1), gradients())
    for name, one, other in zip(SHAPES, ours, lamb(gradients(), 0.02, 0.1)):
        np.testing.assert_allclose(one, other, atol=1e-5, err_msg=name)


def test_lamb_where_nothing_is_known():
    """A variable of zeros, and one without a gradient, have no length to scale to."""
    trained = [keras.Variable(np.zeros((2, 2), "float32"), name="kernel")]
    optimizer = Lamb(0.1, weight_decay=0.0)
    optimizer.build(trained)
    optimizer.apply([ops.zeros((2, 2))], trained)
    np.testing.assert_array_equal(numpy_of(trained)[0], 0.0)
    optimizer.apply([ops.ones((2, 2))], trained)
    assert np.isfinite(numpy_of(trained)[0]).all()
    assert (numpy_of(trained)[0] < 0).all()
