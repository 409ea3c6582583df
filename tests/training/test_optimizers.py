"""AdamW, against torch's, and through every way of saving it."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_bert_zoo.training import AdamW, WarmupLinear
from tests.tiny import tiny_encoder

SHAPES = {"kernel": (5, 3), "bias": (3,), "gamma": (4,), "beta": (4,), "embeddings": (7, 2)}
DECAYING = ("kernel", "embeddings")


def variables():
    rng = np.random.default_rng(0)
    return [
        keras.Variable(rng.normal(size=shape).astype("float32"), name=name)
        for name, shape in SHAPES.items()
    ]


def gradients(steps=20):
    rng = np.random.default_rng(1)
    return [
        [rng.normal(size=shape).astype("float32") for shape in SHAPES.values()]
        for _ in range(steps)
    ]


def numpy_of(tensors):
    return [ops.convert_to_numpy(ops.convert_to_tensor(tensor)) for tensor in tensors]


def train(optimizer, steps):
    trained = variables()
    optimizer.build(trained)
    for one in steps:
        optimizer.apply([ops.convert_to_tensor(gradient) for gradient in one], trained)
    return numpy_of(trained)


def train_torch(steps, *, decaying, clip_norm, rate_at):
    """The same with torch's optimizer, clipping and a rate set by hand."""
    torch = pytest.importorskip("torch")
    trained = [torch.nn.Parameter(torch.tensor(value)) for value in numpy_of(variables())]
    groups = [
        {"params": [parameter], "weight_decay": 0.1 if name in decaying else 0.0}
        for name, parameter in zip(SHAPES, trained)
    ]
    optimizer = torch.optim.AdamW(groups, lr=1.0, eps=1e-8)
    for number, one in enumerate(steps):
        for parameter, gradient in zip(trained, one):
            parameter.grad = torch.tensor(gradient)
        if clip_norm:
            torch.nn.utils.clip_grad_norm_(trained, clip_norm)
        for group in optimizer.param_groups:
            group["lr"] = rate_at(number)
        optimizer.step()
    return [parameter.detach().numpy() for parameter in trained]


@pytest.mark.parametrize("clip_norm", [None, 1.0, 1e3], ids=["unclipped", "clipped", "short"])
@pytest.mark.parametrize("scheduled", [False, True])
def test_twenty_steps_as_torch_makes_them(clip_norm, scheduled):
    rate = WarmupLinear(1e-3, 25, 5) if scheduled else 1e-3
    optimizer = AdamW(rate, weight_decay=0.1, global_clipnorm=clip_norm)
    rate_at = (lambda n: 1e-3 * min(n / 5, (25 - n) / 20)) if scheduled else (lambda n: 1e-3)
    theirs = train_torch(gradients(), decaying=DECAYING, clip_norm=clip_norm, rate_at=rate_at)
    for name, one, other in zip(SHAPES, train(optimizer, gradients()), theirs):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6, err_msg=name)


def test_repeated_tokens_count_as_their_sum():
    def trained(clip_norm):
        tokens = keras.Input((4,), dtype="int32")
        vectors = keras.layers.Embedding(3, 2, embeddings_initializer="ones")(tokens)
        model = keras.Model(tokens, keras.layers.Flatten()(vectors))
        model.compile(optimizer=AdamW(0.1, global_clipnorm=clip_norm), loss="mse")
        for pattern in ([0, 0, 0, 1], [1, 1, 0, 2]):
            model.train_on_batch(np.array([pattern]), np.arange(8.0).reshape(1, 8))
        return model.get_weights()[0]

    # A norm that is never reached: the gradients pass the clipping as whole arrays.
    np.testing.assert_allclose(trained(clip_norm=None), trained(clip_norm=1e9), atol=1e-6)


def test_the_norm_of_repeated_tokens_is_that_of_their_sum():
    """By hand: three times token 1 is one row of the gradient, three times as long."""
    tokens = keras.Input((4,), dtype="int32")
    table = keras.layers.Embedding(3, 2, embeddings_initializer="zeros")
    model = keras.Model(tokens, table(tokens))
    options = {"weight_decay": 0.0, "epsilon": 1.0, "global_clipnorm": 0.5}
    model.compile(optimizer=AdamW(1.0, **options), loss="mse")
    model.train_on_batch(np.array([[1, 1, 1, 2]]), np.full((1, 4, 2), -4.0))
    gradient = np.array([[0, 0], [3, 3], [1, 1]]) * 2 * 4 / 8  # of the mean of (0 + 4)^2
    gradient *= 0.5 / np.sqrt((gradient**2).sum())
    scale = np.sqrt(1 - 0.999)  # Adam's first update, with epsilon added as in section 2
    expected = -gradient * scale / (np.abs(gradient) * scale + 1.0)
    np.testing.assert_allclose(model.get_weights()[0], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("no_decay", "decaying"),
    [
        ((), tuple(SHAPES)),
        ("bias", ("kernel", "gamma", "beta", "embeddings")),  # no letters b, i, a and s
        (["kernel"], ("bias", "gamma", "beta", "embeddings")),
        ((".*",), ()),
    ],
    ids=str,
)
def test_other_exclusions(no_decay, decaying):
    optimizer = AdamW(0.01, weight_decay=0.1, no_decay=no_decay)
    theirs = train_torch(gradients(3), decaying=decaying, clip_norm=None, rate_at=lambda n: 0.01)
    for name, one, other in zip(SHAPES, train(optimizer, gradients(3)), theirs):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6, err_msg=name)


def test_matrices_of_an_encoder_decay_and_vectors_do_not():
    """Without a gradient a weight of 1 becomes 1 - rate * decay, or stays."""
    trained = tiny_encoder(num_layers=1).trainable_variables
    for variable in trained:
        variable.assign(np.ones(variable.shape))
    optimizer = AdamW(0.1, weight_decay=0.5)
    optimizer.build(trained)
    optimizer.apply([ops.zeros(variable.shape) for variable in trained], trained)
    for variable, value in zip(trained, numpy_of(trained)):
        np.testing.assert_allclose(value, 0.95 if value.ndim > 1 else 1, err_msg=variable.path)
    assert {value.ndim for value in numpy_of(trained)} == {1, 2}


def test_config_keeps_exclusions_and_schedule():
    optimizer = AdamW(
        WarmupLinear(0.01, 25, 5), no_decay=["kernel"], weight_decay=0.3, global_clipnorm=0.5
    )
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))
    assert type(again) is AdamW
    assert again.get_config() == optimizer.get_config()
    assert (again.no_decay, again.total_steps, again.weight_decay) == (("kernel",), 25, 0.3)
    assert again.epsilon == 1e-8
    for one, other in zip(train(optimizer, gradients()), train(again, gradients())):
        np.testing.assert_array_equal(one, other)
    assert AdamW(1e-3).total_steps is None


def dense_and_norm():
    keras.utils.set_random_seed(5)
    layers = [keras.Input((4,)), keras.layers.Dense(3), keras.layers.LayerNormalization()]
    model = keras.Sequential([*layers, keras.layers.Dense(1)])
    model.compile(AdamW(WarmupLinear(0.05, 12, 2), weight_decay=0.5, global_clipnorm=1.0), "mse")
    return model


def train_model(model, steps):
    rng = np.random.default_rng(6)
    for _ in range(steps):
        model.train_on_batch(rng.normal(size=(8, 4)), rng.normal(size=(8, 1)))
    return model


def test_a_saved_model_goes_on_as_if_never_saved(tmp_path):
    model = train_model(dense_and_norm(), 3)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert type(again.optimizer) is AdamW
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert int(again.optimizer.iterations) == 3
    first, second = (numpy_of(train_model(one, 5).weights) for one in (model, again))
    for one, other in zip(first, second):
        np.testing.assert_allclose(one, other, atol=1e-7)
    # Exclusions that were forgotten would show: decay is strong here.
    assert np.abs(first[0] - model_without_exclusions()[0]).max() < 1
    assert np.abs(first[2] - model_without_exclusions()[2]).max() > 0.01


def model_without_exclusions():
    model = dense_and_norm()
    model.compile(AdamW(WarmupLinear(0.05, 12, 2), weight_decay=0.5, no_decay=()), "mse")
    return numpy_of(train_model(train_model(model, 3), 5).weights)
