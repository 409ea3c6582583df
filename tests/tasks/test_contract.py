"""What every task can do, in one place. A task is covered once it is in `cases.CASES`."""

import warnings

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from tests.marks import cases
from tests.tasks.cases import CASES
from tests.tiny import to_numpy

QUIET = {"batch_size": 2, "verbose": 0}


# They differ from other cases by what they read; VisualBERT's answers are among the others.
SLOW = ("visual-mask", "visual-choice")
# Where several programs are compiled for each: a CRF's loops take TensorFlow most of a minute.
QUICK = ("text", "token", "span", "choice", "embed")
several_programs = pytest.mark.parametrize(
    "case",
    cases(CASES, slow=(*SLOW, "token-crf"), slow_to_compile={*CASES} - {*QUICK}),
    indirect=True,
    ids=str,
)


@pytest.fixture(scope="module", params=cases(CASES, SLOW), ids=str)
def case(request):
    return CASES[request.param]


@pytest.fixture(scope="module")
def trained(case):
    """A task that `fit` has been through, and what `fit` returned."""
    keras.utils.set_random_seed(0)
    task = case.build(recipe=kbz.Recipe(1e-3))
    data = (case.x,) if case.y is None else (case.x, case.y)
    return task, task.fit(case.x, case.y, epochs=2, validation_data=data, **QUIET).history


def arrays(outputs):
    """What `predict` returns, as a flat list of arrays."""
    return [np.asarray(a) for a in keras.tree.flatten(outputs)]


def assert_equal(ours, theirs, atol=0.0):
    for one, other in zip(arrays(ours), arrays(theirs), strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, atol=atol, rtol=0)


def test_fit_and_evaluate_tell_the_same(case, trained):
    task, history = trained
    assert len(history["loss"]) == 2
    assert np.isfinite(history["loss"]).all()
    figures = task.evaluate(case.x, case.y, return_dict=True, **QUIET)
    assert figures.keys() == {name for name in history if not name.startswith("val_")}
    for name, value in figures.items():
        assert value == pytest.approx(history[f"val_{name}"][-1], abs=1e-5)


def test_an_answer_for_each_row_whatever_the_batches(case, trained):
    task, _ = trained
    together = task.predict(case.x, verbose=0)
    assert len(together) == len(case.x)
    assert all(np.isfinite(array).all() for array in arrays(together))
    assert_equal(task.predict(case.x, **QUIET), together, 1e-5)


def test_saved_presets_answer_the_same(case, trained, tmp_path):
    task, _ = trained
    task.save_to_preset(tmp_path / "preset")
    again = kbz.from_preset(tmp_path / "preset")
    assert type(again) is type(task)
    assert again.get_config().keys() == task.get_config().keys()
    assert_equal(again.predict(case.x, verbose=0), task.predict(case.x, verbose=0))
    assert (tmp_path / "preset" / "README.md").read_text().count(type(task).example) == 1


def test_long_input(case, trained):
    task, _ = trained
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        (answer,) = task.predict([case.long], verbose=0)
    cut = [w for w in seen if issubclass(w.category, kbz.TruncationWarning)]
    assert bool(cut) is not case.windows
    assert all(np.isfinite(array).all() for array in arrays(answer))


def test_nothing_at_all(case, trained):
    task, _ = trained
    assert len(task.predict([], verbose=0)) == 0
    with pytest.raises(ValueError, match="empty"):
        task.fit([], None if case.y is None else [], verbose=0)


def test_wrong_labels_are_refused(case, trained):
    task, _ = trained
    labels, words = case.wrong
    with pytest.raises(ValueError, match=words):
        task.fit(case.x, labels, verbose=0)
    if case.y is not None:
        with pytest.raises(ValueError, match="must match"):
            task.fit(case.x, [*case.y, case.y[0]], verbose=0)
    if case.needs_labels:
        with pytest.raises(ValueError, match="Labels are missing"):
            task.fit(case.x, verbose=0)


def test_encoded_inputs(case, trained):
    """The model itself takes what its preprocessing makes."""
    task, _ = trained
    inputs = task._feeder().encode(case.x)
    outputs = arrays(keras.tree.map_structure(to_numpy, task(inputs)))
    assert all(len(output) == len(inputs["token_ids"]) for output in outputs)


def test_a_batch_at_a_time(case, trained):
    task, _ = trained
    before = task.get_weights()
    assert np.isfinite(task.test_on_batch(case.x, case.y, return_dict=True)["loss"])
    assert np.isfinite(task.train_on_batch(case.x, case.y, return_dict=True)["loss"])
    task.set_weights(before)


def test_figures_are_those_of_the_real_rows(case, trained):
    """Batches that are filled up: one row fewer than two batches hold."""
    task, _ = trained
    data = case.x[:3], None if case.y is None else case.y[:3]
    theirs = task.evaluate(*data, return_dict=True, **QUIET)
    task.preprocessor.fixed_batch_shape = True
    try:
        task.compile()
        ours = task.evaluate(*data, return_dict=True, **QUIET)
    finally:
        task.preprocessor.fixed_batch_shape = False
        task.compile()
    for name in ours.keys() - {"loss"}:
        assert ours[name] == pytest.approx(theirs[name], abs=1e-5)
    # Keras weighs the losses of batches by their rows, filled ones included.
    assert ours["loss"] == pytest.approx(theirs["loss"], rel=0.3)


@several_programs
def test_half_precision(case):
    with kbz.precision.dtype_scope("mixed_bfloat16"):
        task = case.build()
    assert np.isfinite(task.fit(case.x, case.y, verbose=0).history["loss"]).all()
    # Losses and answers are made of float32.
    assert all(array.dtype == "float32" for array in arrays(task.predict(case.x, verbose=0)))


@several_programs
def test_low_rank_and_int8(case):
    task = case.build()
    before = task.predict(case.x, verbose=0)
    task.quantize("int8")
    for one, other in zip(arrays(task.predict(case.x, verbose=0)), arrays(before), strict=True):
        np.testing.assert_allclose(one, other, atol=0.3)
    task = case.build()
    task.enable_lora(2)
    assert np.isfinite(task.train_on_batch(case.x, case.y, return_dict=True)["loss"])


@several_programs
def test_keras_files_go_on_as_if_never_saved(case, tmp_path):
    task = case.build()
    task.compile(total_steps=40)
    task.fit(case.x, case.y, **QUIET)
    task.save(tmp_path / "task.keras")
    again = keras.saving.load_model(tmp_path / "task.keras")
    for one in (task, again):
        one.fit(case.x, case.y, **QUIET)
    assert_equal(again.predict(case.x, verbose=0), task.predict(case.x, verbose=0), 1e-6)
