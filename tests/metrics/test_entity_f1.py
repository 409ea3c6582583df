"""The metric of models in training gives what the function over tags gives."""

import keras
import numpy as np
import pytest

from keras_bert_zoo.metrics import EntityF1, entity_scores

LABELS = ["O", "B-PER", "I-PER", "B-art-work", "I-art-work", "E-PER", "S-PER", "I"]
SIZE = len(LABELS)
# torch.compile needs a compiler and a minute (it was tried by hand); JAX without takes longer.
JIT = {"tensorflow": [False, True], "jax": [True], "torch": [False]}[keras.config.backend()]


def draw(rng, batch=6, length=12):
    """Random tags, predictions near them, and which positions count."""
    true = rng.integers(0, SIZE, (batch, length)) * (rng.random((batch, length)) < 0.7)
    ours = np.where(rng.random((batch, length)) < 0.8, true, rng.integers(0, SIZE, true.shape))
    kept = rng.random((batch, length)) < rng.choice([0.3, 0.7, 1.0], (batch, 1))
    return true.astype("int32"), ours.astype("int32"), kept


def words(indices, kept):
    return [[LABELS[i] for i in row[mask]] for row, mask in zip(indices, kept)]


def scores_of(tags, rng):
    """Scores `(batch, length, SIZE)` that are highest at the tags."""
    noise = rng.random((*tags.shape, SIZE))
    return (noise + 2 * np.eye(SIZE)[tags]).astype("float32")


@pytest.mark.parametrize("average", ["micro", "macro", "weighted"])
@pytest.mark.parametrize("result", ["f1", "precision", "recall"])
def test_equals_the_function_over_several_batches(average, result):
    rng = np.random.default_rng(1)
    metric = EntityF1(LABELS, average=average, result=result)
    true_words, our_words = [], []
    for form in range(6):
        true, ours, kept = draw(rng)
        true_words += words(true, kept)
        our_words += words(ours, kept)
        y_pred = scores_of(ours, rng) if form % 2 else ours
        if form < 3:  # by weights, of any size
            metric.update_state(true, y_pred, kept * rng.uniform(0.1, 9, kept.shape))
        else:  # by negative indices
            metric.update_state(np.where(kept, true, -100), y_pred)
        expected = getattr(getattr(entity_scores(true_words, our_words), average), result)
        assert float(metric.result()) == pytest.approx(expected, abs=1e-6)
    assert 0.1 < float(metric.result()) < 0.9


def test_equals_seqeval():
    seqeval = pytest.importorskip("seqeval.metrics", reason="the reference")
    rng = np.random.default_rng(2)
    for _ in range(5):
        true, ours, kept = draw(rng)
        metric = EntityF1(LABELS)
        metric.update_state(true, ours, kept)
        expected = seqeval.f1_score(words(true, kept), words(ours, kept))
        assert float(metric.result()) == pytest.approx(expected, abs=1e-6)


def test_words_around_a_gap_are_neighbours():
    metric = EntityF1(["O", "B-PER", "I-PER"])
    # "B ## I" and "B I": one entity in each, the same.
    metric.update_state([[0, 1, 0, 2]], [[0, 1, 1, 2]], [[1, 1, 0, 1]])
    assert float(metric.result()) == 1.0
    metric.update_state([[0, 1, 0, 2]], [[0, 1, 1, 2]], [[1, 1, 1, 1]])
    assert float(metric.result()) == pytest.approx(2 * 2 / (3 + 3))


def test_weights_of_rows_take_them_in_or_out():
    true, ours, _ = draw(np.random.default_rng(3))
    rows = np.array([1, 0, 3, 0, 1, 0.5], "float32")
    some, part = EntityF1(LABELS), EntityF1(LABELS)
    some.update_state(true, ours, rows)
    part.update_state(true[rows > 0], ours[rows > 0])
    assert float(some.result()) == pytest.approx(float(part.result()))


def test_what_is_no_label_is_outside():
    metric = EntityF1(["B-PER", "I-PER"])  # without "O": all of it through ignored positions
    metric.update_state([[0, 1, -100, 0]], [[0, 1, -100, 7]])
    assert float(metric.result()) == pytest.approx(2 / 3)


def test_nothing_yet_and_reset():
    metric = EntityF1(LABELS, average="macro")
    assert float(metric.result()) == 0.0
    metric.update_state([[1, 2]], [[1, 2]])
    assert float(metric.result()) == 1.0
    metric.reset_state()
    assert float(metric.result()) == 0.0


def test_labels_without_entities():
    metric = EntityF1(["O"])
    metric.update_state([[0, 0]], [[0, 0]])
    assert float(metric.result()) == 0.0


@pytest.mark.parametrize("jit", JIT)
def test_in_keras_own_training(jit):
    """A step of size 0 leaves the model alone, so what `fit` tells of it is known."""
    rng = np.random.default_rng(4)
    true, ours, kept = draw(rng, batch=10)
    inputs = keras.Input((None, SIZE))
    model = keras.Model(inputs, keras.layers.Dense(SIZE, kernel_initializer="identity")(inputs))
    model.compile(
        keras.optimizers.SGD(0.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        weighted_metrics=[EntityF1(LABELS)],
        jit_compile=jit,
    )
    data = {"x": scores_of(ours, rng), "y": true, "sample_weight": kept.astype("float32")}
    history = model.fit(**data, batch_size=5, epochs=2, verbose=0).history
    expected = entity_scores(words(true, kept), words(ours, kept)).micro.f1
    assert history["entity_f1"] == pytest.approx([expected] * 2, abs=1e-6)
    got = model.evaluate(**data, batch_size=5, verbose=0, return_dict=True)
    assert got["entity_f1"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="only there is a size unknown")
def test_batches_of_unknown_length():
    import tensorflow as tf

    metric = EntityF1(LABELS)
    step = tf.function(
        metric.update_state,
        input_signature=[tf.TensorSpec((None, None), "int32")] * 2,
    )
    true_words, our_words = [], []
    for length in (1, 5, 9):
        true, ours, kept = draw(np.random.default_rng(length), length=length)
        step(tf.constant(np.where(kept, true, -1)), tf.constant(ours))
        true_words += words(true, kept)
        our_words += words(ours, kept)
    expected = entity_scores(true_words, our_words).micro.f1
    assert float(metric.result()) == pytest.approx(expected, abs=1e-6)


def test_config_rebuilds_it():
    metric = EntityF1(LABELS, average="macro", result="recall", name="found")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
    assert type(again) is EntityF1
    assert again.get_config() == metric.get_config()
    assert (again.labels, again.average, again.score, again.name) == (
        LABELS,
        "macro",
        "recall",
        "found",
    )


def test_counts_are_float32_whatever_the_policy():
    keras.config.set_dtype_policy("mixed_float16")
    metric = EntityF1(LABELS, dtype="float16")
    for _ in range(3):
        metric.update_state(np.ones((1, 1000)), np.ones((1, 1000)))
    assert float(keras.ops.sum(metric.actual)) == 3000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": ["O", "PER"]}, "'PER' is no tag"),
        ({"labels": ["O", "U-PER"]}, "'U-PER' is no tag"),
        ({"labels": ["O", "B-A", "O"]}, "Given: 'O' more than once"),
        ({"labels": []}, "Given: none"),
        ({"labels": ["O"], "average": "mikro"}, "Unknown average 'mikro'. Did you mean 'micro'"),
        ({"labels": ["O"], "result": "F"}, "Unknown result 'F'.*'precision'"),
    ],
)
def test_what_is_wrong_is_said(arguments, message):
    with pytest.raises(ValueError, match=message):
        EntityF1(**arguments)


def test_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match="scores for 3 labels.*made with 8: O, B-PER"):
        EntityF1(LABELS).update_state(np.zeros((2, 4)), np.zeros((2, 4, 3)))
    with pytest.raises(ValueError, match=r"Given: \(2,\) and \(2, 8\)"):
        EntityF1(LABELS).update_state(np.zeros(2), np.zeros((2, 8)))
