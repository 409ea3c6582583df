"""Metrics over filled batches are those over the rows that are real."""

import keras
import numpy as np
import pytest
from keras import metrics

from keras_bert_zoo.training import RealRows

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(10, 3)).astype("float32")
CLASSES = RNG.integers(0, 3, 10)
HOT = RNG.integers(0, 2, (10, 3)).astype("float32")
NUMBERS = RNG.normal(size=(10, 1)).astype("float32")
# Seven real rows, weighted as in training; three that were filled in.
WEIGHTS = np.array([2.5, 1, 0.1, 3, 1, 1, 7, 0, 0, 0], "float32")


def margin(y_true, y_pred):
    """A metric that is only a function."""
    return keras.ops.max(y_pred, axis=-1) - keras.ops.min(y_pred, axis=-1)


CASES = {
    "classes": (lambda: metrics.SparseCategoricalAccuracy(name="accuracy"), CLASSES, LOGITS),
    "several": (lambda: metrics.BinaryAccuracy(threshold=0.0), HOT, LOGITS),
    "numbers": (lambda: metrics.MeanAbsoluteError(name="mae"), NUMBERS, LOGITS[:, :1]),
    "f1": (lambda: metrics.F1Score(threshold=0.5), HOT, LOGITS),
    "function": (lambda: metrics.MeanMetricWrapper(margin), CLASSES, LOGITS),
    "loss": (lambda: metrics.SparseCategoricalCrossentropy(from_logits=True), CLASSES, LOGITS),
}


def result(metric):
    return keras.ops.convert_to_numpy(metric.result())


@pytest.mark.parametrize("name", CASES)
def test_filled_rows_do_not_count_and_real_rows_count_once(name):
    make, y_true, y_pred = CASES[name]
    wrapped, plain = RealRows(make()), make()
    wrapped.update_state(y_true, y_pred, sample_weight=WEIGHTS)
    plain.update_state(y_true[:7], y_pred[:7])
    np.testing.assert_allclose(result(wrapped), result(plain), rtol=1e-6)
    # Over several batches, one of them without weights.
    wrapped.update_state(y_true[:4], y_pred[:4])
    plain.update_state(y_true[:4], y_pred[:4])
    np.testing.assert_allclose(result(wrapped), result(plain), rtol=1e-6)


def test_weights_would_change_the_plain_metric():
    """Else the tests above could not fail."""
    make, y_true, y_pred = CASES["classes"]
    weighted, plain = make(), make()
    weighted.update_state(y_true, y_pred, sample_weight=WEIGHTS)
    plain.update_state(y_true[:7], y_pred[:7])
    assert abs(result(weighted) - result(plain)) > 0.01


def test_reset():
    make, y_true, y_pred = CASES["classes"]
    wrapped = RealRows(make())
    wrapped.update_state(y_true, y_pred)
    assert result(wrapped) > 0
    wrapped.reset_state()
    assert result(wrapped) == 0
    assert [float(keras.ops.sum(variable)) for variable in wrapped.variables] == [0, 0]


def test_names():
    assert RealRows(metrics.MeanAbsoluteError(name="mae")).name == "mae"
    assert RealRows(metrics.MeanAbsoluteError(), name="other").name == "other"
    assert RealRows("sparse_categorical_accuracy").name == "sparse_categorical_accuracy"
    assert RealRows(margin).name == "margin"


@pytest.mark.parametrize("name", ["accuracy", "acc", "Accuracy"])
def test_accuracy_alone_could_be_any(name):
    """Keras would take it for equality of labels and logits, which is always 0."""
    with pytest.raises(ValueError, match=rf"Which accuracy is '{name}'.*SparseCategoricalAccuracy"):
        RealRows(name)


def test_config_rebuilds_it():
    wrapped = RealRows(metrics.BinaryAccuracy(threshold=0.0, name="inner"), name="outer")
    config = keras.saving.serialize_keras_object(wrapped)
    for _ in range(2):  # a config can be used again
        again = keras.saving.deserialize_keras_object(config)
        assert type(again) is RealRows
        assert (again.name, again.metric.name, again.metric.threshold) == ("outer", "inner", 0.0)
    inner = wrapped.get_config()
    assert RealRows.from_config(inner).name == RealRows.from_config(inner).name == "outer"


def test_in_keras_own_evaluation():
    """Batches of 4, of 4 and of 2 filled up to 4."""
    make, y_true, y_pred = CASES["classes"]
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Identity()(inputs))
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        weighted_metrics=[RealRows(make())],
    )
    filled = [np.concatenate([array, np.zeros_like(array[:2])]) for array in (y_pred, y_true)]
    weights = np.array([1.2] * 10 + [0, 0], "float32")
    got = model.evaluate(*filled, batch_size=4, sample_weight=weights, verbose=0, return_dict=True)
    assert got["accuracy"] == pytest.approx((y_pred.argmax(1) == y_true).mean(), abs=1e-6)
