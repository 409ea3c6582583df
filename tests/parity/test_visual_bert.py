"""VisualBERT beyond what all families share: regions, and heads that no other family has."""

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.families import visual_bert
from tests.parity.families import MASK, PLACES, REFERENCES, ask, ours, theirs
from tests.parity.references import IMAGES, INPUTS, VISUAL_DIM, assert_same, edit_config
from tests.tiny import tiny_images, tiny_tokenizer, tiny_visual_encoder, to_numpy

FAMILY = "visual_bert"
NOWHERE = {key: value[:, :0] for key, value in IMAGES.items()}


def reference(head, folder, **config):
    return REFERENCES[FAMILY].build(head, folder, **config)


def loaded(cls, folder):
    task = cls.from_preset(folder)
    report = task.conversion_report
    assert (report.missing, report.leftover, report.new) == ([], [], [])
    return task


def test_states_and_maps_of_the_regions(tmp_path):
    # transformers gives no maps from its fused attention.
    model = reference("Model", tmp_path, attn_implementation="eager")
    expected = ask(model, FAMILY, output_hidden_states=True, output_attentions=True)
    encoder = kbz.Encoder.from_preset(tmp_path)
    traced = encoder.trace(ours(FAMILY))
    both = np.concatenate([MASK, IMAGES["visual_mask"] > 0], axis=1)
    assert len(traced["hidden_states"]) == len(expected.hidden_states)
    for state, theirs_ in zip(traced["hidden_states"], expected.hidden_states):
        assert_same(to_numpy(state), theirs_, both)
    for one, other in zip(traced["attention_maps"], expected.attentions, strict=True):
        one, other = (np.moveaxis(maps, 1, -1) for maps in (to_numpy(one), other.numpy()))
        assert_same(one, other, both)
    sequence = to_numpy(traced["sequence_output"])
    assert_same(sequence, to_numpy(encoder(ours(FAMILY))), atol=1e-6)
    assert sequence.shape == (4, 9, 16)


def test_texts_without_images(tmp_path):
    """No regions at all, regions that are all hidden, and transformers without any."""
    import torch

    model = reference("Model", tmp_path)
    text = {k: v for k, v in theirs(FAMILY).items() if not k.startswith("visual")}
    with torch.no_grad():
        expected = model(**text)
    encoder = kbz.Encoder.from_preset(tmp_path)
    hidden = {**ours(FAMILY), "visual_mask": IMAGES["visual_mask"] * 0}
    for inputs in ({**ours(FAMILY), **NOWHERE}, hidden):
        traced = encoder.trace(inputs, attention_maps=False)
        assert_same(to_numpy(encoder(inputs)), expected.last_hidden_state, MASK)
        assert_same(to_numpy(traced["pooled_output"]), expected.pooler_output)


def test_more_regions_of_padding_change_nothing():
    encoder = tiny_visual_encoder(vocabulary_size=61, initializer_range=0.3)
    expected = to_numpy(encoder(ours(FAMILY)))
    wider = {
        key: np.pad(value, [(0, 0), (0, 7), (0, 0)][: value.ndim], constant_values=value.ndim == 3)
        for key, value in IMAGES.items()
    }
    out = to_numpy(encoder({**ours(FAMILY), **wider}))
    np.testing.assert_allclose(out[MASK], expected[MASK], atol=5e-6)
    # Not because regions are not read: another feature is another output, in its row alone.
    other = IMAGES["visual_features"].copy()
    other[0, 3] += 1
    changed = to_numpy(encoder({**ours(FAMILY), "visual_features": other}))
    assert np.abs(changed - expected)[0][MASK[0]].max() > 1e-3
    np.testing.assert_allclose(changed[1:][MASK[1:]], expected[1:][MASK[1:]], atol=1e-6)


def test_answers_there_and_back(tmp_path):
    names = dict(enumerate(["yes", "no", "two", "red"]))
    labels = {"id2label": names, "label2id": {name: i for i, name in names.items()}}
    model = reference("ForQuestionAnswering", tmp_path / "theirs", **labels)
    assert type(kbz.from_preset(tmp_path / "theirs")) is kbz.AnswerClassifier
    task = loaded(kbz.AnswerClassifier, tmp_path / "theirs")
    assert task.labels == list(names.values())
    expected = ask(model, FAMILY).logits
    assert_same(to_numpy(task(ours(FAMILY))), expected)
    task.save_to_hugging_face(tmp_path / "back")
    # The head does not read the pooler, but transformers' model has one.
    again, loading = type(model).from_pretrained(tmp_path / "back", output_loading_info=True)
    assert all("pooler" in name for name in loading["missing_keys"])
    assert not loading["unexpected_keys"]
    np.testing.assert_array_equal(ask(again.eval(), FAMILY).logits, expected)
    # The same head, from what people hold.
    texts, image = ["a great film", "was it ?"], tiny_images(2)
    batch = task.preprocessor((texts, image))
    assert batch["visual_features"].shape == (2, 8, VISUAL_DIM)
    assert_same(task.predict((texts, image), verbose=0), to_numpy(task(batch)))


def test_heads_of_pre_training(tmp_path):
    import transformers

    model = reference("ForPreTraining", tmp_path / "theirs", initializer_range=0.2)
    assert type(kbz.from_preset(tmp_path / "theirs")) is kbz.MaskedLM
    expected = ask(model, FAMILY)
    task = loaded(kbz.MaskedLM, tmp_path / "theirs")
    logits = to_numpy(task({**ours(FAMILY), "mask_positions": PLACES}))
    assert_same(logits, expected.prediction_logits[:, :9], MASK)
    pairs = loaded(kbz.PairScorer, tmp_path / "theirs")  # does this text go with this image?
    assert_same(to_numpy(pairs(ours(FAMILY))), expected.seq_relationship_logits)
    pairs.save_to_hugging_face(tmp_path / "pairs")
    alone = transformers.VisualBertForVisualReasoning.from_pretrained(tmp_path / "pairs").eval()
    alone = ask(alone, FAMILY).logits
    np.testing.assert_array_equal(alone, expected.seq_relationship_logits)
    task.save_to_hugging_face(tmp_path / "back")
    again, loading = type(model).from_pretrained(tmp_path / "back", output_loading_info=True)
    left = {name.rpartition(".")[0] for name in loading["missing_keys"]}
    assert left <= {"cls.seq_relationship", "visual_bert.pooler.dense"}
    assert not loading["unexpected_keys"]
    found = ask(again.eval(), FAMILY).prediction_logits
    np.testing.assert_array_equal(found, expected.prediction_logits)


def test_what_is_not_built_is_refused(tmp_path):
    reference("Model", tmp_path)
    edit_config(tmp_path, bypass_transformer=True)
    with pytest.raises(kbz.ConversionError, match="bypass_transformer=True changes the output"):
        kbz.Encoder.from_preset(tmp_path)
    edit_config(tmp_path, bypass_transformer=False, visual_embedding_dim=7)
    with pytest.raises(kbz.ConversionError, match="visual_embedding_dim=7, but embeddings.visual"):
        kbz.Encoder.from_preset(tmp_path)
    with pytest.raises(ValueError, match="num_segments must be 2 or more"):
        visual_bert.VisualBertConfig(61, num_segments=1)
    plain = kbz.Preprocessor(tiny_tokenizer(), 16)
    with pytest.raises(ValueError, match="reads images of visual_dim=6.* of visual_dim=None"):
        kbz.TextClassifier(tiny_visual_encoder(), plain, num_classes=2)


def test_keras_file_of_the_encoder(tmp_path):
    encoder = tiny_visual_encoder(vocabulary_size=61)
    encoder.save(tmp_path / "encoder.keras")
    again = keras.saving.load_model(tmp_path / "encoder.keras")
    assert (type(again), again.config) == (type(encoder), encoder.config)
    inputs = {**INPUTS, **IMAGES}
    np.testing.assert_array_equal(to_numpy(again(inputs)), to_numpy(encoder(inputs)))
