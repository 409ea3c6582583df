"""What exits learn from, against torch's own losses."""

import keras
import numpy as np
import pytest

from keras_bert_zoo.training.exit_losses import ExitAccuracy, ExitLoss, SelfDistillation
from tests.tiny import to_numpy

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(6, 4, 3)).astype("float32") * 3
CLASSES = RNG.integers(0, 3, 6).astype("int32")
WEIGHTS = np.array([1, 2, 0, 1, 0.5, 1], "float32")


def torch_cross_entropies():
    """`(rows, exits)`."""
    import torch

    logits, classes = torch.tensor(LOGITS), torch.tensor(CLASSES).long()
    rows = [
        torch.nn.functional.cross_entropy(logits[:, k], classes, reduction="none")
        for k in range(LOGITS.shape[1])
    ]
    return torch.stack(rows, 1).numpy()


def torch_divergences():
    """`(rows, exits - 1)`: from the last exit to each of the others."""
    import torch

    log_p = torch.log_softmax(torch.tensor(LOGITS), -1)
    divergence = torch.nn.functional.kl_div(
        log_p[:, -1:].expand(-1, 3, -1), log_p[:, :-1], reduction="none", log_target=True
    )
    return divergence.sum(-1).numpy()


def test_deeper_exits_count_more():
    expected = torch_cross_entropies() @ [0.1, 0.2, 0.3, 0.4]
    loss = ExitLoss(reduction="none")(CLASSES, LOGITS)
    np.testing.assert_allclose(to_numpy(loss), expected, rtol=1e-5)
    mean = ExitLoss()(CLASSES, LOGITS, sample_weight=WEIGHTS)
    assert float(mean) == pytest.approx((expected * WEIGHTS).sum() / 6, rel=1e-5)


def test_the_others_learn_from_the_last():
    expected = torch_cross_entropies()[:, -1] + torch_divergences().sum(-1)
    loss = SelfDistillation(reduction="none")(CLASSES, LOGITS)
    np.testing.assert_allclose(to_numpy(loss), expected, rtol=1e-5)
    mean = SelfDistillation()(CLASSES, LOGITS, sample_weight=WEIGHTS)
    assert float(mean) == pytest.approx((expected * WEIGHTS).sum() / 6, rel=1e-5)


def test_the_last_learns_from_the_labels_alone():
    inputs = keras.Input((4, 3))
    model = keras.Model(inputs, Shift(name="shift")(inputs))
    for loss, expected in (
        # The gradient of a cross-entropy with softmax: probabilities minus the true ones.
        (SelfDistillation(), last_gradient()),
        (ExitLoss(), last_gradient() * 0.4),
    ):
        model.set_weights([np.zeros((4, 3), "float32")])
        model.compile(keras.optimizers.SGD(1.0), loss)
        model.train_on_batch(LOGITS, CLASSES)
        step = -np.array(model.get_weights()[0])
        np.testing.assert_allclose(step[-1], expected, atol=1e-6)
        assert (np.abs(step[:-1]).max(axis=-1) > 1e-3).all()


class Shift(keras.Layer):
    """Adds a number to each logit, so that its gradient is the sum over the rows'."""

    def build(self, shape):
        self.shift = self.add_weight(shape=(4, 3), initializer="zeros")

    def call(self, x):
        return x + self.shift


def last_gradient():
    shares = np.exp(LOGITS[:, -1]) / np.exp(LOGITS[:, -1]).sum(-1, keepdims=True)
    return (shares - np.eye(3)[CLASSES]).mean(axis=0)


def test_accuracy():
    right = LOGITS.argmax(-1) == CLASSES[:, None]
    for exits, expected in (("last", right[:, -1]), ("all", right.mean(axis=1))):
        metric = ExitAccuracy(exits)
        metric.update_state(CLASSES, LOGITS, sample_weight=WEIGHTS)
        share = np.average(expected, weights=WEIGHTS)
        assert float(metric.result()) == pytest.approx(share, rel=1e-6)
    assert metric.name == "exits_accuracy"
    assert ExitAccuracy.from_config(metric.get_config()).exits == "all"
    with pytest.raises(ValueError, match="Accepted: 'last', 'all'"):
        ExitAccuracy("first")
