"""Adversarial training and R-Drop, worked out step by step, and smoothed labels."""

import keras
import numpy as np
import pytest
from keras import ops

import keras_bert_zoo as kbz
from keras_bert_zoo.training.label_smoothing import SmoothedCrossentropy, smoothed
from tests.marks import cases
from tests.tasks.cases import CASES
from tests.tiny import tiny_encoder, tiny_tokenizer, to_numpy

TEXTS = ["a great film", "we hated it", "good", "very dull"]
LABELS = [1, 0, 1, 0]


def classifier(dropout=0.0, **recipe):
    keras.utils.set_random_seed(3)
    encoder = tiny_encoder(
        num_layers=1, dropout=dropout, attention_dropout=dropout, initializer_range=0.3
    )
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 8)
    options = {"recipe": kbz.Recipe(1e-2, **recipe), "dropout": dropout, "seed": 0}
    return kbz.TextClassifier(encoder, preprocessor, num_classes=2, **options)


def loss_at(task, texts, labels, shift):
    """The loss where so much is added to the vectors of the tokens."""
    x = task.preprocessor(texts)
    task.encoder.embeddings.base = lambda ids: ops.convert_to_tensor(shift)
    try:
        logits = to_numpy(task(x)).astype("float64")
    finally:
        task.encoder.embeddings.base = None
    log = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return -log[np.arange(len(labels)), labels].mean()


def test_the_adversarial_loss_by_hand():
    """The gradient by finite differences, of the embeddings of one token each."""
    task, data = classifier(adversarial=0.5), (["good", "very dull"], [1, 0])
    real = task.preprocessor(data[0])["padding_mask"]
    shape = (*real.shape, 16)
    gradient = np.zeros(shape, "float32")
    for row, token in np.argwhere(real):
        for number in range(16):
            step = np.zeros(shape, "float32")
            step[row, token, number] = 1e-2
            difference = loss_at(task, *data, step) - loss_at(task, *data, -step)
            gradient[row, token, number] = difference / 2e-2
    norm = np.sqrt((gradient**2).sum((1, 2), keepdims=True))
    plain = loss_at(task, *data, np.zeros(shape))
    moved = loss_at(task, *data, 0.5 * gradient / norm)
    assert moved > plain + 0.01
    task.compile()
    found = float(task.train_on_batch(*data, return_dict=True)["loss"])
    assert found == pytest.approx(plain + moved, abs=2e-3)
    evaluated = classifier(adversarial=0.5).evaluate(*data, verbose=0, return_dict=True)
    assert evaluated["loss"] == pytest.approx(plain, abs=1e-5)  # training alone is adversarial


def test_two_passes_agree_where_nothing_is_dropped():
    """Then R-Drop is twice the loss, and the divergence 0."""
    losses = []
    for options in ({}, {"r_drop": 5.0}):
        task = classifier(**options)
        losses.append(float(task.train_on_batch(TEXTS, LABELS, return_dict=True)["loss"]))
    assert losses[1] == pytest.approx(2 * losses[0], abs=1e-5)


def test_the_divergence_by_hand():
    task = classifier(r_drop=1.0)
    one, other = (np.random.default_rng(i).normal(size=(4, 2)) for i in (0, 1))
    p, q = (np.exp(x) / np.exp(x).sum(-1, keepdims=True) for x in (one, other))
    each = ((p * np.log(p / q)).sum(-1) + (q * np.log(q / p)).sum(-1)) / 2
    tensors = [ops.convert_to_tensor(x.astype("float32")) for x in (one, other)]
    x = task.preprocessor(TEXTS)
    assert float(task.divergence(*tensors, x, None)) == pytest.approx(each.mean(), abs=1e-5)
    weight = np.array([1.0, 0.0, 2.0, 1.0], "float32")
    expected = (each * weight).sum() / weight.sum()
    assert float(task.divergence(*tensors, x, weight)) == pytest.approx(expected, abs=1e-5)


def test_dropout_differs_between_the_passes():
    losses = [
        float(classifier(0.5, r_drop=alpha).train_on_batch(TEXTS, LABELS, return_dict=True)["loss"])
        for alpha in (1e-9, 100.0)
    ]
    assert losses[1] > losses[0] + 1


SLOW = ("pair", "token", "mask", "token-crf")
NAMES = cases(["text", "span", "choice", *SLOW], SLOW, slow_on_tensorflow=("span", "choice"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("option", ["adversarial", "r_drop"])
def test_every_task(name, option):
    case = CASES[name]
    keras.utils.set_random_seed(0)
    task = case.build(recipe=kbz.Recipe(1e-2, **{option: 0.5}))
    if (name, option) == ("token-crf", "r_drop"):
        with pytest.raises(ValueError, match="A conditional random field judges whole sequences"):
            task.fit(case.x, case.y, verbose=0)
        return
    losses = task.fit(case.x, case.y, epochs=16, verbose=0).history["loss"]
    assert np.mean(losses[-3:]) < losses[0]


def test_embeddings_that_cannot_be_moved():
    from tests.parity.families import tiny

    task = kbz.TextClassifier(tiny("mobilebert"), num_classes=2, recipe=kbz.Recipe(adversarial=1.0))
    x = {key: np.ones((2, 4), "int32") for key in task.input}
    with pytest.raises(ValueError, match="not for the embeddings of a mobilebert"):
        task.train_on_batch(x, np.array([0, 1]))


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_smoothed_labels_are_those_of_keras(share):
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(5, 3)).astype("float32"), np.array([0, 2, 1, 1, 0])
    theirs = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=share)
    expected = float(theirs(np.eye(3)[labels], logits))
    loss = smoothed(keras.losses.SparseCategoricalCrossentropy(from_logits=True), share)
    assert float(loss(labels, logits)) == pytest.approx(expected, abs=1e-6)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert type(again) is SmoothedCrossentropy
    assert again.label_smoothing == share


def test_smoothing_reaches_the_loss():
    found = [
        classifier(label_smoothing=share).evaluate(TEXTS, LABELS, verbose=0, return_dict=True)
        for share in (0.0, 0.2)
    ]
    assert found[0]["loss"] != pytest.approx(found[1]["loss"], abs=1e-4)
    task = CASES["span"].build(recipe=kbz.Recipe(label_smoothing=0.1))
    with pytest.raises(ValueError, match="label_smoothing=0.1 is for losses of classes"):
        task.compile()
