"""What is trained beside the tasks: a pre-training, a distillation, several tasks at once."""

import keras
import numpy as np

import keras_bert_zoo as kbz
from keras_bert_zoo.pretraining import Distiller, Pretrainer
from tests.pretraining.sources import pairs
from tests.tiny import NEGATIVE, POSITIVE, tiny_classifier, tiny_encoder, tiny_tokenizer

TEXTS = (POSITIVE + NEGATIVE)[:9]  # the third batch of four has one
LABELS = (["positive"] * 5 + ["negative"] * 5)[:9]
STARS = [0.1, 0.2, 0.3, 0.4, 0.5]


def encoder():
    return tiny_encoder(num_layers=1, dropout=0.0, attention_dropout=0.0)


def pretraining(recipe):
    """`(history, weights)` of 24 updates by two objectives."""
    options = {"length": 16, "recipe": recipe, "seed": 3}
    names = ["masked_tokens", "next_sentence"]
    model = Pretrainer(encoder(), tiny_tokenizer(), names, **options)
    held_out = pairs(12, seed=1)
    history = model.fit(pairs(48), batch_size=4, epochs=2, verbose=0, validation_data=held_out)
    speed = ("tokens_per_second", "flops_per_second")
    return {k: v for k, v in history.history.items() if k not in speed}, model.weights


def distillation(recipe):
    """The same of texts with labels, and then of texts without."""
    teacher = tiny_classifier(encoder=encoder())
    student = tiny_classifier(encoder=encoder(), recipe=recipe)
    student.preprocessor.fixed_batch_shape = True
    distiller, options = Distiller(student, teacher), {"batch_size": 4, "verbose": 0}
    history = distiller.fit(TEXTS, LABELS, epochs=6, **options).history
    then = distiller.fit(TEXTS, epochs=3, **options).history
    return {**history, **{f"then/{key}": v for key, v in then.items()}}, student.weights


def several(recipe):
    """The same of two tasks over one encoder."""
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 16, fixed_batch_shape=True)
    tasks = {"mood": ["positive", "negative"], "stars": {"problem": "regression"}}
    model = kbz.MultiTaskClassifier(encoder(), preprocessor, tasks=tasks, recipe=recipe, seed=4)
    data = {"mood": (TEXTS, LABELS), "stars": (TEXTS[:5], STARS)}
    return model.fit(data, epochs=5, batch_size=4, verbose=0).history, model.weights


def arrays(recipe):
    """The same of inputs that are encoded already."""
    task = tiny_classifier(encoder=encoder(), recipe=recipe)
    x, y = task.preprocessor(TEXTS[:8]), np.array([0, 1] * 4)
    options = {"batch_size": 4, "epochs": 5, "shuffle": False, "verbose": 0}
    return task.fit(x, y, **options).history, task.weights


OTHERS = {one.__name__: one for one in (arrays, pretraining, distillation, several)}


def trained_other(name, recipe):
    """Name -> array, as of `trained`."""
    keras.utils.set_random_seed(0)
    history, weights = OTHERS[name](recipe)
    found = {f"history/{key}": np.array(values) for key, values in history.items()}
    for weight in weights:
        value = keras.ops.convert_to_tensor(weight)
        found[f"weights/{weight.path}"] = keras.ops.convert_to_numpy(value)
    return found
