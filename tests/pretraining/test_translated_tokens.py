"""Texts and their translations: by hand, and the loss against transformers."""

import numpy as np
import pytest

from keras_bert_zoo.families import bert, deberta_v2
from keras_bert_zoo.pretraining import Pretrainer, TranslatedTokens, translations
from keras_bert_zoo.pretraining.rows import rows_of
from tests.parity.families import REFERENCES
from tests.pretraining.sources import LENGTH, pairs
from tests.tiny import NEGATIVE, POSITIVE, tiny_config, tiny_encoder, tiny_tokenizer

TOKENIZER = tiny_tokenizer()
TEXTS = [("a great film", "an awful film"), ("we loved it", "we hated the room !")]


def source(length=LENGTH, tokenizer=TOKENIZER):
    return translations(TEXTS, tokenizer, length, languages=(2, 1))


def test_rows_by_hand():
    batch = rows_of(source().read([0, 1]), TOKENIZER, LENGTH)
    first, second = (len(TOKENIZER.tokenize(text)) for text in TEXTS[0])
    found, targets = TranslatedTokens(0.5).bind(TOKENIZER).corrupt(batch, np.random.default_rng(0))
    before, after = first + 2, second + 1
    places = [*range(before), *range(LENGTH - before)]
    assert found["position_ids"][0].tolist() == places
    assert found["language_ids"][0].tolist() == [2] * before + [1] * (LENGTH - before)
    assert batch["padding_mask"][0].sum() == before + after
    for row, (_, end) in enumerate(batch["parts"][:, 0]):
        used = found["mask_positions"][row][targets["weight"][row] > 0]
        assert (used < end).any()
        assert (used > end).any()  # both are hidden in


def test_a_long_pair_loses_the_end_of_the_longer_text():
    long = translations([("a great film", "very good " * 9)], TOKENIZER, 12, (0, 1)).read([0])[0]
    words = TOKENIZER.encode("a great film", add_special_tokens=False).ids
    assert sum(long.lengths) == 9
    assert long.lengths[0] == min(len(words), 5)
    assert long.token_ids[: long.lengths[0]].tolist() == words[: long.lengths[0]]


def test_the_loss_of_transformers(tmp_path):
    torch = pytest.importorskip("torch")
    model = REFERENCES["xlm"].build("WithLMHeadModel", tmp_path / "xlm", initializer_range=0.2)
    pretrainer = Pretrainer.from_preset(tmp_path / "xlm", ["translated_tokens"], length=LENGTH)
    assert not pretrainer.conversion_report.new
    batches = pretrainer.batches(source(tokenizer=pretrainer.tokenizer), 2, shuffle=False, seed=0)
    x, y = batches.at(0)
    labels = np.full(x["token_ids"].shape, -100)
    rows, places = np.nonzero(y["translated_tokens/weight"])
    where = x["mask_positions"][rows, places]
    labels[rows, where] = y["translated_tokens/labels"][rows, places]
    names = {
        "input_ids": "token_ids",
        "attention_mask": "padding_mask",
        "langs": "language_ids",
        "position_ids": "position_ids",
    }
    tensors = {key: torch.tensor(x[name]).long() for key, name in names.items()}
    with torch.no_grad():
        expected = float(model(**tensors, labels=torch.tensor(labels)).loss)
    found = pretrainer.evaluate(batches, steps=1, return_dict=True, verbose=0)
    assert found["loss"] == pytest.approx(expected, abs=1e-5)


def test_an_encoder_without_languages_learns_so_too():
    pretrainer = Pretrainer(
        bert.build(tiny_config()), TOKENIZER, ["translated_tokens"], length=LENGTH, seed=0
    )
    x, _ = pretrainer.batches(pairs(), 4).at(0)
    assert (x["language_ids"] == -1).all()  # nobody reads them
    assert np.isfinite(pretrainer.predict_on_batch(x)["translated_tokens"]).all()


def test_what_does_not_fit_is_told():
    config = {k: v for k, v in vars(tiny_config()).items() if k not in ("num_segments",)}
    config.pop("use_pooler")
    encoder = deberta_v2.build(deberta_v2.DebertaV2Config(**config, num_buckets=8))
    with pytest.raises(ValueError, match="deberta_v2 has none"):
        Pretrainer(encoder, TOKENIZER, ["translated_tokens"])
    batch = rows_of(pairs().read([0]), TOKENIZER, LENGTH)
    with pytest.raises(ValueError, match="languages="):
        TranslatedTokens().bind(TOKENIZER).corrupt(batch, np.random.default_rng(0))
    pretrainer = Pretrainer(tiny_encoder(), TOKENIZER, ["translated_tokens"], length=LENGTH)
    with pytest.raises(ValueError, match="pairs of a text and its translation"):
        pretrainer.batches([*POSITIVE, *NEGATIVE], 2).at(0)
