"""A student that starts as some layers of its teacher."""

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.families import modernbert
from keras_bert_zoo.pretraining.distillation import student_of
from tests.pretraining.distillation.models import LOUD, preprocessor
from tests.tiny import random_inputs, tiny_config, tiny_encoder, to_numpy

INPUTS = random_inputs()


@pytest.mark.parametrize(("layers", "taken"), [(None, [0, 2]), ([3, 1], [3, 1])])
def test_it_runs_the_blocks_that_it_took(layers, taken):
    teacher = tiny_encoder(num_layers=4, **LOUD)
    student = student_of(teacher, layers)
    assert student.config.num_layers == 2
    x = teacher.begin(INPUTS)
    for index in taken:
        x = teacher.advance(x, INPUTS, index)
    np.testing.assert_allclose(to_numpy(student(INPUTS)), to_numpy(x), atol=1e-5)
    np.testing.assert_allclose(to_numpy(student.pooler(x)), to_numpy(teacher.pooler(x)), atol=1e-6)
    before = to_numpy(teacher.blocks[taken[0]].weights[0])
    student.blocks[0].weights[0].assign(before + 1)
    np.testing.assert_array_equal(to_numpy(teacher.blocks[taken[0]].weights[0]), before)


def test_a_task_keeps_its_head():
    teacher = kbz.TextClassifier(tiny_encoder(**LOUD), preprocessor(), labels=["no", "yes"], seed=0)
    student = student_of(teacher, [0, 1])  # all blocks: the same answers
    texts = ["a great film", "never again"]
    np.testing.assert_allclose(
        student.predict(texts, verbose=0), teacher.predict(texts, verbose=0), atol=1e-6
    )
    assert student.labels == ["no", "yes"]
    assert student_of(teacher).encoder.config.num_layers == 1


@pytest.mark.parametrize("layers", [[], [2], [-1]])
def test_blocks_that_are_not_there(layers):
    with pytest.raises(ValueError, match="numbers of blocks from 0 to 1"):
        student_of(tiny_encoder(), layers)


def test_a_block_that_does_not_fit():
    """The first block of a ModernBERT has no norm before its attention."""
    sizes = {
        key: value for key, value in vars(tiny_config()).items() if key != "layer_norm_epsilon"
    }
    fields = modernbert.FAMILY.Config.__dataclass_fields__
    config = {key: value for key, value in sizes.items() if key in fields}
    encoder = modernbert.FAMILY.build(modernbert.FAMILY.Config(**config))
    with pytest.raises(ValueError, match="Block 1 of the teacher cannot become layer_0"):
        student_of(encoder, [1])
