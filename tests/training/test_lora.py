"""Low-rank updates: what is trained, what is kept in files, and what merging leaves."""

import contextlib

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.families import FAMILIES
from keras_bert_zoo.pretraining.distillation import student_of
from keras_bert_zoo.training import ResumableTraining, training_cost
from tests.parity.families import tiny
from tests.tiny import (
    NEGATIVE,
    POSITIVE,
    assert_equal,
    random_inputs,
    tiny_classifier,
    tiny_encoder,
    tiny_tokenizer,
    to_numpy,
    values,
)
from tests.training.interrupted import Interruption, Losses

TEXTS, LABELS = POSITIVE + NEGATIVE, ["positive"] * 5 + ["negative"] * 5
FIT = {"batch_size": 5, "epochs": 2, "verbose": 0}


def classifier(**recipe):
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 16, num_buckets=1)
    recipe = kbz.Recipe(1e-2, **{"lora": 2, "lora_alpha": 8, **recipe})
    return tiny_classifier(
        preprocessor=preprocessor, encoder=tiny_encoder(num_layers=1), recipe=recipe
    )


@pytest.fixture(scope="module")
def trained():
    keras.utils.set_random_seed(1)
    task = classifier()
    task.fit(TEXTS, LABELS, **FIT)
    return task


def copy_of(task, folder):
    task.save(folder / "task.keras")
    return keras.saving.load_model(folder / "task.keras")


def answers(task):
    return task.predict(TEXTS, verbose=0)


def has_updates(task):
    return any("lora_" in weight.path for weight in task.weights)


def test_the_recipe_trains_updates_and_the_head_alone():
    task = classifier()
    task.predict(TEXTS, verbose=0)  # what was traced here has no updates in it
    table, cost = task.recipe.describe(task), training_cost(task, 5, 16)
    before = values(task)
    task.fit(TEXTS, LABELS, **FIT)
    after = values(task)
    changed = {path for path in before if (before[path] != after[path]).any()}
    assert changed == {"head/logits/kernel", "head/logits/bias"}
    new = {weight.path: weight for weight in task.weights if weight.path not in before}
    assert set(new) == {
        f"layer_0/attention/{part}/lora_kernel_{factor}"
        for part in ("query", "value")
        for factor in "ab"
    }
    assert all(np.abs(to_numpy(weight)).max() > 0 for weight in new.values())
    assert task.recipe.describe(task) == table  # told before it began
    trained = sum(int(np.prod(weight.shape)) for weight in task.trainable_weights)
    assert (cost.trained, cost.parameters) == (trained, task.count_params())


def test_the_updates_are_those_of_the_paper(trained):
    layer = trained.encoder.lora_layers[0]
    x = np.random.default_rng(0).normal(size=(3, 16)).astype("float32")
    a, b = to_numpy(layer.lora_kernel_a), to_numpy(layer.lora_kernel_b)
    expected = x @ to_numpy(layer._kernel) + 8 / 2 * (x @ a @ b) + to_numpy(layer.bias)
    np.testing.assert_allclose(to_numpy(layer(x)), expected, atol=1e-6)


def test_a_keras_file_goes_on_as_if_never_saved(trained, tmp_path):
    task = copy_of(trained, tmp_path)
    assert_equal(values(task), values(trained))
    assert [weight.path for weight in task.trainable_weights] == [
        weight.path for weight in trained.trainable_weights
    ]
    again = copy_of(task, tmp_path)
    for one in (task, again):
        one.fit(TEXTS, LABELS, **FIT)
    assert_equal(values(again), values(task))
    assert not np.array_equal(answers(task), answers(trained))


def test_merging_changes_no_answer_and_all_is_trained_then(trained, tmp_path):
    task = copy_of(trained, tmp_path)
    expected = answers(task)
    task.merge_lora()
    assert not has_updates(task)
    np.testing.assert_allclose(answers(task), expected, atol=1e-6)
    task.recipe = kbz.Recipe(1e-2)
    before = values(task)
    task.fit(TEXTS, LABELS, **FIT)
    after = values(task)
    same = {path for path in before if np.array_equal(before[path], after[path])}
    assert {path for path in same if "seed" not in path} <= {
        "layer_0/attention/key/bias",  # a softmax does not see it
        "embeddings/segments/embeddings",
    }
    assert_equal(values(copy_of(task, tmp_path)), after)


def test_weights_alone_are_merged_for_a_task_without_updates(trained, tmp_path):
    trained.save_weights(tmp_path / "task.weights.h5")
    plain, same = classifier(lora=None, lora_alpha=None), classifier()
    plain.load_weights(tmp_path / "task.weights.h5")
    same.compile()
    same.load_weights(tmp_path / "task.weights.h5")
    np.testing.assert_allclose(answers(plain), answers(trained), atol=1e-6)
    assert_equal(values(same), values(trained))


def test_presets_are_merged(trained, tmp_path):
    trained.save_to_preset(tmp_path / "preset")
    again = kbz.from_preset(tmp_path / "preset")
    assert not has_updates(again)
    np.testing.assert_allclose(answers(again), answers(trained), atol=1e-6)


def test_int8_keeps_its_updates(tmp_path):
    task = classifier(lora=None, lora_alpha=None)
    task.quantize("int8")
    task.enable_lora(2)
    for layer in task.encoder.lora_layers:
        layer.lora_kernel_b.assign(np.full(layer.lora_kernel_b.shape, 0.01))
    again = copy_of(task, tmp_path)
    assert again.encoder.lora_layers[0].quantization_mode == "int8"
    np.testing.assert_allclose(answers(again), answers(task), atol=1e-6)
    with pytest.raises(ValueError, match="quantized to int8. Merge first"):
        task.merge_lora()


def test_a_killed_training_goes_on(tmp_path):
    def train(stop=None, folder=None):
        keras.utils.set_random_seed(3)
        task, losses = classifier(), Losses(stop)
        callbacks = [losses, *([ResumableTraining(folder, every_steps=1)] if folder else [])]
        with contextlib.suppress(Interruption):
            task.fit(TEXTS, LABELS, callbacks=callbacks, **FIT)
        return losses.seen, values(task)

    losses, weights = train()
    train(3, tmp_path)
    seen, resumed = train(None, tmp_path)
    assert seen == losses[-len(seen) :]
    assert len(seen) == 2
    assert_equal(resumed, weights)


@pytest.mark.any_backend
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_them(family):
    encoder = tiny(family)
    size, inputs = encoder.config.vocabulary_size, random_inputs()
    inputs["token_ids"] %= size
    if "visual_dim" in vars(encoder.config):
        pytest.skip("reads images; the layers are those of BERT")
    plain = to_numpy(encoder(inputs))
    encoder.enable_lora(2, alpha=4)
    np.testing.assert_allclose(to_numpy(encoder(inputs)), plain, atol=1e-6)
    for layer in encoder.lora_layers:
        layer.lora_kernel_b.assign(np.full(layer.lora_kernel_b.shape, 0.05))
    updated = to_numpy(encoder(inputs))
    assert np.abs(updated - plain).max() > 1e-4
    again = kbz.Encoder.from_config(encoder.get_config())
    again.set_weights(encoder.get_weights())
    np.testing.assert_allclose(to_numpy(again(inputs)), updated, atol=1e-6)
    encoder.merge_lora()
    np.testing.assert_allclose(to_numpy(encoder(inputs)), updated, atol=1e-5)


def test_what_is_refused(trained):
    encoder = tiny_encoder(num_layers=1)
    for rank in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="rank is a whole number, 1 or more. Given"):
            encoder.enable_lora(rank)
    with pytest.raises(ValueError, match="no low-rank updates to merge"):
        encoder.merge_lora()
    encoder.enable_lora(2)
    with pytest.raises(ValueError, match="has low-rank updates already"):
        encoder.enable_lora(2)
    with pytest.raises(ValueError, match="Call enable_lora before compile"):
        trained.enable_lora(2)
    with pytest.raises(ValueError, match="Call its merge_lora first"):
        student_of(encoder)
    with pytest.raises(ValueError, match="freezes low-rank updates too"):
        kbz.Recipe(lora=2, freeze="encoder")
    with pytest.raises(ValueError, match="lora must be a whole number, 1 or more"):
        kbz.Recipe(lora=0)
