"""Every family, with every head: what transformers gives, and back into its format."""

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.families import FAMILIES
from keras_bert_zoo.preprocessing import preprocessor_for
from tests.marks import cases
from tests.parity.families import (
    HEADS,
    MASK,
    REFERENCES,
    ask,
    logits_of,
    of_tokens,
    our_logits,
    ours,
    tiny,
)
from tests.parity.references import (
    assert_same,
)
from tests.tiny import tiny_tokenizer, to_numpy


def test_every_family_has_a_reference():
    assert set(REFERENCES) == set(FAMILIES)


@pytest.mark.parametrize("family", REFERENCES)
def test_encoder(family, tmp_path):
    model = REFERENCES[family].build("Model", tmp_path)
    encoder = kbz.Encoder.from_preset(tmp_path)
    expected = ask(model, family, output_hidden_states=True)
    traced = encoder.trace(ours(family), attention_maps=False)
    assert_same(to_numpy(encoder(ours(family))), of_tokens(expected.last_hidden_state), MASK)
    # Some families norm or project their first state later than others.
    for state, theirs_ in list(zip(traced["hidden_states"], expected.hidden_states))[-2:]:
        assert_same(of_tokens(to_numpy(state)), of_tokens(theirs_), MASK)
    if encoder.pooler is not None:
        assert_same(to_numpy(traced["pooled_output"]), expected.pooler_output)
    report = encoder.conversion_report
    assert (report.missing, report.leftover, report.new) == ([], [], [])


@pytest.mark.parametrize("family", REFERENCES)
def test_padding_and_what_stands_in_it_change_nothing(family):
    config = dict.fromkeys(["dropout", "attention_dropout"], 0.0)
    encoder = tiny(family, **config)
    inputs = ours(family)
    expected = to_numpy(encoder(inputs))[MASK]
    noisy = {**inputs, "token_ids": np.where(MASK, inputs["token_ids"], 7).astype("int32")}
    longer = {
        key: np.pad(value, [(0, 0), (0, 5), (0, 0)][: value.ndim]) for key, value in inputs.items()
    }
    np.testing.assert_array_equal(to_numpy(encoder(noisy))[MASK], expected)
    assert_same(to_numpy(encoder(longer))[:, :9][MASK], expected, atol=1e-6)
    nothing = {**inputs, "padding_mask": inputs["padding_mask"] * 0}
    assert np.isfinite(to_numpy(encoder(nothing))).all()


@pytest.mark.parametrize(
    ("family", "head"),
    [
        (family, head)
        for family, one in REFERENCES.items()
        for head in HEADS
        if head not in one.lacks
    ],
)
def test_heads_there_and_back(family, head, tmp_path):
    import transformers

    cls, config = HEADS[head]
    named = FAMILIES[family].hugging_face.architectures.get(head, head)
    model = REFERENCES[family].build(named, tmp_path / "theirs", **config)
    task = getattr(kbz, cls).from_preset(tmp_path / "theirs")
    report = task.conversion_report
    assert (report.missing, report.leftover, report.new) == ([], [], [])
    expected = logits_of(model, family, head)
    mask = MASK if head in ("ForTokenClassification", "ForMaskedLM") else None
    mask = MASK if head == "ForQuestionAnswering" else mask
    assert_same(our_logits(task, family, head), expected, mask)
    # And back: transformers reads what we write, and gives the same.
    task.save_to_hugging_face(tmp_path / "back")
    auto = {"ForMaskedLM": "ForMaskedLM", "ForMultipleChoice": "ForMultipleChoice"}.get(head, head)
    # Its Auto classes know no head of VisualBERT.
    reader = type(model) if REFERENCES[family].visual else getattr(transformers, f"AutoModel{auto}")
    again, loading = reader.from_pretrained(tmp_path / "back", output_loading_info=True)
    assert type(again) is type(model)
    assert not loading["missing_keys"]
    assert not loading["unexpected_keys"]
    # The same weights, bit by bit; sums may differ with the place that they have in memory.
    found = again.state_dict()
    for name, tensor in model.state_dict().items():
        np.testing.assert_array_equal(found[name].numpy(), tensor.numpy())
    np.testing.assert_allclose(logits_of(again.eval(), family, head), expected, atol=1e-6)


# Those that are slow on two cores together have the parts of others.
SLOW = ("camembert", "deberta", "distilbert", "ernie", "roberta", "visual_bert", "xlm_roberta")
OTHERS = [name for name in REFERENCES if name != "bert"]
TRAINED = cases(OTHERS, SLOW, slow_on_tensorflow=("mobilebert", "modernbert", "mpnet", "xlm"))


@pytest.mark.parametrize("family", TRAINED)
def test_trains_and_is_saved(family, tmp_path):
    encoder = tiny(family, vocabulary_size=tiny_tokenizer().vocabulary_size)
    preprocessor = preprocessor_for(encoder.config, tiny_tokenizer(), max_sequence_length=16)
    task = kbz.TextClassifier(encoder, preprocessor, labels=["bad", "good"], seed=1)
    texts = ["a great film", "awful food", ("dull"), ""]
    history = task.fit(texts, ["good", "bad", "bad", "good"], epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    expected = task.predict(texts)
    task.save_to_preset(tmp_path / "preset")
    task.save(tmp_path / "task.keras")
    again = kbz.from_preset(tmp_path / "preset")
    assert again.encoder.config == encoder.config
    np.testing.assert_array_equal(again.predict(texts), expected)
    import keras

    loaded = keras.saving.load_model(tmp_path / "task.keras")
    np.testing.assert_array_equal(loaded.predict(texts), expected)
