"""Learning from a teacher in a `Pretrainer`, by all objectives at once."""

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.pretraining import Pretrainer
from keras_bert_zoo.pretraining.distillation import (
    AttentionMaps,
    AttentionScores,
    CosineHidden,
    HiddenStates,
    Relations,
    SoftTargets,
    distilbert,
    minilm,
    minilm_v2,
    mobilebert,
    student_of,
    tinybert,
    transfer_by_layers,
)
from keras_bert_zoo.pretraining.frozen import Frozen
from tests.pretraining.distillation.models import LOUD, WIDE, tiny_student, tiny_teacher
from tests.pretraining.sources import LENGTH, TEXTS
from tests.tiny import (
    VOCABULARY,
    assert_equal,
    tiny_encoder,
    tiny_tokenizer,
    to_numpy,
    values,
)


def all_of(teacher):
    return [
        SoftTargets(teacher, weight=0.5),
        CosineHidden(teacher),
        HiddenStates(teacher, projection="each"),
        AttentionScores(teacher),
        AttentionMaps(teacher),
        Relations(teacher, heads=4),
    ]


def pretrainer_of(student, objectives, **options):
    options = {"length": LENGTH, "recipe": kbz.Recipe(1e-2), "seed": 0, **options}
    return Pretrainer(student, tiny_tokenizer(), objectives, **options)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A student that learnt all there is, what its teacher was before, and the losses."""
    teacher = tiny_teacher(2)
    before = values(teacher)
    pretrainer = pretrainer_of(tiny_student(), all_of(teacher))
    options = {"batch_size": 8, "steps_per_epoch": 10, "epochs": 4, "verbose": 0}
    return pretrainer, teacher, before, pretrainer.fit(TEXTS, **options).history


def test_every_loss_falls(trained):
    pretrainer, _, _, history = trained
    for one in pretrainer.objectives:
        losses = history[f"{one.name}_loss"]
        assert losses[-1] < 0.97 * losses[0], one.name
    weighted = sum(
        one.weight * np.array(history[f"{one.name}_loss"]) for one in pretrainer.objectives
    )
    np.testing.assert_allclose(history["loss"], weighted, rtol=1e-5)


def test_the_teacher_stays_as_it_was(trained):
    pretrainer, teacher, before, _ = trained
    assert_equal(values(teacher), before)
    theirs = {id(weight) for weight in teacher.weights}
    assert not any(id(weight) in theirs for weight in pretrainer.trainable_variables)


def test_objectives_share_one_pass_through_the_teacher(trained):
    layers = [layer for layer in trained[0].layers if isinstance(layer, Frozen)]
    assert [layer.name for layer in layers] == ["teacher"]


def test_the_student_is_saved_alone(trained, tmp_path):
    pretrainer, _, _, _ = trained
    task = pretrainer.task()
    task.save_to_preset(tmp_path / "student")
    loaded = kbz.MaskedLM.from_preset(tmp_path / "student")
    encoder, head = pretrainer.encoder, pretrainer.get_layer("head")
    assert loaded.count_params() == encoder.count_params() + head.count_params()
    np.testing.assert_allclose(
        loaded.predict(["a [MASK] film"], verbose=0)[0],
        task.predict(["a [MASK] film"], verbose=0)[0],
        atol=1e-6,
    )


def test_a_run_is_saved_with_its_teacher(trained, tmp_path):
    pretrainer, _, _, _ = trained
    pretrainer.save(tmp_path / "half.keras")
    loaded = keras.saving.load_model(tmp_path / "half.keras")
    x, y = pretrainer.batches(TEXTS, 8).at(3)
    expected = pretrainer.test_on_batch(x, y)
    np.testing.assert_allclose(loaded.test_on_batch(x, y), expected, rtol=1e-5)
    assert len({id(one.teacher.model) for one in loaded.objectives if one.teacher}) == 1


def test_a_student_that_is_its_teacher_has_nothing_to_learn():
    teacher = tiny_teacher(2)
    student = student_of(teacher.encoder, [0, 1])
    pretrainer = pretrainer_of(student, all_of(teacher))
    head, theirs = pretrainer.get_layer("head"), teacher.get_layer("head")
    for mine, other in zip(head.weights, theirs.weights):
        mine.assign(keras.ops.convert_to_numpy(other))
    found = pretrainer.evaluate(TEXTS, batch_size=8, steps=1, return_dict=True, verbose=0)
    assert {name: value for name, value in found.items() if abs(value) > 1e-5} == {}


def test_an_update_has_nothing_of_the_one_before_it():
    """On torch gradients are added up until they are set back."""
    teacher = tiny_teacher(1)
    student, other = tiny_student(), tiny_student()

    def updated(encoder, step):
        pretrainer = pretrainer_of(encoder, [HiddenStates(teacher)])
        pretrainer.compile(keras.optimizers.SGD(0.1))
        x, y = pretrainer.batches(TEXTS, 8).at(step)
        pretrainer.train_on_batch(x, y)
        return pretrainer, x, y

    pretrainer, x, y = updated(student, 0)
    for mine, value in zip(other.weights, student.weights):
        mine.assign(keras.ops.convert_to_numpy(value))
    pretrainer.train_on_batch(x, y)
    updated(other, 0)
    for path, value in values(student).items():
        np.testing.assert_allclose(values(other)[path], value, atol=1e-6, err_msg=path)


def test_recipes():
    teacher = tiny_teacher(4)
    names = {
        "distilbert": [one.name for one in distilbert(teacher)],
        "tinybert": [one.name for one in tinybert(teacher)],
        "minilm": [one.name for one in minilm(teacher)],
        "minilm_v2": [one.name for one in minilm_v2(teacher)],
        "mobilebert": [one.name for one in mobilebert(teacher, 0.25)],
    }
    assert names == {
        "distilbert": ["masked_tokens", "soft_targets", "cosine_hidden"],
        "tinybert": ["hidden_states", "attention_scores"],
        "minilm": ["attention_maps", "relations"],
        "minilm_v2": ["relations"],
        "mobilebert": ["masked_tokens", "soft_targets", "hidden_states", "attention_maps"],
    }
    assert [one.weight for one in distilbert(teacher)] == [2.0, 5.0, 1.0]
    assert [one.weight for one in mobilebert(teacher, 0.25, transfer=False)] == [0.25, 0.75]
    with pytest.raises(ValueError, match="alpha is a share"):
        mobilebert(teacher, 1.0)


@pytest.mark.any_backend
def test_operations_of_the_teacher_end_where_it_is_not_looked_at():
    """Of a teacher of four blocks of which the second is compared, two are run."""
    teacher, student = tiny_teacher(4), tiny_student()
    pretrainer = pretrainer_of(student, [Relations(teacher, layers=[(1, 2)])])
    run = []
    for block in teacher.encoder.blocks:
        block.call = (lambda call: lambda *a, **k: (run.append(1), call(*a, **k))[1])(block.call)
    x, _ = pretrainer.batches(TEXTS, 8).at(0)
    pretrainer(x)
    assert len(run) == 2


def test_layer_by_layer():
    """Each block learns in its turn, and stays as it is in the turns of others."""
    teacher, student = tiny_teacher(2), tiny_student(num_layers=2)
    frozen = [weight.trainable for weight in student.variables]
    before = values(student)
    options = {"length": LENGTH, "recipe": kbz.Recipe(1e-2), "seed": 0, "verbose": 0}
    losses = transfer_by_layers(
        student, teacher, tiny_tokenizer(), TEXTS, steps_per_layer=8, batch_size=8, **options
    )
    assert len(losses) == 2
    assert [weight.trainable for weight in student.variables] == frozen
    after = values(student)
    assert (before["layer_1/feed_forward/out/kernel"] !=
            after["layer_1/feed_forward/out/kernel"]).any()  # fmt: skip
    with pytest.raises(ValueError, match="1 blocks of its own in 1 layers, the teacher 2"):
        transfer_by_layers(tiny_student(), teacher, tiny_tokenizer(), TEXTS, steps_per_layer=1)


def other_tokenizer():
    return kbz.Tokenizer.from_vocabulary([*VOCABULARY[:-2], VOCABULARY[-1], VOCABULARY[-2]])


@pytest.mark.parametrize(
    ("objective", "told"),
    [
        (lambda: CosineHidden(tiny_teacher(2, **WIDE)), "hidden_dim is 16, the teacher's 32"),
        (lambda: AttentionMaps(tiny_teacher(2, **WIDE)), "student has 2, the teacher 4"),
        (lambda: AttentionScores(tiny_teacher(2, **WIDE)), "build the student with num_heads=4"),
        (lambda: Relations(tiny_teacher(2, **WIDE)), "or give heads=..., into how many"),
        (lambda: Relations(tiny_teacher(2), heads=5), "the student's hidden_dim=16 does not"),
        (lambda: SoftTargets(tiny_teacher(1).encoder), "a MaskedLM only. Given: Encoder"),
        (lambda: SoftTargets(tiny_teacher(1), temperature=0), "temperature must be more than 0"),
        (lambda: SoftTargets(tiny_teacher(1), places="mask"), "Did you mean 'masked'"),
        (lambda: HiddenStates(tiny_teacher(1), projection="no"), "'shared' or 'each'"),
        (lambda: Relations(tiny_teacher(1), ["values"]), "Did you mean 'value'"),
        (
            lambda: HiddenStates(tiny_encoder(vocabulary_size=99)),
            "has 70 tokens, the teacher 99".replace("70", str(len(VOCABULARY))),
        ),
        (
            lambda: HiddenStates(
                kbz.MaskedLM(tiny_encoder(**LOUD), kbz.Preprocessor(other_tokenizer(), 16))
            ),
            "give it the tokenizer of the teacher",
        ),
    ],
)
def test_what_does_not_go_together(objective, told):
    with pytest.raises(ValueError, match=told):
        pretrainer_of(tiny_student(), [objective()])


def test_a_teacher_is_a_model_of_this_library():
    with pytest.raises(TypeError, match="A teacher is a keras_bert_zoo.Encoder or a task"):
        HiddenStates(keras.Sequential())


def test_a_student_is_not_its_own_teacher():
    encoder = tiny_student()
    with pytest.raises(ValueError, match="the same encoder"):
        pretrainer_of(encoder, [HiddenStates(encoder)])


def test_masked_places_come_from_masked_tokens():
    soft = SoftTargets(tiny_teacher(1), places="masked")
    with pytest.raises(ValueError, match="soft_targets learns from what masked_tokens does"):
        pretrainer_of(tiny_student(), [soft])
    pretrainer = pretrainer_of(tiny_student(), [soft, "masked_tokens"])
    x, y = pretrainer.batches(TEXTS, 8).at(0)
    np.testing.assert_array_equal(y["soft_targets/weight"], y["masked_tokens/weight"])
    found = pretrainer(x)["soft_targets"]
    assert found["teacher"][0].shape == (*x["mask_positions"].shape, len(VOCABULARY))


def test_transformers_get_the_student(trained, tmp_path):
    """What is written are the student's weights, and none of its teacher's."""
    transformers = pytest.importorskip("transformers", reason="the reference: pip install .[test]")
    pretrainer, _, _, _ = trained
    pretrainer.save_to_hugging_face(tmp_path / "student")
    found = transformers.AutoModelForMaskedLM.from_pretrained(tmp_path / "student")
    assert found.config.num_hidden_layers == 1
    query = pretrainer.encoder.blocks[0].attention.query.kernel
    for theirs, ours in (
        (found.cls.predictions.bias, pretrainer.get_layer("head").bias),
        (found.bert.encoder.layer[0].attention.self.query.weight.T, query),
    ):
        np.testing.assert_array_equal(theirs.detach().numpy(), keras.ops.convert_to_numpy(ours))


def test_texts_in_one_row_are_compared_as_if_they_were_alone():
    """Of all objectives: the loss of a row of two texts is that of the two, by their sizes."""
    teacher, student = tiny_teacher(2), tiny_student(**LOUD)
    alone, packed = (pretrainer_of(student, all_of(teacher), pack=p) for p in (False, True))
    shared = {id(one) for one in [*student.weights, *teacher.weights]}
    ours, theirs = (
        {one.path: one for one in each.weights if id(one) not in shared} for each in (packed, alone)
    )
    assert set(ours) == set(theirs)
    for path, weight in ours.items():
        weight.assign(theirs[path])
    texts = [np.array([ids], "int32") for ids in ([2, 9, 14, 7, 3], [2, 24, 11, 3])]
    sizes = np.array([5, 4])
    row = {**inputs_of(np.concatenate(texts, 1)), "sequence_ids": np.repeat([1, 2], sizes)[None]}
    found, each = packed(row), [alone(inputs_of(ids)) for ids in texts]
    for one, ours in zip(alone.objectives, packed.objectives):
        # A mean over tokens, but for scores, which are compared by pairs of them.
        share = sizes**2 if one.name == "attention_scores" else sizes
        losses = [float(to_numpy(one.loss(outputs[one.name], {}))) for outputs in each]
        loss = float(to_numpy(ours.loss(found[one.name], {})))
        np.testing.assert_allclose(loss, losses @ share / share.sum(), rtol=1e-4, err_msg=one.name)


def inputs_of(ids):
    return {"token_ids": ids, "segment_ids": 0 * ids, "padding_mask": 0 * ids + 1}


def test_packed_rows_are_learnt_from():
    pretrainer = pretrainer_of(tiny_student(), distilbert(tiny_teacher(2)), pack=True)
    options = {"batch_size": 8, "steps_per_epoch": 10, "epochs": 3, "verbose": 0}
    losses = pretrainer.fit(TEXTS, **options).history
    for name in ("loss", "soft_targets_loss", "cosine_hidden_loss"):
        assert losses[name][-1] < 0.97 * losses[name][0], name
