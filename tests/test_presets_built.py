"""Every preset's numbers, against the encoder that is built from them."""

import dataclasses

import keras
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.families import FAMILIES
from keras_bert_zoo.preset_rules import CONFIGS
from keras_bert_zoo.registry import get_preset, list_presets, preset_names

pytestmark = pytest.mark.any_backend


@pytest.fixture
def _forgets_weights():
    """Keras would make the weights that were left out, of billions, for the next model."""
    yield
    keras.utils.clear_session(free_memory=False)


@pytest.mark.usefixtures("_forgets_weights")
@pytest.mark.parametrize("name", preset_names())
def test_parameters_are_those_of_the_built_encoder(name):
    preset = get_preset(name)
    with keras.StatelessScope(initialize_variables=False):  # shapes without memory
        encoder = kbz.Encoder.from_config({"family": preset.family, **preset.config})
    assert encoder.count_params() == preset.parameters


def test_every_family_has_its_numbers_and_presets():
    # The numbers of the checkpoints of ERNIE are not known well enough to be held against them, and
    # those of VisualBERT come without a tokenizer.
    assert set(CONFIGS) == set(FAMILIES)
    without = {"ernie", "visual_bert"}
    assert set(FAMILIES) - {preset.family for preset in list_presets()} == without
    for name, family in FAMILIES.items():
        fields = {field.name for field in dataclasses.fields(family.Config)}
        assert set(CONFIGS[name]) == fields - {"initializer_range"}


def test_new_weights_need_no_download():
    encoder = kbz.Encoder.from_preset("bert_tiny_en_uncased", load_weights=False)
    assert encoder.count_params() == 4_385_920
