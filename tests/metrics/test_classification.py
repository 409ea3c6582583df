"""Metrics of classes are those of scikit-learn."""

import keras
import numpy as np
import pytest

from keras_bert_zoo.metrics import F1, MatthewsCorrelation, accuracy, f1, matthews

REASON = "the reference"


def draw(seed, classes, count=60):
    """Ids that agree with their predictions more often than not."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, classes, count)
    return true, np.where(rng.random(count) < 0.6, true, rng.integers(0, classes, count))


def logits_of(ids, classes):
    rng = np.random.default_rng(len(ids))
    return (rng.random((len(ids), classes)) + 2 * np.eye(classes)[ids]).astype("float32")


@pytest.mark.any_backend
@pytest.mark.parametrize("classes", [2, 3, 7])
def test_functions_equal_scikit_learn(classes):
    reference = pytest.importorskip("sklearn.metrics", reason=REASON)
    true, ours = draw(classes, classes)
    assert accuracy(true, ours) == pytest.approx(reference.accuracy_score(true, ours))
    assert matthews(true, ours) == pytest.approx(reference.matthews_corrcoef(true, ours))
    for average in ("macro", "micro") + (("binary",) if classes == 2 else ()):
        theirs = reference.f1_score(true, ours, average=average)
        assert f1(true, ours, average=average) == pytest.approx(theirs)
    names = np.array(list("gfedcba"))
    theirs = reference.f1_score(names[true], names[ours], average="macro")
    assert f1(names[true], names[ours], average="macro") == pytest.approx(theirs)


@pytest.mark.any_backend
def test_functions_by_hand():
    true, ours = ["y", "y", "n", "n"], ["y", "n", "n", "n"]
    assert accuracy(true, ours) == 0.75
    assert f1(true, ours, positive="y") == pytest.approx(2 / 3)
    assert f1(true, ours, positive="n") == pytest.approx(4 / 5)
    assert f1(true, ours, average="macro") == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert matthews(true, ours) == pytest.approx((1 * 2 - 0 * 1) / np.sqrt(1 * 2 * 3 * 2))


@pytest.mark.any_backend
def test_where_they_are_not_defined():
    assert matthews([0, 1], [1, 1]) == matthews([0, 0], [0, 0]) == 0.0
    assert f1([0, 0], [0, 0]) == 0.0
    assert f1([1], [1]) == 1.0


@pytest.mark.any_backend
@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (accuracy, ([1], [1, 2]), "1 labels and 2 predictions"),
        (matthews, ([], []), "0 labels and 0 predictions"),
        (accuracy, (["1"], [1]), "all str or all numbers. Given: '1' and 1"),
        (f1, ([0, 1, 2], [0, 1, 2]), "average='binary'.*Found: 0, 1, 2. Name the positive"),
        (f1, (["n", "y"], ["n", "n"]), "about the label 1 and at most one other. Found: 'n', 'y'"),
        (f1, ([0], [0], "makro"), "Unknown average 'makro'. Did you mean 'macro'"),
    ],
)
def test_what_is_wrong_is_said(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments)


CASES = {
    "matthews_2": (lambda: MatthewsCorrelation(2), 2, "matthews_corrcoef", {}),
    "matthews_5": (lambda: MatthewsCorrelation(5), 5, "matthews_corrcoef", {}),
    "f1_binary": (lambda: F1(2), 2, "f1_score", {}),
    "f1_macro": (lambda: F1(5, "macro"), 5, "f1_score", {"average": "macro"}),
    "f1_micro": (lambda: F1(5, "micro"), 5, "f1_score", {"average": "micro"}),
    # Classes that do not occur count neither here nor there.
    "f1_some": (lambda: F1(9, "macro"), 5, "f1_score", {"average": "macro"}),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_metrics_equal_scikit_learn(name, weighted):
    reference = pytest.importorskip("sklearn.metrics", reason=REASON)
    make, classes, theirs, options = CASES[name]
    metric = make()
    true, ours = draw(3, classes)
    logits = logits_of(ours, metric.num_classes)
    weights = np.random.default_rng(0).integers(0, 4, len(true)) / 2 if weighted else None
    assert float(metric.result()) == 0.0
    for part in (slice(0, 25), slice(25, 26), slice(26, None)):
        metric.update_state(true[part], logits[part], weights[part] if weighted else None)
    expected = getattr(reference, theirs)(true, ours, sample_weight=weights, **options)
    assert float(metric.result()) == pytest.approx(expected, abs=1e-5)
    metric.reset_state()
    assert float(metric.result()) == 0.0


@pytest.mark.parametrize("form", ["ids", "column of ids", "logits of class 1", "column of logits"])
def test_forms_of_predictions(form):
    true, ours = draw(4, 2)
    y_pred = {
        "ids": ours,
        "column of ids": ours[:, None],
        "logits of class 1": (ours - 0.5).astype("float32"),
        "column of logits": (ours - 0.5).astype("float32")[:, None],
    }[form]
    metric = F1(2)
    metric.update_state(true[:, None], y_pred)
    assert float(metric.result()) == pytest.approx(f1(true, ours), abs=1e-6)


def test_matthews_of_many_rows():
    """A hundred thousand rows, one in a hundred of them positive."""
    rng = np.random.default_rng(5)
    true = (rng.random(100_000) < 0.01).astype(int)
    ours = np.where(rng.random(100_000) < 0.99, true, 1 - true)
    metric = MatthewsCorrelation(2)
    metric.update_state(true, ours)
    assert float(metric.result()) == pytest.approx(matthews(true, ours), abs=1e-5)


def test_matthews_of_one_class():
    metric = MatthewsCorrelation(3)
    metric.update_state([0, 1, 2], [1, 1, 1])
    assert float(metric.result()) == 0.0


def test_in_keras_own_evaluation():
    true, ours = draw(6, 3)
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Identity()(inputs))
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[MatthewsCorrelation(3), F1(3, "macro")],
    )
    got = model.evaluate(logits_of(ours, 3), true, batch_size=16, verbose=0, return_dict=True)
    assert got["matthews"] == pytest.approx(matthews(true, ours), abs=1e-5)
    assert got["f1"] == pytest.approx(f1(true, ours, "macro"), abs=1e-5)


@pytest.mark.parametrize("metric", [MatthewsCorrelation(4, name="a"), F1(4, "micro", name="b")])
def test_config_rebuilds_it(metric):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
    assert type(again) is type(metric)
    assert again.get_config() == metric.get_config()


def test_what_is_wrong_is_said_of_metrics():
    with pytest.raises(ValueError, match="num_classes must be 2 or more. Given: 1"):
        MatthewsCorrelation(1)
    with pytest.raises(ValueError, match="'binary' is for two classes. Given: num_classes=3"):
        F1(3)
    with pytest.raises(ValueError, match="Unknown average 'weighted'"):
        F1(3, "weighted")
    with pytest.raises(ValueError, match=r"\(batch, 3\) scores.*Given: \(4, 2\) of float32"):
        F1(3, "macro").update_state([0] * 4, np.zeros((4, 2), "float32"))
    with pytest.raises(ValueError, match=r"Given: \(4,\) of float32"):
        F1(3, "macro").update_state([0] * 4, np.zeros(4, "float32"))
