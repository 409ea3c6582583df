"""What TPUs ask of TensorFlow: batches of one shape, whatever the texts are."""

import keras
import numpy as np
import pytest

from keras_bert_zoo.preprocessing.streams import ForTensorFlow
from keras_bert_zoo.tasks import trainer
from tests.tiny import NEGATIVE, POSITIVE, tiny_classifier

TEXTS, LABELS = POSITIVE + NEGATIVE[:4], ["positive"] * 5 + ["negative"] * 4
pytestmark = pytest.mark.skipif(
    keras.config.backend() != "tensorflow", reason="of TensorFlow's strategies"
)


@pytest.fixture
def specs(monkeypatch):
    """What datasets say of their batches, of models that run as if on a TPU."""
    found, make = [], ForTensorFlow.dataset

    def dataset(self):
        found.append(made := make(self))
        return made

    monkeypatch.setattr(trainer, "needs_one_shape", lambda model: True)
    monkeypatch.setattr(ForTensorFlow, "dataset", dataset)
    return found


def test_every_batch_has_one_shape(specs):
    task = tiny_classifier()
    options = {"batch_size": 4, "epochs": 2, "validation_split": 0.4, "verbose": 0}
    history = task.fit(TEXTS, LABELS, **options)
    assert np.isfinite(history.history["val_loss"]).all()
    assert task.predict([*TEXTS, "a " * 500], batch_size=4, verbose=0).shape == (10, 2)
    task.evaluate(TEXTS, LABELS, batch_size=4, verbose=0)
    assert len(specs) == 4
    for dataset in specs:
        leaves = keras.tree.flatten(dataset.element_spec)
        assert all(spec.shape.is_fully_defined() for spec in leaves)
        spec = dataset.element_spec
        inputs = spec[0] if isinstance(spec, tuple) else spec
        assert inputs["token_ids"].shape == (4, 32)


def test_answers_are_those_of_any_shape(specs):
    task = tiny_classifier()
    fixed = task.predict(TEXTS, batch_size=4, verbose=0)
    open_task = tiny_classifier(encoder=task.encoder)
    for ours, theirs in zip(open_task.weights, task.weights):
        ours.assign(theirs)
    inputs = open_task.preprocessor(TEXTS)
    np.testing.assert_allclose(open_task.predict_on_batch(inputs), fixed, atol=1e-6)
