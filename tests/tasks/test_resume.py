"""`fit` of every task goes on after an interruption as if there had been none."""

import keras
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.training import ResumableTraining
from keras_bert_zoo.training.rewind import NonFiniteError
from keras_bert_zoo.training.run_description import OtherRun
from tests.marks import cases
from tests.tasks.cases import CASES
from tests.tiny import sentences, tiny_classifier, tiny_encoder, tiny_tokenizer
from tests.training.interrupted import Interruption, Losses, assert_same_weights

TEXTS, LABELS = sentences(28)


def fit(task, folder, x, y=None, stop=None, **options):
    """`(losses, history, weights)`."""
    losses = Losses(stop)
    callbacks = [losses, ResumableTraining(folder, every_steps=1)] if folder else [losses]
    try:
        history = task.fit(x, y, callbacks=callbacks, verbose=0, **options).history
    except Interruption:
        history = None
    return losses.seen, history, task.get_weights()


def fresh(build):
    keras.utils.set_random_seed(3)
    return build()


def assert_goes_on(build, folder, x, y, stop, **options):
    """Compares a training without our callback, and one that is interrupted after `stop`."""
    losses, history, weights = fit(fresh(build), None, x, y, **options)
    begun, _, _ = fit(fresh(build), folder, x, y, stop, **options)
    task = fresh(build)
    keras.utils.set_random_seed(99)
    seen, resumed_history, resumed = fit(task, folder, x, y, **options)
    assert begun == losses[:stop]
    assert seen == losses[stop - 1 :]  # the last one was not saved before the interruption
    assert resumed_history == history
    assert_same_weights(resumed, weights)


# One of each kind of batches; the others differ in what is in them, and are slow only together.
QUICK = ("text", "token-crf", "mask", "choice", "embed", "span")
TRAINED = cases(CASES, slow={*CASES} - {*QUICK}, slow_on_tensorflow=QUICK[1:])


@pytest.mark.parametrize("name", TRAINED)
def test_every_task(name, tmp_path):
    case = CASES[name]
    assert_goes_on(case.build, tmp_path, case.x, case.y, 2, batch_size=2, epochs=2)


def lengths_and_accumulation():
    """Several lengths, and gradients put together over two batches."""
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 16, num_buckets=2, truncation="silent")
    task = tiny_classifier(preprocessor=preprocessor, encoder=tiny_encoder(num_layers=1))
    task.compile(kbz.training.AdamW(1e-3, gradient_accumulation_steps=2))
    return task


def test_lengths_accumulation_and_validation(tmp_path):
    options = {"batch_size": 7, "epochs": 3, "validation_data": (TEXTS[:7], LABELS[:7])}
    assert_goes_on(lengths_and_accumulation, tmp_path, TEXTS, LABELS, 6, **options)


def test_several_tasks(tmp_path):
    def build():
        tasks = {"mood": ["negative", "positive"], "stars": {"problem": "regression"}}
        preprocessor = kbz.Preprocessor(tiny_tokenizer(), 16, num_buckets=1)
        encoder = tiny_encoder(num_layers=1)
        options = {"sampling": "uniform", "seed": 2}
        return kbz.MultiTaskClassifier(encoder, preprocessor, tasks=tasks, **options)

    data = {"mood": (TEXTS[:12], LABELS[:12]), "stars": (TEXTS[12:16], [1.0, 2.0, 3.0, 4.0])}
    assert_goes_on(build, tmp_path, data, None, 6, batch_size=4, epochs=2)


def test_encoded_inputs(tmp_path):
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 16)
    x = preprocessor(TEXTS[:10])

    def train(folder, stop=None):
        task = fresh(lambda: tiny_classifier(encoder=tiny_encoder(num_layers=1)))
        task.compile()
        options = {"batch_size": 4, "epochs": 2, "class_weight": {"positive": 2.0}}
        return fit(task, folder, x, LABELS[:10], stop, **options)

    losses, history, weights = train(tmp_path / "whole")
    train(tmp_path / "run", 5)
    seen, resumed_history, resumed = train(tmp_path / "run")
    assert (seen, resumed_history) == (losses[4:], history)
    assert_same_weights(resumed, weights)


def test_a_seed_that_was_drawn_is_kept(tmp_path):
    def build():
        preprocessor = kbz.Preprocessor(tiny_tokenizer(), 16, num_buckets=1)
        return kbz.TextClassifier(tiny_encoder(num_layers=1), preprocessor, num_classes=2)

    numbers = [int(label == "positive") for label in LABELS]
    first = build()
    fit(first, tmp_path, TEXTS, numbers, 2, batch_size=14, epochs=2)
    second = build()
    second.seed = first.seed + 1
    seen, history, _ = fit(second, tmp_path, TEXTS, numbers, batch_size=14, epochs=2)
    assert second.seed == first.seed
    assert (len(seen), len(history["loss"])) == (3, 2)


def test_other_texts_are_refused(tmp_path):
    fit(lengths_and_accumulation(), tmp_path, TEXTS, LABELS, 2, batch_size=7)
    with pytest.raises(OtherRun, match="data: texts and labels was"):
        fit(lengths_and_accumulation(), tmp_path, [*TEXTS[1:], "new"], LABELS, batch_size=7)
    with pytest.raises(
        OtherRun, match="data: batch.* was 4, now 3; data: batch_size was 7, now 10"
    ):
        fit(lengths_and_accumulation(), tmp_path, TEXTS, LABELS, batch_size=10)


def test_rows_that_spoil_the_weights_are_named(tmp_path):
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 16, num_buckets=1)
    options = {"num_classes": 1, "problem": "regression", "preprocessor": preprocessor}
    task = tiny_classifier(encoder=tiny_encoder(num_layers=1), **options)
    numbers = [1.0] * 12
    numbers[5] = 1e30
    with pytest.raises(NonFiniteError, match=r"of epoch 0 .*rows (\d+, )*5(, \d+)*\) spoils"):
        fit(task, tmp_path, TEXTS[:12], numbers, batch_size=3)
