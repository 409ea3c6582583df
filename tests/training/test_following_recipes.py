"""What `fit` makes of a recipe: rates by layer, frozen parts, new layers, epochs and batches."""

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.training.layer_factors import layer_factors
from tests.marks import cases
from tests.parity.families import tiny
from tests.tiny import tiny_encoder, tiny_tokenizer

TEXTS = ["a great film", "we hated it", "a good book", "very dull"] * 4
LABELS = [1, 0, 1, 0] * 4
HALVED = kbz.Recipe(layer_decay=0.5)


def classifier(encoder=None, **recipe):
    encoder = encoder or tiny_encoder(num_layers=3)
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 16)
    return kbz.TextClassifier(
        encoder, preprocessor, num_classes=2, recipe=kbz.Recipe(1e-2, **recipe), seed=0
    )


def shallow(**recipe):
    """One block, and batches of one length: what is compiled grows with both."""
    encoder = tiny_encoder(num_layers=1)
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 16, num_buckets=1)
    options = {"recipe": kbz.Recipe(1e-2, **recipe), "num_classes": 2, "seed": 0}
    return kbz.TextClassifier(encoder, preprocessor, **options)


def rates(task):
    """Part of the model -> learning rate of its weights, as shares of the whole."""
    task.compile()
    task.optimizer.build(task.trainable_variables)
    factor = task.optimizer.factor
    return {weight.path.partition("/")[0]: factor(weight) for weight in task.trainable_variables}


def test_each_layer_learns_more_slowly_than_the_one_above():
    layers = {"layer_2": 1 / 2, "layer_1": 1 / 4, "layer_0": 1 / 8, "embeddings": 1 / 16}
    assert rates(classifier(layer_decay=0.5)) == {"head": 1, "pooler": 1, **layers}
    assert set(rates(classifier()).values()) == {1.0}
    assert layer_factors(tiny_encoder(), 1.0) == {}


def test_tables_of_relations_are_as_low_as_the_embeddings():
    found = rates(kbz.TextClassifier(tiny("deberta_v2"), num_classes=2, recipe=HALVED))
    assert found["relations"] == found["embeddings"] == 0.125


def test_a_layer_that_is_used_again_counts_once():
    found = rates(kbz.TextClassifier(tiny("albert"), num_classes=2, recipe=HALVED))
    assert (found["layer_0"], found["embeddings"]) == (0.5, 0.25)


@pytest.mark.parametrize("decay", [0, -1, 1.5])
def test_a_decay_out_of_its_range(decay):
    with pytest.raises(ValueError, match="above 0 and up to 1"):
        layer_factors(tiny_encoder(), decay)


def changed(task, **options):
    """Parts of the model whose weights `fit` changes."""
    before = {weight.path: np.array(weight) for weight in task.weights}
    task.fit(TEXTS, LABELS, verbose=0, **options)
    return {
        path.partition("/")[0]
        for path, value in before.items()
        if not np.array_equal(value, next(np.array(w) for w in task.weights if w.path == path))
        and "seed" not in path
    }


@pytest.mark.parametrize(
    ("freeze", "trained"),
    [
        (None, "embeddings layer_0 layer_1 layer_2 pooler head"),
        ("embeddings", "layer_0 layer_1 layer_2 pooler head"),
        (0, "layer_0 layer_1 layer_2 pooler head"),
        (2, "layer_2 pooler head"),
        ("encoder", "head"),
        (("layer_[01]/", "head/"), "embeddings layer_2 pooler"),
    ],
    ids=str,
)
def test_what_is_frozen_stays(freeze, trained):
    assert changed(classifier(freeze=freeze)) == set(trained.split())


def test_what_cannot_be_frozen():
    with pytest.raises(ValueError, match="freeze=4: the encoder has 3 layers"):
        classifier(freeze=4).fit(TEXTS, LABELS, verbose=0)
    with pytest.raises(ValueError, match="no weight of the task has 'laier' in it"):
        classifier(freeze=["head", "laier"]).fit(TEXTS, LABELS, verbose=0)


def test_top_layers_start_anew_with_a_new_head(tmp_path):
    saved = classifier()
    saved.save_to_preset(tmp_path / "saved")
    options = {"recipe": kbz.Recipe(reinit_top=2), "labels": ["no", "yes"]}
    new = kbz.TextClassifier.from_preset(tmp_path / "saved", head="new", **options)
    for index, (ours, theirs) in enumerate(zip(new.encoder.blocks, saved.encoder.blocks)):
        same = [np.array_equal(*pair) for pair in zip(ours.get_weights(), theirs.get_weights())]
        assert all(same) == (index == 0)
    kernels = [np.array(one.encoder.pooler.weights[0]) for one in (new, saved)]
    assert not np.array_equal(*kernels)
    again = kbz.TextClassifier.from_preset(tmp_path / "saved", recipe=kbz.Recipe(reinit_top=2))
    for ours, theirs in zip(again.get_weights(), saved.get_weights()):
        np.testing.assert_array_equal(ours, theirs)  # a trained head keeps its encoder
    with pytest.raises(ValueError, match="reinit_top=4: the encoder has 3 layers"):
        kbz.TextClassifier.from_preset(
            tmp_path / "saved", head="new", labels=["a", "b"], recipe=kbz.Recipe(reinit_top=4)
        )


def test_epochs_and_batches_are_the_recipes_if_fit_is_not_told():
    task = shallow(epochs=3, batch_size=4)
    assert len(task.fit(TEXTS, LABELS, verbose=0).epoch) == 3
    assert int(task.optimizer.iterations) == task.optimizer.total_steps == 12
    task = shallow(epochs=3, batch_size=4)
    assert len(task.fit(TEXTS, LABELS, epochs=1, batch_size=8, verbose=0).epoch) == 1
    assert int(task.optimizer.iterations) == 2


def test_batches_that_are_added_up():
    task = shallow(epochs=2, batch_size=4, accumulate=2)
    task.fit(TEXTS, LABELS, verbose=0)
    assert int(task.optimizer.iterations) == task.optimizer.total_steps == 4
    assert float(task.optimizer.learning_rate) == 0.0  # the schedule came to its end
    task.fit(TEXTS, LABELS, verbose=0)  # a second run of the recipe
    assert int(task.optimizer.iterations) == 4


def test_the_average_takes_the_place_of_the_weights(tmp_path):
    task, seen = shallow(ema=0.75), []
    weight = task.encoder.blocks[0].weights[0]

    class Record(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if keras.config.backend() == "jax":
                task.jax_state_sync()
            seen.append(np.array(weight))

    task.fit(TEXTS, LABELS, batch_size=4, callbacks=[Record()], verbose=0)
    mean = seen[0]  # Keras begins with the first update
    for value in seen[1:]:
        mean = 0.75 * mean + 0.25 * value
    np.testing.assert_allclose(np.array(weight), mean, atol=1e-6)
    assert not np.allclose(mean, seen[-1], atol=1e-4)
    task.predict(TEXTS, verbose=0)  # in Keras 3.15 on JAX, this would give the averages away
    task.save(tmp_path / "task.keras")


def test_a_table_of_what_learns_how():
    task = classifier(layer_decay=0.5, freeze="embeddings", weight_decay=0.1)
    lines = task.recipe.describe(task).splitlines()
    assert lines[0].split("  ")[0] == "weights"
    words = [line.split() for line in lines[1:]]
    assert [row[0] for row in words].index("layer_2") < [row[0] for row in words].index("layer_0")
    assert words[-1][0] == "embeddings"
    assert words[-1][3] == "frozen"
    rows = {(row[0], row[4]): row for row in words[:-1]}
    sizes = [w.shape for w in task.encoder.blocks[1].weights]
    assert rows["layer_1", "0.1"][1:4] == [
        str(sum(len(shape) > 1 for shape in sizes)),
        f"{sum(np.prod(shape) for shape in sizes if len(shape) > 1):,}",
        "2.50e-03",
    ]
    assert rows["layer_1", "0"][3] == "2.50e-03"
    numbers = sum(int(row[2].replace(",", "")) for row in words)
    assert numbers == task.count_params()


class Changes(keras.callbacks.Callback):
    """Parts of the model that change, epoch by epoch."""

    def __init__(self):
        super().__init__()
        self.found = []

    def on_epoch_begin(self, epoch, logs=None):
        self.before = [np.array(weight) for weight in self.model.trainable_variables]

    def on_epoch_end(self, epoch, logs=None):
        pairs = zip(self.model.trainable_variables, self.before)
        changed = {w.path.partition("/")[0] for w, b in pairs if not np.array_equal(w, b)}
        self.found.append(changed)


@pytest.mark.parametrize("jit_compile", cases([False, True], slow_on_tensorflow=[True]))
def test_layers_thaw_from_the_top_down(jit_compile):
    task, changes = classifier(unfreeze_every=2, schedule="constant", warmup=0.0), Changes()
    if jit_compile and keras.config.backend() != "torch":
        task.compile(jit_compile=True)
    task.fit(TEXTS, LABELS, epochs=9, batch_size=16, callbacks=[changes], verbose=0)
    order, expected = ["layer_2", "layer_1", "layer_0", "embeddings"], {"head", "pooler"}
    for epoch, found in enumerate(changes.found):
        if epoch and epoch % 2 == 0:
            expected = expected | {order.pop(0)}
        assert found == expected, epoch


def test_thawing_needs_gates():
    task = classifier(unfreeze_every=1)
    task.compile("adam")
    task.fit(TEXTS, LABELS, verbose=0)  # the caller's own optimizer: all is trained at once
    with pytest.raises(ValueError, match="say it in the recipe"):
        task.fit(TEXTS, LABELS, callbacks=[kbz.training.GradualUnfreezing()], verbose=0)


def test_what_a_recipe_says_of_loading(tmp_path):
    classifier().save_to_preset(tmp_path / "preset")
    recipe = kbz.Recipe(max_sequence_length=12, precision="mixed_bfloat16", seed=7)
    options = {"labels": ["negative", "positive"], "recipe": recipe}
    task = kbz.TextClassifier.from_preset(tmp_path / "preset", **options)
    assert task.preprocessor.max_sequence_length == 12
    assert (task.encoder.compute_dtype, task.seed) == ("bfloat16", 7)
    told = {"max_sequence_length": 8, "dtype": "float32", "seed": 3}
    task = kbz.TextClassifier.from_preset(tmp_path / "preset", **options, **told)
    assert task.preprocessor.max_sequence_length == 8
    assert (task.encoder.compute_dtype, task.seed) == ("float32", 3)
    task.save_to_preset(tmp_path / "again")
    assert kbz.from_preset(tmp_path / "again").preprocessor.max_sequence_length == 8
