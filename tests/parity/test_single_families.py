"""What one family has and others have not, and configs that say less than they should."""

import json

import numpy as np
import pytest

import keras_bert_zoo as kbz
from tests.parity.families import MASK, REFERENCES, ours, theirs, tiny
from tests.parity.references import (
    assert_same,
    edit_config,
)
from tests.tiny import to_numpy


@pytest.mark.parametrize(("layers", "groups"), [(4, 2), (3, 2), (3, 3)])
def test_groups_of_albert(layers, groups, tmp_path):
    import torch

    sizes = {"num_hidden_layers": layers, "num_hidden_groups": groups}
    model = REFERENCES["albert"].build("Model", tmp_path, **sizes)
    with torch.no_grad():
        expected = model(**theirs("albert")).last_hidden_state
    encoder = kbz.Encoder.from_preset(tmp_path)
    assert len({id(block) for block in encoder.blocks}) == groups
    assert_same(to_numpy(encoder(ours("albert"))), expected, MASK)


def test_convolution_of_deberta_v2(tmp_path):
    import torch

    config = {"conv_kernel_size": 3, "conv_act": "gelu", "num_hidden_layers": 3}
    model = REFERENCES["deberta_v2"].build("ForTokenClassification", tmp_path / "theirs", **config)
    with torch.no_grad():
        expected = model(**theirs("deberta_v2")).logits
    task = kbz.TokenClassifier.from_preset(tmp_path / "theirs")
    assert task.conversion_report.leftover == []
    assert_same(to_numpy(task(ours("deberta_v2"))), expected, MASK)
    task.save_to_hugging_face(tmp_path / "back")
    again = type(model).from_pretrained(tmp_path / "back").eval()
    with torch.no_grad():
        np.testing.assert_array_equal(again(**theirs("deberta_v2")).logits, expected)


def test_places_further_apart_than_the_table_of_deberta(tmp_path):
    import torch

    model = REFERENCES["deberta"].build("Model", tmp_path, max_position_embeddings=4)
    with torch.no_grad():
        expected = model(**theirs("deberta")).last_hidden_state
    encoder = kbz.Encoder.from_preset(tmp_path)
    assert_same(to_numpy(encoder(ours("deberta"))), expected, MASK)


def test_modernbert_as_transformers_4_wrote_it_and_as_5_does(tmp_path):
    """A pattern of layers and two rotations in one field each, or in lists; the mean as pooling."""
    import torch

    config = {"classifier_pooling": "mean", "global_rope_theta": 50.0, "local_rope_theta": 7.0}
    model = REFERENCES["modernbert"].build("ForSequenceClassification", tmp_path, **config)
    with torch.no_grad():
        expected = model(**theirs("modernbert")).logits
    written = json.loads((tmp_path / "config.json").read_text())
    assert {"layer_types", "rope_parameters"} <= written.keys()
    task = kbz.TextClassifier.from_preset(tmp_path)
    found = task.encoder.config
    assert (found.global_rotary_base, found.local_rotary_base) == (50.0, 7.0)
    assert found.classifier_pooling == "mean"
    assert_same(to_numpy(task(ours("modernbert"))), expected)
    edit_config(tmp_path, layer_types=..., rope_parameters=..., **config)
    again = kbz.TextClassifier.from_preset(tmp_path)
    assert again.encoder.config == found
    # A pattern that is not one layer in so many, and a stretched rotation, are refused.
    near, far = "sliding_attention", "full_attention"
    edit_config(tmp_path, layer_types=[far, near, far, far])
    with pytest.raises(kbz.ConversionError, match="config.json: layer_types"):
        kbz.TextClassifier.from_preset(tmp_path)
    edit_config(tmp_path, layer_types=..., rope_parameters={far: {"rope_type": "yarn"}})
    with pytest.raises(kbz.ConversionError, match="rope_type='yarn'"):
        kbz.TextClassifier.from_preset(tmp_path)


@pytest.mark.any_backend
@pytest.mark.parametrize("name", ["fit_dense.weight", "fit_denses.2.bias"])
def test_what_tinybert_was_distilled_with(name, tmp_path):
    """Its layers that reach for the teacher are no part of the encoder, and no reason to stop."""
    from safetensors.numpy import load_file, save_file

    REFERENCES["bert"].build("ForPreTraining", tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    save_file({**tensors, name: np.zeros(24, "float32")}, tmp_path / "model.safetensors")
    report = kbz.MaskedLM.from_preset(tmp_path).conversion_report
    assert name in report.unused
    assert report.leftover == []


def test_a_head_that_a_family_lacks():
    with pytest.raises(
        ValueError, match="xlnet has no MaskedLM. It has: MultipleChoice, PermutedLM, Span"
    ):
        kbz.MaskedLM(tiny("xlnet"))


@pytest.mark.parametrize(
    ("family", "head", "found"),
    [
        ("bert", "Model", "bert"),
        ("roberta", "ForMaskedLM", "roberta"),
        ("distilbert", "ForMaskedLM", "distilbert"),
    ],
)
def test_a_config_without_model_type(family, head, found, tmp_path):
    REFERENCES[family].build(head, tmp_path)
    edit_config(tmp_path, model_type=..., architectures=...)
    assert kbz.Encoder.from_preset(tmp_path).config.family == found
