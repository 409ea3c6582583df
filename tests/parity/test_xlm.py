"""What XLM alone has: languages, computed positions, a choice of two activations."""

import json

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.families import FAMILIES
from keras_bert_zoo.families.xlm import XlmConfig
from keras_bert_zoo.layers import sinusoidal_positions
from tests.parity.families import MASK, REFERENCES, ours, theirs, tiny
from tests.parity.references import assert_same, edit_config
from tests.tiny import to_numpy

torch = pytest.importorskip("torch", reason="the reference runs on it")
REFERENCE = REFERENCES["xlm"]


@pytest.mark.parametrize(("language", "row"), [(None, None), ("de", 0), ("fr", 2)])
def test_languages(language, row, tmp_path):
    model = REFERENCE.build("ForSequenceClassification", tmp_path / "theirs", num_labels=2)
    inputs = theirs("xlm")
    if language is not None:
        inputs["langs"] = torch.full_like(inputs["input_ids"], row)
    with torch.no_grad():
        expected = model(**inputs).logits
    changes = {"encoder_config": {"language": language}}
    task = kbz.TextClassifier.from_preset(tmp_path / "theirs", **changes)
    assert_same(to_numpy(task(ours("xlm"))), expected)
    # It is kept by a preset, and by config.json.
    task.save_to_preset(tmp_path / "preset")
    task.save_to_hugging_face(tmp_path / "back")
    for folder in ("preset", "back"):
        again = kbz.TextClassifier.from_preset(tmp_path / folder)
        assert again.encoder.config.language == language
        np.testing.assert_array_equal(to_numpy(again(ours("xlm"))), to_numpy(task(ours("xlm"))))
    with pytest.raises(ValueError, match="keeps the config that it was saved with"):
        kbz.TextClassifier.from_preset(tmp_path / "preset", encoder_config={"language": "en"})


def test_each_language_is_another(tmp_path):
    REFERENCE.build("Model", tmp_path)
    found = [
        to_numpy(kbz.Encoder.from_preset(tmp_path, encoder_config={"language": name})(ours("xlm")))
        for name in (None, "de", "en", "fr")
    ]
    for index, one in enumerate(found):
        assert all(abs(one - other)[MASK].max() > 0.01 for other in found[:index])


@pytest.mark.parametrize(
    "config",
    [
        {"sinusoidal_embeddings": True},
        {"gelu_activation": False},
        {"n_langs": 1, "lang2id": {"en": 0}},
        {"use_lang_emb": False},
        {"layer_norm_eps": 0.1},
    ],
)
def test_what_config_json_says(config, tmp_path):
    model = REFERENCE.build("Model", tmp_path / "theirs", **config)
    with torch.no_grad():
        expected = model(**theirs("xlm")).last_hidden_state
    encoder = kbz.Encoder.from_preset(tmp_path / "theirs")
    assert_same(to_numpy(encoder(ours("xlm"))), expected, MASK)
    kbz.TextEmbedder(encoder).save_to_hugging_face(tmp_path / "back")
    again, loading = type(model).from_pretrained(tmp_path / "back", output_loading_info=True)
    assert not loading["missing_keys"]
    assert not loading["unexpected_keys"]
    with torch.no_grad():
        found = again.eval()(**theirs("xlm")).last_hidden_state
    np.testing.assert_array_equal(found, expected)
    written = json.loads((tmp_path / "back" / "config.json").read_text())
    assert {key: written[key] for key in config} == config


@pytest.mark.parametrize(
    "config",
    [
        {"causal": True},
        {"asm": True},
        {"is_encoder": False},
        {"summary_type": "mean"},
        {"summary_use_proj": False},
        {"summary_activation": "tanh"},
        {"summary_proj_to_labels": False},
    ],
)
def test_what_is_refused(config, tmp_path):
    REFERENCE.build("Model", tmp_path)
    edit_config(tmp_path, **config)
    with pytest.raises(kbz.ConversionError, match=f"{next(iter(config))}=.* is not supported"):
        kbz.Encoder.from_preset(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"language": "it"}, "Unknown language 'it'. Accepted: 'de', 'en', 'fr'"),
        ({"language": "en", "num_languages": 1, "languages": {"en": 0}}, "has no vectors for"),
        ({"languages": {"en": 3}}, "rows below num_languages=3"),
        ({"languages": ["en"]}, "must map names to rows"),
        ({"tongue": "en"}, "tongue"),
    ],
)
def test_wrong_languages(changes, message, tmp_path):
    REFERENCE.build("Model", tmp_path)
    with pytest.raises(kbz.ConversionError, match=message):
        kbz.Encoder.from_preset(tmp_path, encoder_config=changes)


def test_what_transformers_has_no_name_for(tmp_path):
    for changes in ({"activation": "silu"}, {"intermediate_dim": 48}):
        task = kbz.TextEmbedder(tiny("xlm", **{"intermediate_dim": 64, **changes}))
        with pytest.raises(ValueError, match="save_to_preset keeps any"):
            task.save_to_hugging_face(tmp_path / "back")


def test_sinusoids_of_transformers():
    from transformers.models.xlm.modeling_xlm import create_sinusoidal_embeddings

    expected = create_sinusoidal_embeddings(50, 16, out=torch.empty(50, 16))
    assert_same(sinusoidal_positions.sinusoids(50, 16), expected, atol=1e-6)
    encoder = tiny("xlm", sinusoidal_positions=True)
    table = encoder.embeddings.positions.table
    assert_same(to_numpy(table.embeddings), expected[:24], atol=1e-6)
    assert not table.trainable_weights


def test_the_default_numbers_are_those_of_the_large_model():
    from transformers import XLMConfig

    config, expected = XlmConfig(vocabulary_size=30145), XLMConfig()
    same = {"hidden_act": "gelu", "intermediate_size": 4 * expected.emb_dim, "language": None}
    same["lang2id"] = {}
    for field, theirs_ in FAMILIES["xlm"].hugging_face.config.items():
        value = same[theirs_] if theirs_ in same else getattr(expected, theirs_)
        assert getattr(config, field) == value
