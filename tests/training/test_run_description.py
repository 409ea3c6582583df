"""Another run is refused by the name of what differs."""

import keras
import pytest

from keras_bert_zoo.training.run_description import OtherRun, check_same, describe, flat
from tests.tiny import tiny_classifier, tiny_encoder

pytestmark = pytest.mark.any_backend


class Data:
    def fingerprint(self):
        return {"rows": 4}


def told(model):
    model.optimizer.build(model.trainable_variables)
    return describe(model, Data(), None)


def classifier(rate=1e-3, **options):
    task = tiny_classifier(encoder=tiny_encoder(num_layers=1, **options))
    task.compile(keras.optimizers.AdamW(rate))
    return task


def dense(units=3):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def test_a_model_made_again_is_the_same():
    check_same("run", told(classifier()), told(classifier()))
    check_same("run", told(dense()), told(dense()))  # Keras numbers its layers on


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            lambda: classifier(hidden_dim=8),
            "model: embeddings/tokens/embeddings was '92x16 float32', ",
        ),
        (lambda: classifier(dropout=0.3), r"model: config/encoder/.*dropout was 0.1, now 0.3"),
        (
            lambda: classifier(rate=1e-4),
            "training: optimizer/learning_rate was 0.00100",
        ),
        (dense, "model: class was 'TextClassifier', now 'Sequential'"),
    ],
)
def test_what_differs_is_named(other, message):
    with pytest.raises(OtherRun, match=message):
        check_same("run", told(classifier()), told(other()))


def test_a_rate_that_training_has_changed_is_no_difference():
    model = classifier()
    before = told(model)
    model.optimizer.iterations.assign(5)
    model.optimizer.learning_rate = 1e-5
    check_same("run", before, told(model))


def test_data_that_differs_is_named():
    one, other = told(dense()), told(dense())
    other["data"] = {"steps_per_epoch": 3, "rows": 5}
    with pytest.raises(OtherRun, match="data: steps_per_epoch was None, now 3; data: rows was 4"):
        check_same("run", one, other)


def test_nests_become_paths():
    config = {"a": {"b": [1, "dense_3"], "seed": 4}, "text": "x" * 500, "name": "n"}
    found = flat(config)
    assert found["a/b/0"] == 1
    assert found["a/b/1"] == "dense"
    assert len(found["text"]) == 24
    assert set(found) == {"a/b/0", "a/b/1", "text"}
