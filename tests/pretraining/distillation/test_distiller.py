"""Tasks that learn from tasks: every kind of answer, with labels and without."""

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.pretraining.distillation import (
    CosineHidden,
    Distiller,
    SoftTargets,
    distill,
    student_of,
    tinybert,
)
from tests.pretraining.distillation.models import (
    LOUD,
    kl,
    preprocessor,
    softmax,
    tiny_student,
    tiny_teacher,
)
from tests.tiny import (
    NEGATIVE,
    POSITIVE,
    assert_equal,
    sentences,
    tiny_classifier,
    tiny_encoder,
    to_numpy,
    values,
)

TEXTS = POSITIVE + NEGATIVE
LABELS = ["yes"] * 5 + ["no"] * 5
WORDS = [text.split() for text in TEXTS]
CHOICES = [("we", ["good", "bad", "the food"][: 2 + i % 2]) for i in range(10)]
QUESTIONS = [{"question": "who", "context": text} for text in TEXTS]
ANSWERED = [
    {**row, "answers": {"text": [row["context"].split()[0]], "answer_start": [0]}}
    for row in QUESTIONS
]
BOTH = {"labels": ["no", "yes"]}

# Name -> class, its options, data with labels, data without.
TASKS = {
    "text": ("TextClassifier", BOTH, (TEXTS, LABELS), (TEXTS,)),
    "several": (
        "TextClassifier",
        {**BOTH, "problem": "multi_label"},
        (TEXTS, [["yes"], ["yes", "no"]] * 5),
        (TEXTS,),
    ),
    "number": (
        "TextClassifier",
        {"num_classes": 1, "problem": "regression"},
        (TEXTS, [0.0, 1.0] * 5),
        (TEXTS,),
    ),
    "pair": ("PairScorer", BOTH, ((TEXTS, TEXTS), LABELS), ((TEXTS, TEXTS),)),
    "document": ("DocumentClassifier", BOTH, (TEXTS, LABELS), (TEXTS,)),
    "token": (
        "TokenClassifier",
        {"labels": ["O", "B-X", "I-X"]},
        (WORDS, [["B-X"] + ["O"] * (len(words) - 1) for words in WORDS]),
        (TEXTS,),
    ),
    "span": ("SpanExtractor", {}, (ANSWERED,), (QUESTIONS,)),
    "choice": ("MultipleChoice", {}, (CHOICES, [0, 1] * 5), (CHOICES,)),
    "mask": ("MaskedLM", {}, (TEXTS,), None),
    "embed": ("TextEmbedder", {}, (list(zip(TEXTS, TEXTS[::-1])),), (TEXTS,)),
}


def tiny_pair(name="text", **options):
    """`(student, teacher)`; the teacher's answers differ from text to text."""
    keras.utils.set_random_seed(0)
    cls, own, _, _ = TASKS[name]
    make = lambda encoder, **more: getattr(kbz, cls)(  # noqa: E731
        encoder, preprocessor(), seed=0, **{**own, **options, **more}
    )
    teacher = make(tiny_encoder(num_layers=2, **{**LOUD, "initializer_range": 0.5}))
    return make(tiny_student(), recipe=kbz.Recipe(1e-2)), teacher


@pytest.mark.parametrize(
    "name", ["text", *(pytest.param(n, marks=pytest.mark.slow) for n in [*TASKS][1:])]
)
def test_every_task_learns_from_its_teacher(name):
    _, _, labelled, unlabelled = TASKS[name]
    for data in filter(None, (unlabelled, labelled)):
        student, teacher = tiny_pair(name)
        before = values(teacher)
        history = distill(student, teacher, *data, epochs=8, batch_size=10, verbose=0).history
        parts = {"hard_loss", "soft_loss"} if data is labelled else {"soft_loss"}
        assert {key for key in history if key.endswith("_loss")} == parts
        if data is unlabelled:
            assert history["soft_loss"][-1] < history["soft_loss"][0]
            np.testing.assert_allclose(history["loss"], history["soft_loss"], rtol=1e-5)
        else:
            assert history["loss"][-1] < history["loss"][0]
            halves = np.mean([history[part] for part in parts], axis=0)
            np.testing.assert_allclose(history["loss"], halves, rtol=1e-4)
        assert_equal(values(teacher), before)


def test_the_student_comes_to_agree_with_a_teacher_that_was_trained():
    """Many updates, of a model that holds two encoders with the same names for their weights."""
    texts, labels = sentences(300)
    keras.utils.set_random_seed(0)
    parts = {"preprocessor": preprocessor()}
    teacher = tiny_classifier(encoder=tiny_encoder(**LOUD), recipe=kbz.Recipe(3e-3), **parts)
    options = {"batch_size": 16, "epochs": 8, "verbose": 0}
    teacher.fit(texts[:200], labels[:200], **options)
    student = tiny_classifier(encoder=tiny_student(), recipe=kbz.Recipe(1e-2), **parts)
    history = distill(student, teacher, texts[:200], **options).history
    assert set(history) == {"loss", "soft_loss"}  # and nothing that the teacher was compiled with
    assert history["loss"][-1] < 0.6 * history["loss"][0]
    answers = (task.predict(texts[200:], verbose=0).argmax(-1) for task in (teacher, student))
    assert np.mean(np.equal(*answers)) > 0.85


def test_an_update_has_nothing_of_the_one_before_it():
    """On torch gradients are added up until they are set back."""
    (student, teacher), (other, _) = tiny_pair(), tiny_pair()

    def update(task, part):
        distiller = Distiller(task, teacher)
        distiller.compile(keras.optimizers.SGD(0.5))
        distiller.train_on_batch(TEXTS[part], LABELS[part])
        return distiller

    distiller = update(student, slice(0, 5))
    for mine, value in zip(other.weights, student.weights):
        mine.assign(to_numpy(value))
    distiller.train_on_batch(TEXTS[5:], LABELS[5:])
    update(other, slice(5, 10))
    found = values(other)
    for path, value in values(student).items():
        np.testing.assert_allclose(found[path], value, atol=1e-6, err_msg=path)


def soft_loss(student, teacher, x, y=None, **options):
    """The loss that a distiller computes for a batch, of the teacher alone."""
    distiller = Distiller(student, teacher, alpha=1.0, **options)
    batch = distiller._feeder().batches(x, y, batch_size=len(x))[0]
    inputs, y, weight = (*(batch if isinstance(batch, tuple) else (batch,)), None, None)[:3]
    loss = distiller.compute_loss(inputs, y, distiller(inputs), weight)
    return inputs, float(to_numpy(loss))


def of(task, inputs):
    return np.asarray(to_numpy(task(inputs)), "float64")


def test_classes_by_hand():
    student, teacher = tiny_pair()
    inputs, found = soft_loss(student, teacher, TEXTS, temperature=3.0)
    p, q = (softmax(of(task, inputs) / 3.0) for task in (teacher, student))
    assert found == pytest.approx(9 * kl(p, q).mean(), rel=1e-4)


def test_tokens_by_hand():
    """Padding does not count; with labels, nor do tokens without one."""
    student, teacher = tiny_pair("token")
    labels = TASKS["token"][2][1]
    for y in (None, labels):
        inputs, found = soft_loss(student, teacher, WORDS, y)
        each = 4 * kl(*(softmax(of(task, inputs) / 2.0) for task in (teacher, student)))
        weight = inputs["padding_mask"]
        if y is not None:  # the first piece of each word
            batch = student._feeder().batches(WORDS, y, batch_size=len(WORDS))[0]
            weight = batch[2]
            assert 0 < weight.sum() < inputs["padding_mask"].sum()
        assert found == pytest.approx((each * weight).sum() / weight.sum(), rel=1e-4)


def test_spans_by_hand():
    student, teacher = tiny_pair("span")
    inputs, found = soft_loss(student, teacher, QUESTIONS)
    logits = (of(task, inputs).transpose(0, 2, 1) / 2.0 for task in (teacher, student))
    assert found == pytest.approx(4 * kl(*map(softmax, logits)).mean(), rel=1e-4)


def test_choices_that_are_not_there_count_nothing():
    student, teacher = tiny_pair("choice")
    inputs, found = soft_loss(student, teacher, CHOICES)
    p, q = (softmax(of(task, inputs) / 2.0) for task in (teacher, student))
    assert (p[:, 2] == 0).sum() == 5
    assert found == pytest.approx(4 * kl(p, q).mean(), rel=1e-3, abs=1e-7)


@pytest.mark.parametrize("compare", ["cosine", "error"])
def test_vectors_by_hand(compare):
    student, teacher = tiny_pair("embed")
    inputs, found = soft_loss(student, teacher, TEXTS, compare=compare)
    a, b = of(student, inputs), of(teacher, inputs)
    each = 1 - (a * b).sum(-1) if compare == "cosine" else ((a - b) ** 2).mean(-1)
    assert found == pytest.approx(each.mean(), rel=1e-4)


def test_vectors_of_another_length_are_projected():
    student, _ = tiny_pair("embed")
    wide = {**LOUD, "hidden_dim": 32}
    teacher = kbz.TextEmbedder(tiny_encoder(num_layers=1, **wide), preprocessor())
    distiller = Distiller(student, teacher)
    assert distiller.get_layer("projection").kernel.shape == (16, 32)
    assert student.dim == 16


def test_rows_that_fill_a_batch_up_count_nothing():
    student, teacher = tiny_pair()
    _, expected = soft_loss(student, teacher, TEXTS)
    student.preprocessor.fixed_batch_shape = True
    distiller = Distiller(student, teacher, alpha=1.0)
    filled = distiller._feeder().batches(TEXTS, batch_size=16)[0]
    assert len(filled["token_ids"]) == 16
    loss = distiller.compute_loss(filled, None, distiller(filled))
    assert float(to_numpy(loss)) == pytest.approx(expected, rel=1e-4)


def test_a_student_that_is_its_teacher_has_nothing_to_learn():
    _, teacher = tiny_pair()
    student = student_of(teacher, [0, 1])
    objectives = [*tinybert(teacher), CosineHidden(teacher)]
    _, found = soft_loss(student, teacher, TEXTS, objectives=objectives)
    assert found == pytest.approx(0.0, abs=1e-5)


def test_exits_learn_from_a_classifier():
    _, teacher = tiny_pair()
    student = kbz.EarlyExitClassifier(tiny_encoder(**LOUD), preprocessor(), **BOTH, seed=0)
    inputs, found = soft_loss(student, teacher, TEXTS)
    p, q = softmax(of(teacher, inputs)[:, None] / 2.0), softmax(of(student, inputs) / 2.0)
    assert found == pytest.approx(4 * kl(np.broadcast_to(p, q.shape), q).mean(), rel=1e-4)
    with pytest.raises(ValueError, match="teacher.classifier()"):
        Distiller(tiny_pair()[0], student)


def test_inside_first_and_answers_then():
    """TinyBERT's two steps on a task: what is inside, without labels, and then what is answered."""
    student, teacher = tiny_pair()
    options = {"epochs": 4, "batch_size": 5, "verbose": 0}
    objectives = tinybert(teacher)
    history = distill(student, teacher, TEXTS, alpha=None, objectives=objectives, **options).history
    assert set(history) == {"loss", "hidden_states_loss", "attention_scores_loss"}
    assert history["loss"][-1] < history["loss"][0]
    distiller = Distiller(student, teacher, temperature=1.0)
    history = distiller.fit(TEXTS, LABELS, validation_data=(TEXTS, LABELS), **options).history
    assert history["val_soft_loss"][-1] < history["soft_loss"][0]
    found = distiller.evaluate(TEXTS, LABELS, return_dict=True, verbose=0)
    own = student.evaluate(TEXTS, LABELS, return_dict=True, verbose=0)
    assert found["hard_loss"] == pytest.approx(own["loss"], rel=1e-4)
    assert found["accuracy"] == pytest.approx(own["accuracy"])
    np.testing.assert_array_equal(
        distiller.predict(TEXTS, verbose=0), student.predict(TEXTS, verbose=0)
    )


def test_what_is_trained_is_the_student():
    student, teacher = tiny_pair()
    distiller = Distiller(student, teacher)
    mine = {id(weight) for weight in student.trainable_variables}
    assert {id(weight) for weight in distiller.trainable_variables} == mine
    rebuilt = Distiller.from_config(
        Distiller(student, teacher, objectives=tinybert(teacher)).get_config()
    )
    assert rebuilt.temperature == 2.0
    assert all(one.teacher.model is rebuilt.teacher for one in rebuilt.objectives)


def other(name="text", **options):
    return tiny_pair(name, **options)[1]


def crf():
    return kbz.TokenClassifier(tiny_student(), preprocessor(), labels=["O", "B-X"], head="crf")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda s, t: Distiller(s, other(labels=["yes", "no"])), "labels=teacher.labels"),
        (lambda s, t: Distiller(s, other("number")), "their answers are of two kinds"),
        (lambda s, t: Distiller(s, other("token")), "their answers are of two kinds"),
        (lambda s, t: Distiller(s, s), "the same encoder"),
        (lambda s, t: Distiller(crf(), crf()), 'head="softmax"'),
        (lambda s, t: Distiller(s, t, temperature=0), "temperature must be more than 0"),
        (lambda s, t: Distiller(s, t, alpha=0), "alpha is how much the teacher counts"),
        (lambda s, t: Distiller(s, t, alpha=None), "give some"),
        (lambda s, t: Distiller(s, t, compare="angle"), "'cosine' or 'error'"),
        (
            lambda s, t: Distiller(s, t, objectives=[SoftTargets(tiny_teacher(1))]),
            "SoftTargets is not for the texts of a task",
        ),
        (lambda s, t: distill(s, t, []), "the data is empty"),
        (lambda s, t: distill(s, t, TEXTS, class_weight={"yes": 2.0}), "leave them out"),
    ],
)
def test_what_does_not_go_together(make, told):
    with pytest.raises(ValueError, match=told):
        make(*tiny_pair())
