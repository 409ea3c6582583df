"""What every task can do, in one place. A task is covered once it is in `cases.CASES`."""

import warnings

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from tests.tasks.cases import CASES
from tests.tiny import to_numpy


@pytest.fixture(params=CASES, ids=str)
def case(request):
    return CASES[request.param]


def arrays(outputs):
    """What `predict` returns, as a flat list of arrays."""
    return [np.asarray(a) for a in keras.tree.flatten(outputs)]


def assert_equal(ours, theirs, atol=0.0):
    ours, theirs = arrays(ours), arrays(theirs)
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, atol=atol, rtol=0)


def test_fit_evaluate_predict(case):
    task = case.build(recipe=kbz.Recipe(1e-3))
    history = task.fit(case.x, case.y, epochs=2, batch_size=2, verbose=0).history
    assert len(history["loss"]) == 2
    assert np.isfinite(history["loss"]).all()
    figures = task.evaluate(case.x, case.y, verbose=0, return_dict=True)
    assert np.isfinite(figures["loss"])
    predicted = task.predict(case.x, verbose=0)
    assert len(predicted) == len(case.x)
    assert all(np.isfinite(array).all() for array in arrays(predicted))


def test_the_figures_of_validation_are_those_of_evaluate(case):
    task = case.build()
    options = {"epochs": 1, "batch_size": 2, "verbose": 0}
    history = task.fit(case.x, case.y, validation_data=validation(case), **options).history
    figures = task.evaluate(case.x, case.y, batch_size=2, verbose=0, return_dict=True)
    for name, value in figures.items():
        assert value == pytest.approx(history[f"val_{name}"][-1], abs=1e-5)


def validation(case):
    return (case.x,) if case.y is None else (case.x, case.y)


def test_batches_do_not_change_the_answers(case):
    task = case.build()
    together = task.predict(case.x, verbose=0)
    assert_equal(task.predict(case.x, batch_size=1, verbose=0), together, 1e-5)


def test_saved_presets_answer_the_same(case, tmp_path):
    task = case.build()
    task.fit(case.x, case.y, verbose=0)
    task.save_to_preset(tmp_path / "preset")
    again = kbz.from_preset(tmp_path / "preset")
    assert type(again) is type(task)
    assert again.get_config().keys() == task.get_config().keys()
    assert_equal(again.predict(case.x, verbose=0), task.predict(case.x, verbose=0))
    assert (tmp_path / "preset" / "README.md").read_text().count(type(task).example) == 1


def test_keras_files_go_on_as_if_never_saved(case, tmp_path):
    task = case.build()
    task.fit(case.x, case.y, epochs=2, batch_size=2, verbose=0)
    task.save(tmp_path / "task.keras")
    again = keras.saving.load_model(tmp_path / "task.keras")
    for one in (task, again):
        one.fit(case.x, case.y, epochs=1, batch_size=2, verbose=0)
    assert_equal(again.predict(case.x, verbose=0), task.predict(case.x, verbose=0), 1e-6)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "bfloat16"])
def test_half_precision(case, dtype):
    with kbz.precision.dtype_scope(dtype):
        task = case.build(encoder=None)
    history = task.fit(case.x, case.y, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    # Losses and answers are made of float32.
    assert all(array.dtype == "float32" for array in arrays(task.predict(case.x, verbose=0)))


def test_fixed_batch_shapes_learn_the_same(case):
    weights = None
    for fixed in (False, True):
        keras.utils.set_random_seed(3)
        encoder = kbz.encoder.Encoder.from_config(case.build().encoder.get_config())
        task = case.build(encoder=without_dropout(encoder))
        weights = weights or task.get_weights()
        task.set_weights(weights)
        task.preprocessor.fixed_batch_shape = fixed
        task.fit(case.x, case.y, epochs=1, batch_size=2, verbose=0)
        figures = task.evaluate(case.x, case.y, batch_size=2, verbose=0, return_dict=True)
        if not fixed:
            expected = figures
    assert figures.keys() == expected.keys()
    for name in figures.keys() - {"loss"}:
        assert figures[name] == pytest.approx(expected[name], abs=1e-3)
    assert figures["loss"] == pytest.approx(expected["loss"], rel=0.3)


def without_dropout(encoder):
    config = {**encoder.get_config(), "dropout": 0.0, "attention_dropout": 0.0}
    return type(encoder).from_config(config)


def test_long_input(case):
    task = case.build()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        (answer,) = task.predict([case.long], verbose=0)
    cut = [w for w in seen if issubclass(w.category, kbz.TruncationWarning)]
    assert bool(cut) is not case.windows
    assert all(np.isfinite(array).all() for array in arrays(answer))


def test_nothing_at_all(case):
    task = case.build()
    assert len(task.predict([], verbose=0)) == 0
    with pytest.raises(ValueError, match="empty"):
        task.fit([], None if case.y is None else [], verbose=0)


def test_wrong_labels_are_refused(case):
    labels, words = case.wrong
    with pytest.raises(ValueError, match=words):
        case.build().fit(case.x, labels, verbose=0)
    if case.y is not None:
        with pytest.raises(ValueError, match="must match"):
            case.build().fit(case.x, [*case.y, case.y[0]], verbose=0)
        with pytest.raises(ValueError, match="Labels are missing"):
            case.build().fit(case.x, verbose=0)


def test_a_batch_at_a_time(case):
    task = case.build(recipe=kbz.Recipe(1e-2))
    first = task.train_on_batch(case.x, case.y, return_dict=True)["loss"]
    assert np.isfinite(first)
    assert np.isfinite(task.test_on_batch(case.x, case.y, return_dict=True)["loss"])


def test_encoded_inputs(case):
    """The model itself takes what its preprocessing makes."""
    task = case.build()
    inputs = task._feeder().encode(case.x)
    outputs = arrays(keras.tree.map_structure(to_numpy, task(inputs)))
    assert all(len(output) == len(inputs["token_ids"]) for output in outputs)


def test_low_rank_and_int8(case):
    task = case.build()
    task.enable_lora(2)
    task.fit(case.x, case.y, verbose=0)
    task = case.build()
    before = task.predict(case.x, verbose=0)
    task.quantize("int8")
    for one, other in zip(arrays(task.predict(case.x, verbose=0)), arrays(before)):
        np.testing.assert_allclose(one, other, atol=0.3)
