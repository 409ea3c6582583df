"""Text in, labels out: what a user of TextClassifier relies on."""

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from tests.tiny import (
    NEGATIVE,
    POSITIVE,
    sentences,
    tiny_classifier,
    tiny_encoder,
    tiny_tokenizer,
    to_numpy,
)

TEXTS, LABELS = sentences(72)


def preprocessor(**options):
    """One bucket, so that what is compiled is compiled once."""
    return kbz.Preprocessor(tiny_tokenizer(), 32, **{"buckets": [32], **options})


def sgd(task, rate=0.1):
    task.compile(keras.optimizers.SGD(rate))
    return task


@pytest.fixture(scope="module")
def task():
    """A trained one; tests may train it further, never change its settings."""
    keras.utils.set_random_seed(3)
    task = tiny_classifier(preprocessor=preprocessor())
    task.recipe = kbz.Recipe(learning_rate=0.01)
    task.history_of_fit = task.fit(TEXTS, LABELS, epochs=12, batch_size=24, verbose=0).history
    task.compile(kbz.Recipe(learning_rate=1e-3).build_optimizer())  # compiled once for all tests
    return task


def test_learns(task):
    losses = task.history_of_fit["loss"]
    assert losses[-1] < 0.5 * losses[0]
    assert (
        task.evaluate(TEXTS, LABELS, verbose=0, batch_size=24, return_dict=True)["accuracy"] > 0.9
    )


def test_predictions_come_in_the_callers_order(task):
    together = task.predict(TEXTS, batch_size=24, verbose=0)
    order = np.random.default_rng(0).permutation(len(TEXTS))
    shuffled = task.predict([TEXTS[i] for i in order], batch_size=24, verbose=0)
    np.testing.assert_allclose(shuffled, together[order], atol=1e-5)


def test_evaluate_is_the_mean_over_the_texts(task):
    """70 texts in batches of 24: the last batch is smaller and must not count for more."""
    texts, y = TEXTS[:70], task.encode_labels(LABELS[:70])
    logits = task.predict(texts, batch_size=24, verbose=0).astype("float64")
    log_sum = np.log(np.exp(logits).sum(-1))
    loss = float((log_sum - logits[np.arange(70), y]).mean())
    result = task.evaluate(texts, LABELS[:70], batch_size=24, verbose=0, return_dict=True)
    assert result["loss"] == pytest.approx(loss, abs=1e-5)
    assert result["accuracy"] == pytest.approx((logits.argmax(-1) == y).mean(), abs=1e-6)


def test_classify(task):
    answer = task.classify("a good film")
    assert set(answer) == {"label", "score"}
    assert answer["label"] == "positive"
    every = task.classify(["a good film", "bad"], top_k=None)
    assert [row[0]["label"] for row in every] == ["positive", "negative"]
    assert sum(one["score"] for one in every[0]) == pytest.approx(1, abs=1e-6)
    with pytest.raises(ValueError, match="top_k must be from 1 to 2"):
        task.classify("x", top_k=3)


@pytest.mark.parametrize("text", ["", "   ", "😀", "中文", "\u200d", "word " * 20_000])
def test_any_text_gets_an_answer(task, text):
    with pytest.warns(kbz.TruncationWarning) if len(text) > 100 else no_warning():
        answer = task.classify(text)
    assert 0.5 <= answer["score"] <= 1


def no_warning():
    import contextlib

    return contextlib.nullcontext()


def test_no_text_at_all(task):
    assert task.predict([], verbose=0).shape == (0, 2)
    with pytest.raises(ValueError, match="no texts"):
        task.evaluate([], [])


def forms():
    """The same data in every form that is taken: name -> arguments of `fit` and `evaluate`."""
    pandas = pytest.importorskip("pandas")
    datasets = pytest.importorskip("datasets")
    texts, labels = TEXTS[:48], LABELS[:48]
    numbers = [["negative", "positive"].index(label) for label in labels]
    frame = pandas.DataFrame({"text": texts, "label": labels}, index=range(5, 53))
    features = datasets.Features(
        {
            "text": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["positive", "negative"]),
        }
    )
    hub = datasets.Dataset.from_dict(
        {"text": texts, "label": [["positive", "negative"].index(label) for label in labels]},
        features,
    )
    pairs = [(text, "good") for text in texts]
    return {
        "list": (texts, labels),
        "tuple": (tuple(texts), tuple(labels)),
        "numbers": (texts, numbers),
        "numpy": (np.array(texts), np.array(numbers)),
        "series": (frame["text"], frame["label"]),
        "frame": (frame,),
        "frame with named labels": (frame.rename(columns={"label": "mood"}), "mood"),
        "datasets.Dataset": (hub,),
        "list of pairs": (pairs, labels),
        "two columns": (([a for a, _ in pairs], [b for _, b in pairs]), labels),
        "PyDataset": (Batches(texts, labels),),
        "list of batches": (BatchList(texts, labels),),
        "encoded": (preprocessor()(texts), np.array(numbers)),
    }


class Batches(keras.utils.PyDataset):
    def __init__(self, texts, labels):
        super().__init__()
        self.texts, self.labels = texts, labels

    def __len__(self):
        return 2

    def __getitem__(self, index):
        part = slice(index * 24, index * 24 + 24)
        return self.texts[part], self.labels[part]


class BatchList:
    """Anything with `__iter__`, as a loader of torch."""

    def __init__(self, texts, labels):
        self.batches = [(texts[i : i + 24], labels[i : i + 24]) for i in (0, 24)]

    def __iter__(self):
        return iter(self.batches)


FORMS = [
    "list", "tuple", "numbers", "numpy", "series", "frame", "frame with named labels",
    "datasets.Dataset", "list of pairs", "two columns", "PyDataset", "list of batches", "encoded",
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_data(task, form):
    data = forms()[form]
    result = task.evaluate(*data, batch_size=24, verbose=0, return_dict=True)
    expected = task.evaluate(TEXTS[:48], LABELS[:48], batch_size=24, verbose=0, return_dict=True)
    if "pairs" not in form and "columns" not in form:
        assert result["loss"] == pytest.approx(expected["loss"], abs=1e-5)
        assert result["accuracy"] == pytest.approx(expected["accuracy"])
    task.fit(*data, batch_size=24, verbose=0)
    if form not in ("PyDataset", "list of batches"):
        assert task.predict(data[0], batch_size=24, verbose=0).shape == (48, 2)


def test_tf_data(task):
    tf = pytest.importorskip("tensorflow")
    plain = tf.data.Dataset.from_tensor_slices((TEXTS[:48], LABELS[:48]))
    pairs = tf.data.Dataset.from_tensor_slices(((TEXTS[:48], TEXTS[:48]), LABELS[:48])).batch(24)
    expected = task.evaluate(TEXTS[:48], LABELS[:48], verbose=0, batch_size=24)
    assert task.evaluate(plain.batch(24), verbose=0) == pytest.approx(expected, abs=1e-5)
    assert task.evaluate(plain, batch_size=24, verbose=0) == pytest.approx(expected, abs=1e-5)
    task.fit(plain.batch(24), validation_data=plain.batch(24), verbose=0)
    task.fit(plain.repeat().batch(24), steps_per_epoch=2, epochs=2, verbose=0)
    task.fit(pairs, epochs=2, verbose=0)
    assert task.predict(plain.batch(24).map(lambda x, y: x), verbose=0).shape == (48, 2)


def test_generators_and_single_batches(task):
    def generator():
        while True:
            yield TEXTS[:24], LABELS[:24], np.ones(24)

    history = task.fit(generator(), steps_per_epoch=2, epochs=2, verbose=0).history
    assert len(history["loss"]) == 2
    before = task.test_on_batch(TEXTS[:24], LABELS[:24])
    task.train_on_batch(TEXTS[:24], LABELS[:24])
    assert task.test_on_batch(TEXTS[:24], LABELS[:24]) != before
    assert task.predict_on_batch(TEXTS[:24]).shape == (24, 2)
    batches = (TEXTS[start : start + 24] for start in (0, 24))
    assert task.predict(batches, verbose=0).shape == (48, 2)


# ---------------------------------------------------------------- weights and fixed shapes


def weights_after(task, *data, **options):
    task.fit(*data, epochs=1, shuffle=False, verbose=0, **options)
    return task.get_weights()


def assert_same_weights(a, b, atol=1e-5):
    for one, other in zip(a, b):
        np.testing.assert_allclose(one, other, atol=atol)


def twin(**options):
    """Classifiers that start alike, without dropout."""
    keras.utils.set_random_seed(5)
    encoder = tiny_encoder(dropout=0.0, attention_dropout=0.0)
    return sgd(tiny_classifier(encoder=encoder, preprocessor=preprocessor(**options)))


def test_class_weight_is_sample_weight_by_name():
    by_class = weights_after(twin(), TEXTS[:24], LABELS[:24], class_weight={"positive": 3.0})
    rows = [3.0 if label == "positive" else 1.0 for label in LABELS[:24]]
    by_row = weights_after(twin(), TEXTS[:24], LABELS[:24], sample_weight=rows)
    assert_same_weights(by_class, by_row)
    with pytest.raises(ValueError, match="class_weight or sample_weight, not both"):
        twin().fit(TEXTS[:24], LABELS[:24], class_weight={0: 1.0}, sample_weight=rows)


def test_filled_rows_change_neither_updates_nor_figures():
    """28 texts in batches of 16: 4 rows of the second batch are filled where shapes are fixed."""
    plain, fixed = twin(), twin(fixed_batch_shape=True)
    data = TEXTS[:28], LABELS[:28]
    assert_same_weights(
        weights_after(plain, *data, batch_size=16), weights_after(fixed, *data, batch_size=16)
    )
    expected = plain.evaluate(*data, batch_size=16, verbose=0, return_dict=True)
    figures = fixed.evaluate(*data, batch_size=16, verbose=0, return_dict=True)
    assert figures == pytest.approx(expected, abs=1e-5)
    assert fixed.predict(TEXTS[:28], batch_size=16, verbose=0).shape == (28, 2)


def test_validation_split_takes_the_last_rows():
    task = twin()
    history = task.fit(
        TEXTS[:40], LABELS[:40], validation_split=0.4, batch_size=8, verbose=0
    ).history
    expected = task.evaluate(TEXTS[24:40], LABELS[24:40], verbose=0, return_dict=True, batch_size=8)
    assert history["val_loss"][0] == pytest.approx(expected["loss"], abs=1e-5)
    assert history["val_accuracy"][0] == pytest.approx(expected["accuracy"])


def test_callbacks_see_every_batch():
    seen = []
    callback = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(batch)
    )
    twin().fit(TEXTS[:20], LABELS[:20], batch_size=8, verbose=0, callbacks=[callback])
    assert seen == [0, 1, 2]


# ---------------------------------------------------------------- labels


def test_string_labels_name_the_classes():
    task = sgd(tiny_classifier(num_classes=2, preprocessor=preprocessor()))
    assert task.labels is None
    task.fit(TEXTS[:24], LABELS[:24], verbose=0)
    assert task.labels == ["negative", "positive"]


def test_wrong_labels_are_named():
    task = tiny_classifier()
    with pytest.raises(ValueError, match=r"Row 1 has the label 'positiv'.*Did you mean 'positive'"):
        task.fit(["a", "b"], ["negative", "positiv"])
    with pytest.raises(ValueError, match="Row 0 has the label 2"):
        task.evaluate(["a"], [2])
    with pytest.raises(ValueError, match="2 texts and 1 labels"):
        task.fit(["a", "b"], ["negative"])
    with pytest.raises(ValueError, match="Labels are missing"):
        task.fit(["a", "b"])
    with pytest.raises(TypeError, match=r"Row 1 is nan \(float\)"):
        task.fit(["a", float("nan")], ["negative", "positive"])


def test_several_labels_a_text():
    task = sgd(tiny_classifier(labels=["good", "bad", "film"], problem="multi_label",
                               preprocessor=preprocessor()))  # fmt: skip
    labels = [[w for w in ("good", "bad", "film") if w in text.split()] for text in TEXTS[:24]]
    task.fit(TEXTS[:24], labels, verbose=0)
    scores = task.classify(TEXTS[:3], top_k=None)
    logits = task.predict(TEXTS[:3], verbose=0)
    by_hand = 1 / (1 + np.exp(-logits[0]))
    found = {one["label"]: one["score"] for one in scores[0]}
    np.testing.assert_allclose([found[w] for w in ("good", "bad", "film")], by_hand, atol=1e-6)


def test_regression():
    task = sgd(tiny_classifier(num_classes=1, problem="regression", preprocessor=preprocessor()))
    numbers = [float(len(text)) / 50 for text in TEXTS[:24]]
    task.fit(TEXTS[:24], numbers, verbose=0)
    result = task.evaluate(TEXTS[:24], numbers, verbose=0, return_dict=True)
    predicted = task.predict(TEXTS[:24], verbose=0)[:, 0]
    assert result["loss"] == pytest.approx(np.mean((predicted - numbers) ** 2), abs=1e-5)
    assert task.classify("a") == {
        "value": pytest.approx(float(task.predict(["a"], verbose=0)[0, 0]), abs=1e-6)
    }


# ---------------------------------------------------------------- long texts


def test_truncation_modes():
    long = ["good " * 100, "short"]
    with pytest.warns(kbz.TruncationWarning, match="1 of 2 texts were cut to 32 tokens: 70 of 1"):
        tiny_classifier().predict(long, verbose=0)
    strict = tiny_classifier(preprocessor=preprocessor(truncation="error"))
    with pytest.raises(kbz.TruncationError, match="1 of 2 texts are longer than the 32 tokens"):
        strict.predict(long, verbose=0)
    silent = tiny_classifier(preprocessor=preprocessor(truncation="silent"))
    silent.predict(long, verbose=0)
    assert silent.truncation_report.cut_tokens == 70


def test_the_preprocessor_may_not_be_longer_than_the_encoder():
    with pytest.raises(ValueError, match="max_sequence_length=64 is more than the 32 positions"):
        tiny_classifier(preprocessor=kbz.Preprocessor(tiny_tokenizer(), 64))


def test_without_a_preprocessor():
    encoder = tiny_encoder()
    task = kbz.TextClassifier(encoder, num_classes=2)
    with pytest.raises(ValueError, match="no preprocessor"):
        task.predict(["text"])
    encoded = preprocessor()(POSITIVE + NEGATIVE)
    task.fit(encoded, np.array([1] * 5 + [0] * 5), verbose=0)
    assert task.predict(encoded, verbose=0).shape == (10, 2)


# ---------------------------------------------------------------- other ways to train


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains(policy):
    encoder = kbz.Encoder.from_config({**tiny_encoder().get_config(), "dtype": policy})
    task = tiny_classifier(encoder=encoder, preprocessor=preprocessor())
    task.recipe = kbz.Recipe(learning_rate=0.01)
    history = task.fit(TEXTS, LABELS, epochs=6, batch_size=24, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert task.predict(TEXTS[:3], verbose=0).dtype == np.float32


def test_losses_by_name_take_logits():
    task = twin()
    task.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    named = task.evaluate(TEXTS[:24], LABELS[:24], verbose=0)
    task.compile("sgd")
    assert task.evaluate(TEXTS[:24], LABELS[:24], verbose=0) == pytest.approx(named, abs=1e-6)


def test_accuracy_by_name_is_that_of_logits():
    task = twin(fixed_batch_shape=True)
    task.compile("sgd", metrics=["accuracy"])
    logits = task.predict(TEXTS[:20], batch_size=16, verbose=0)
    right = (logits.argmax(-1) == task.encode_labels(LABELS[:20])).mean()
    result = task.evaluate(TEXTS[:20], LABELS[:20], batch_size=16, verbose=0, return_dict=True)
    assert result["accuracy"] == pytest.approx(right)


def test_default_compile_is_the_recipe():
    task = tiny_classifier(preprocessor=preprocessor())
    task.fit(TEXTS, LABELS, batch_size=24, epochs=2, verbose=0)
    optimizer = task.optimizer
    assert optimizer.total_steps == 6
    assert optimizer.weight_decay == 0.01
    assert optimizer.global_clipnorm == 1.0
    decays = {v.name: optimizer._use_weight_decay(v) for v in task.trainable_variables}
    assert decays == {
        "kernel": True,
        "embeddings": True,
        "bias": False,
        "gamma": False,
        "beta": False,
    }
    assert float(optimizer.learning_rate) == 0  # the schedule has come to its end
    before = task.get_weights()
    task.fit(TEXTS, LABELS, batch_size=24, verbose=0)  # and starts again
    assert any((a != b).any() for a, b in zip(before, task.get_weights()))


def test_outputs_are_finite_and_logits(task):
    logits = task.predict(TEXTS[:4], verbose=0)
    np.testing.assert_allclose(to_numpy(task(task.preprocessor(TEXTS[:4]))), logits, atol=1e-5)
