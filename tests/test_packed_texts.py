"""Several texts in a row: each has the vectors that it has alone, in every family that can."""

import keras
import numpy as np
import pytest

from keras_bert_zoo.families import FAMILIES
from keras_bert_zoo.packed_texts import packed
from tests.parity.families import tiny
from tests.tiny import tiny_encoder, to_numpy

# Neighbours reach each other through trigrams, through a convolution, or there are images.
NOT_ALONE = {"mobilebert": {}, "deberta_v2": {"convolution_size": 3}, "visual_bert": {}}
LENGTHS = (5, 3, 6)
SPREAD = {"initializer_range": 0.3}


def rows(texts, sequence_ids=None):
    ids = np.array(texts, "int32")
    found = {"token_ids": ids, "segment_ids": np.zeros_like(ids), "padding_mask": np.ones_like(ids)}
    return found if sequence_ids is None else {**found, "sequence_ids": sequence_ids}


# Those that are slow on JAX have the parts of others.
QUICK = ("bert", "modernbert", "roberta", "xlnet")
FAMILIES_THAT_CAN = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
    for name in FAMILIES
    if NOT_ALONE.get(name) != {}
]


@pytest.mark.parametrize("family", FAMILIES_THAT_CAN)
def test_each_text_is_as_if_it_was_alone(family):
    encoder = tiny(family, **SPREAD)
    generator = np.random.default_rng(0)
    texts = [generator.integers(5, 60, length) for length in LENGTHS]
    row = np.concatenate([*texts, [0, 0]])
    numbers = np.concatenate([np.repeat([1, 2, 3], LENGTHS), [0, 0]])
    inputs = rows([row], np.array([numbers], "int32"))
    found = to_numpy(packed(encoder, inputs)["sequence_output"])[0]
    assert np.isfinite(found).all()
    for number, text in enumerate(texts, 1):
        alone = to_numpy(encoder(rows([text])))[0]
        np.testing.assert_allclose(found[numbers == number], alone, atol=2e-5)


@pytest.mark.parametrize("family", NOT_ALONE)
def test_what_cannot_is_told(family):
    with pytest.raises(ValueError, match=f"A {family} encoder cannot read several texts"):
        packed(tiny(family, **NOT_ALONE[family]), rows([[1, 2]], np.array([[1, 2]], "int32")))


def test_one_text_in_a_row_is_an_encoder():
    encoder = tiny_encoder(**SPREAD)
    inputs = rows([[5, 6, 7, 8]], np.ones((1, 4), "int32"))
    found = packed(encoder, inputs, attention_maps=True)
    expected = encoder.trace(inputs)
    for key in ("hidden_states", "attention_maps"):
        keras.tree.map_structure(
            lambda a, b: np.testing.assert_allclose(to_numpy(a), to_numpy(b), atol=1e-6),
            found[key],
            expected[key],
        )
