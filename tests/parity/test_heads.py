"""Heads of every kind arrive with their labels, and give what transformers gives."""

import numpy as np
import pytest

import keras_bert_zoo as kbz
from tests.parity.references import INPUTS, assert_same, edit_config, reference, run, theirs
from tests.tiny import VOCABULARY, to_numpy

MASK = INPUTS["padding_mask"]
PLACES = np.tile(np.arange(9, dtype="int32"), (4, 1))


def folder_of(head, folder, **options):
    """Saves a random model with a tokenizer; returns it."""
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY[:61]) + "\n")
    return reference(head, folder, **options)


def loaded(cls, folder):
    task = cls.from_preset(folder)
    report = task.conversion_report
    assert (report.missing, report.leftover, report.new) == ([], [], [])
    assert type(kbz.from_preset(folder)) in (cls, kbz.MaskedLM, kbz.TextClassifier)
    return task


def test_token_classification(tmp_path):
    labels = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    names = {"id2label": dict(enumerate(labels)), "label2id": {n: i for i, n in enumerate(labels)}}
    model = folder_of("BertForTokenClassification", tmp_path, **names, classifier_dropout=0.3)
    task = loaded(kbz.TokenClassifier, tmp_path)
    assert task.labels == labels
    assert_same(to_numpy(task(INPUTS)), run(model).logits, MASK)
    assert task.get_config()["dropout"] == 0.3


@pytest.mark.parametrize("head", ["BertForMaskedLM", "BertForPreTraining"])
@pytest.mark.parametrize("activation", ["gelu", "relu"])
def test_masked_language_model(head, activation, tmp_path):
    # Logits of the size of those of real models: larger ones have larger rounding errors.
    model = folder_of(head, tmp_path, hidden_act=activation, initializer_range=0.2)
    task = loaded(kbz.MaskedLM, tmp_path)
    outputs = run(model)
    expected = outputs.logits if head == "BertForMaskedLM" else outputs.prediction_logits
    assert_same(to_numpy(task({**INPUTS, "mask_positions": PLACES})), expected, MASK)
    assert len(task.weights) == len({id(w) for w in task.weights})


def test_masked_language_model_with_a_table_of_its_own(tmp_path):
    import torch

    model = folder_of("BertForMaskedLM", tmp_path, tie_word_embeddings=False, initializer_range=0.2)
    with torch.no_grad():
        model.cls.predictions.decoder.weight.normal_()
    model.save_pretrained(tmp_path)
    task = loaded(kbz.MaskedLM, tmp_path)
    assert not task.tied
    assert_same(to_numpy(task({**INPUTS, "mask_positions": PLACES})), run(model).logits, MASK)


@pytest.mark.parametrize("head", ["BertForNextSentencePrediction", "BertForPreTraining"])
def test_next_sentence(head, tmp_path):
    model = folder_of(head, tmp_path)
    task = loaded(kbz.PairScorer, tmp_path)
    outputs = run(model)
    expected = outputs.logits if "Next" in head else outputs.seq_relationship_logits
    assert_same(to_numpy(task(INPUTS)), expected)
    assert task.labels == ["next", "other"]
    assert task.score([("a film", "was good")]).shape == (1,)
    assert_written_as_a_classifier(task, expected, tmp_path / "back")


def assert_written_as_a_classifier(task, expected, folder):
    transformers = pytest.importorskip("transformers")
    task.save_to_hugging_face(folder)
    again, loading = transformers.AutoModelForSequenceClassification.from_pretrained(
        folder, output_loading_info=True
    )
    assert not loading["missing_keys"]
    assert not loading["unexpected_keys"]
    np.testing.assert_array_equal(run(again.eval()).logits, expected)


@pytest.mark.parametrize("num_labels", [1, 3])
def test_pairs(num_labels, tmp_path):
    model = folder_of("BertForSequenceClassification", tmp_path, num_labels=num_labels)
    task = loaded(kbz.PairScorer, tmp_path)
    assert_same(to_numpy(task(INPUTS)), run(model).logits)
    assert task.problem == ("regression" if num_labels == 1 else "single")
    assert_written_as_a_classifier(task, run(model).logits, tmp_path / "back")


def test_multiple_choice(tmp_path):
    import torch

    model = folder_of("BertForMultipleChoice", tmp_path)
    task = loaded(kbz.MultipleChoice, tmp_path)
    shaped = {key: value.reshape(2, 2, -1) for key, value in INPUTS.items()}
    with torch.no_grad():
        expected = model(**{k: v.reshape(2, 2, -1) for k, v in theirs(INPUTS).items()}).logits
    assert_same(to_numpy(task(shaped)), expected)


def test_a_head_of_another_task_is_not_taken(tmp_path):
    folder_of("BertForTokenClassification", tmp_path, num_labels=3)
    with pytest.raises(ValueError, match="no head for a TextClassifier"):
        kbz.TextClassifier.from_preset(tmp_path)
    assert kbz.MaskedLM.from_preset(tmp_path).conversion_report.new
    folder = tmp_path / "one"
    folder.mkdir()
    folder_of("BertForSequenceClassification", folder, num_labels=1)
    assert kbz.MultipleChoice.from_preset(folder).conversion_report.new
    edit_config(folder, architectures=...)
    assert kbz.TextClassifier.from_preset(folder).problem == "regression"
