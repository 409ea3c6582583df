"""Phrases by their places in characters: as tokens by hand, and hidden whole."""

import numpy as np
import pytest

from keras_bert_zoo.pretraining import MaskedTokens, Pretrainer, given_phrases
from tests.tiny import tiny_encoder, tiny_tokenizer

pytestmark = pytest.mark.any_backend
TOKENIZER = tiny_tokenizer()
TEXT = "we loved the lovely room and the food"


def spans_of(text, phrases, length=32):
    source = given_phrases([text], [phrases], TOKENIZER, length)
    return [one.spans.tolist() for one in source.read(range(len(source)))]


def test_characters_become_tokens():
    assert spans_of(TEXT, [(9, 24), (29, 37)]) == [[[2, 5], [6, 8]]]
    # A part of a word stands for the word; pieces of a word stay together; blanks are nothing.
    assert spans_of(TEXT, [(14, 15), (2, 3)]) == [[[3, 4]]]
    assert spans_of("we foods it", [(3, 8)]) == [[[1, 3]]]
    assert spans_of("Émile was 好!", [(0, 5)])[0][0][0] == 0
    assert spans_of(TEXT, []) == [[]]


def test_a_phrase_is_not_cut():
    assert spans_of(TEXT, [(3, 12), (13, 24), (25, 37)], length=6) == [[[1, 3]], [[1, 4]]]


def test_phrases_are_hidden_whole():
    source = given_phrases([TEXT], [[(9, 24)]], TOKENIZER, 32)
    masking = [MaskedTokens(0.4, units="given")]
    pretrainer = Pretrainer(tiny_encoder(), TOKENIZER, masking, length=12, seed=3)
    batches = pretrainer.batches(source, 1)
    for number in range(5):
        x, y = batches[number][:2]
        hidden = x["mask_positions"][0][y["masked_tokens/weight"][0] > 0]
        assert np.isin([3, 4, 5], hidden).all()
    assert np.isfinite(pretrainer.fit(source, batch_size=1, verbose=0).history["loss"]).all()


def test_wrong_phrases_are_named():
    with pytest.raises(ValueError, match="1 texts, 2 lists"):
        given_phrases([TEXT], [[], []], TOKENIZER, 32)
    for wrong in [(5, 5), (-1, 3), (30, 38), (1, 2, 3)]:
        with pytest.raises(ValueError, match="Given for text 1"):
            given_phrases([TEXT, TEXT], [[], [wrong]], TOKENIZER, 32)
    with pytest.raises(ValueError, match="no text has a token"):
        given_phrases([""], [[]], TOKENIZER, 32)
