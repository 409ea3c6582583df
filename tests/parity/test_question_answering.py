"""BertForQuestionAnswering: the same logits, and the same loss."""

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.training.span_loss import SpanLoss
from tests.parity.references import INPUTS, SIZES, assert_same, edit_config, reference, run, theirs
from tests.tiny import VOCABULARY, random_inputs, to_numpy

MASK = INPUTS["padding_mask"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """`(folder, reference)`."""
    folder = tmp_path_factory.mktemp("qa")
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY[:61]) + "\n")
    return folder, reference("BertForQuestionAnswering", folder)


@pytest.fixture(scope="module")
def task(saved):
    return kbz.SpanExtractor.from_preset(saved[0])


def test_logits(saved, task):
    outputs, ours = run(saved[1]), to_numpy(task(INPUTS))
    assert ours.dtype == "float32"
    assert_same(ours[..., 0], outputs.start_logits, MASK)
    assert_same(ours[..., 1], outputs.end_logits, MASK)
    report = task.conversion_report
    assert (report.missing, report.leftover, report.new, report.unused) == ([], [], [], [])


def test_loss_without_padding(saved, task):
    """With padding theirs differs: it gives padding a share of the probability."""
    import torch

    inputs = random_inputs(batch=4, length=9, vocabulary_size=SIZES["vocab_size"])
    inputs["padding_mask"] = np.ones_like(inputs["padding_mask"])
    y = np.array([[0, 0], [3, 5], [8, 8], [2, 1]], "int32")
    with torch.no_grad():
        options = {"start_positions": torch.tensor(y[:, 0]).long()}
        options["end_positions"] = torch.tensor(y[:, 1]).long()
        expected = saved[1](**theirs(inputs), **options).loss
    assert_same(to_numpy(SpanLoss()(y, task(inputs))), expected)
    task.compile(keras.optimizers.SGD(0.0))
    figures = task.evaluate(inputs, y, batch_size=4, verbose=0, return_dict=True)
    assert figures["loss"] == pytest.approx(float(expected), abs=1e-5)


def test_the_folder_says_what_it_is(saved):
    assert type(kbz.from_preset(saved[0])) is kbz.SpanExtractor


def test_a_new_head(saved):
    task = kbz.SpanExtractor.from_preset(saved[0], head="new")
    assert task.conversion_report.new == ["head/logits/kernel", "head/logits/bias"]
    assert task.conversion_report.unused == ["qa_outputs.bias", "qa_outputs.weight"]
    assert_same(to_numpy(task.encoder(INPUTS)), run(saved[1].bert).last_hidden_state, MASK)


def test_a_head_on_an_encoder_without_one(tmp_path):
    (tmp_path / "vocab.txt").write_text("\n".join(VOCABULARY[:61]) + "\n")
    reference("BertModel", tmp_path)
    task = kbz.SpanExtractor.from_preset(tmp_path, max_sequence_length=20)
    assert task.conversion_report.new == ["head/logits/kernel", "head/logits/bias"]
    assert task.answer("a", "was it good?", no_answer="never")["answer"]


def test_a_config_that_does_not_say_what_it_is_of(saved, tmp_path):
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(saved[0], folder)
    edit_config(folder, architectures=...)
    task = kbz.SpanExtractor.from_preset(folder)
    assert task.conversion_report.new == []
