"""A training that was interrupted goes on as if it had not been, to the last bit."""

import errno

import keras
import numpy as np
import pytest

from keras_bert_zoo.training import ResumableTraining
from keras_bert_zoo.training import checkpoint_folder as folders
from keras_bert_zoo.training.checkpoint_folder import CheckpointFolder, ResumeWarning
from keras_bert_zoo.training.rewind import NonFiniteError
from keras_bert_zoo.training.run_description import OtherRun
from tests.training.interrupted import (
    Losses,
    Numbers,
    Passes,
    assert_same_weights,
    small_model,
    train,
)

DATA = {
    "stream": (Numbers, 7, 3),
    "passes": (Passes, None, 3),
    "passes in pieces": (Passes, 4, 5),
}


@pytest.mark.parametrize("kind", DATA)
@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_goes_on_bit_for_bit(kind, tmp_path):
    make, steps, epochs = DATA[kind]
    options = {"steps_per_epoch": steps, "epochs": epochs}
    compiled = kind == "passes"
    model = small_model(compiled=compiled)
    losses, history, weights = train(tmp_path / "whole", make(), model=model, **options)
    for seed, stop in enumerate((4, 6)):
        model = small_model(compiled=compiled)
        if seed:
            keras.utils.set_random_seed(seed)  # nothing may depend on the state of this process
        seen, _, _ = train(tmp_path / "run", make(), stop, model=model, **options)
        start = losses.index(seen[0])
        assert seen == losses[start : start + stop]
    model = small_model(compiled=compiled)
    seen, resumed_history, resumed = train(tmp_path / "run", make(), model=model, **options)
    assert seen == losses[len(losses) - len(seen) :]
    assert 0 < len(seen) < len(losses)
    assert resumed_history == history
    assert_same_weights(resumed, weights)


def scaled_model():
    """Gradients of a scaled loss; the scale doubles after every four updates."""
    model = small_model()
    optimizer = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.AdamW(1e-2), initial_scale=2.0, dynamic_growth_steps=4
    )
    model.compile(optimizer, "mse", run_eagerly=model.run_eagerly)
    return model


def model_of_three_steps_at_once():
    if keras.config.backend() == "torch":
        pytest.skip("Keras takes one step at once on PyTorch")
    model = small_model(compiled=True)
    model.compile(keras.optimizers.AdamW(1e-2), "mse", steps_per_execution=3)
    return model


@pytest.mark.parametrize("make", [scaled_model, model_of_three_steps_at_once])
def test_what_else_trains(make, tmp_path):
    losses, history, weights = train(tmp_path / "whole", Passes(), model=make(), epochs=3)
    train(tmp_path / "run", Passes(), len(losses) // 2, model=make(), epochs=3)
    keras.utils.set_random_seed(1)
    seen, resumed_history, resumed = train(tmp_path / "run", Passes(), model=make(), epochs=3)
    assert 0 < len(seen) < len(losses)
    assert (seen, resumed_history) == (losses[-len(seen) :], history)
    assert_same_weights(resumed, weights)


def test_a_run_that_is_over_is_not_trained_again(tmp_path):
    _, history, weights = train(tmp_path, Passes(), epochs=2)
    seen, again, same = train(tmp_path, Passes(), epochs=2)
    assert (seen, again) == ([], history)
    assert_same_weights(same, weights)
    seen, more, _ = train(tmp_path, Passes(), epochs=3)
    assert len(seen) == 10
    assert more["loss"][:2] == history["loss"]


def test_the_same_model_in_the_same_process(tmp_path):
    losses, history, weights = train(tmp_path / "whole", Passes(), epochs=2)
    model, data = small_model(), Passes()
    train(tmp_path / "run", data, 5, model=model, epochs=2)
    seen, resumed_history, resumed = train(tmp_path / "run", data, model=model, epochs=2)
    assert (seen, resumed_history) == (losses[3:], history)
    assert_same_weights(resumed, weights)


def test_saving_changes_nothing(tmp_path):
    losses, model = Losses(), small_model()
    history = model.fit(Passes(), epochs=1, callbacks=[losses], verbose=0, shuffle=False)
    seen, same, weights = train(tmp_path, Passes(), epochs=1)
    assert (seen, same) == (losses.seen, history.history)
    assert_same_weights(weights, model.get_weights())


def test_arrays_in_an_order_of_their_own(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(22, 6)).astype("float32"), rng.normal(size=(22, 1)).astype("float32")
    options = {"y": y, "batch_size": 4, "epochs": 2, "validation_data": (x, y)}
    losses, history, weights = train(tmp_path / "whole", x, seed=5, **options)
    assert set(history) == {"loss", "mae", "val_loss", "val_mae"}
    train(tmp_path / "run", x, 8, seed=5, **options)
    seen, resumed_history, resumed = train(tmp_path / "run", x, **options)  # the seed is saved
    assert (seen, resumed_history) == (losses[6:], history)
    assert_same_weights(resumed, weights)
    with pytest.raises(OtherRun, match="data: arrays was"):
        train(tmp_path / "run", x + 1, **options)


def test_callbacks_keep_their_memory_and_see_one_training(tmp_path):
    def callbacks():
        ends = keras.callbacks.LambdaCallback(
            on_train_begin=lambda logs: seen.append("begin"),
            on_train_end=lambda logs: seen.append("end"),
        )
        stopping = keras.callbacks.EarlyStopping(
            "loss", patience=2, min_delta=1e9, restore_best_weights=True
        )
        return [
            keras.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=1e9),
            stopping,
            ends,
        ]

    seen = []
    losses, history, weights = train(tmp_path / "whole", Passes(), callbacks=callbacks())
    assert (len(history["loss"]), seen) == (3, ["begin", "end"])
    train(tmp_path / "run", Passes(), 25, callbacks=callbacks())  # saved last after batch 23
    seen.clear()
    rest, resumed_history, resumed = train(tmp_path / "run", Passes(), callbacks=callbacks())
    assert (rest, resumed_history) == (losses[23:], history)
    assert seen == ["begin", "end"]
    assert_same_weights(resumed, weights)


# ------------------------------------------------------------------ what is refused


def test_other_data_is_refused(tmp_path):
    train(tmp_path, Numbers(), 5, steps_per_epoch=7)
    with pytest.raises(OtherRun, match="batch 2 is another one"):
        train(tmp_path, Numbers(seed=4), steps_per_epoch=7)
    with pytest.raises(OtherRun, match="steps_per_epoch was 7, now 8"):
        train(tmp_path, Numbers(), steps_per_epoch=8)


def test_another_model_is_refused(tmp_path):
    train(tmp_path, Numbers(), 5, steps_per_epoch=7)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(OtherRun, match="sequential/dense/kernel was '6x8 float32', now '6x1 "):
        ResumableTraining(tmp_path).fit(model, Numbers(), steps_per_epoch=7)


def test_what_cannot_be_begun_in_the_middle_is_refused(tmp_path):
    saved, model = ResumableTraining(tmp_path), small_model()
    with pytest.raises(TypeError, match="generator cannot be begun in the middle"):
        saved.fit(model, (one for one in Numbers()), steps_per_epoch=2)
    stream = Numbers()
    stream.start_at = None
    with pytest.raises(ValueError, match="give steps_per_epoch"):
        saved.fit(model, Numbers())
    with pytest.raises(ValueError, match="validation_data, not validation_split"):
        saved.fit(model, np.ones((4, 6)), np.ones((4, 1)), validation_split=0.5)
    with pytest.raises(RuntimeError, match=r"ResumableTraining\(folder\)\.fit\(model"):
        model.fit(np.ones((4, 6)), np.ones((4, 1)), callbacks=[saved], verbose=0)


@pytest.mark.parametrize("wrong", [{"every_steps": 0}, {"every_minutes": -1}, {"keep": 0}])
def test_numbers_out_of_range(wrong, tmp_path):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} is"):
        ResumableTraining(tmp_path, **wrong)


# ------------------------------------------------------------------ what goes wrong


@pytest.mark.parametrize("bad", [0, 5, 6], ids=["first", "middle", "end of an epoch"])
def test_a_batch_that_spoils_weights_is_named(bad, tmp_path):
    good = small_model(use_ema=False)
    if bad:
        train(tmp_path / "whole", Numbers(), bad, model=good, steps_per_epoch=7)
    model = small_model(use_ema=False)
    epoch, batch = divmod(bad, 7)
    with pytest.raises(NonFiniteError, match=f"Batch {batch} of epoch {epoch} .batch {bad} of"):
        ResumableTraining(tmp_path / "run", every_steps=3).fit(
            model, Numbers(bad=bad), steps_per_epoch=7, epochs=5, verbose=0
        )
    info, arrays = CheckpointFolder(tmp_path / "run").read_last()
    assert info["progress"]["position"] == bad
    assert all(np.isfinite(array).all() for array in arrays.values())
    assert_same_weights(model.get_weights(), good.get_weights())


def test_weights_that_are_spoilt_already_are_not_saved(tmp_path):
    model = small_model()
    model.layers[0].bias.assign(np.full(8, np.inf))
    with pytest.raises(NonFiniteError, match="bias is not finite"):
        ResumableTraining(tmp_path).fit(model, Numbers(), steps_per_epoch=2)
    assert CheckpointFolder(tmp_path).read_last() is None


def test_a_damaged_checkpoint_costs_some_batches_and_no_more(tmp_path):
    losses, _, weights = train(tmp_path / "whole", Passes(), epochs=2)
    train(tmp_path / "run", Passes(), 8, epochs=2)
    last = CheckpointFolder(tmp_path / "run").files()[0]
    last.write_bytes(last.read_bytes()[:-100])
    with pytest.warns(ResumeWarning, match="before it is whole"):
        seen, _, resumed = train(tmp_path / "run", Passes(), epochs=2)
    assert seen == losses[3:]
    assert_same_weights(resumed, weights)


def test_a_full_disk_is_told_and_loses_nothing(tmp_path, monkeypatch):
    losses, history, _ = train(tmp_path / "whole", Passes(), epochs=2)
    real, written = folders.write_checkpoint, []

    def full(path, *content):
        written.append(path)
        if 3 <= len(written) <= 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, *content)

    monkeypatch.setattr(folders, "write_checkpoint", full)
    with pytest.warns(ResumeWarning) as told:
        train(tmp_path / "run", Passes(), 11, epochs=2)
    told = [str(one.message) for one in told if one.category is ResumeWarning]
    assert [int(one.split()[4]) for one in told] == [6, 9, 10]
    assert all("could not be written: [Errno 28] No space left" in one for one in told)
    seen, resumed_history, _ = train(tmp_path / "run", Passes(), epochs=2)
    assert (seen, resumed_history) == (losses[3:], history)


def test_a_first_checkpoint_that_cannot_be_written_is_an_error(tmp_path, monkeypatch):
    def full(path, *content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(folders, "write_checkpoint", full)
    with pytest.raises(OSError, match="No space left"):
        train(tmp_path, Passes(), epochs=2)
