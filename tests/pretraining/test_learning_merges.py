"""The merges of a BPE: by hand, and against the Rust library's trainer, token for token."""

import json

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from keras_bert_zoo.pretraining.vocabulary.merges import learn_merges

pytestmark = pytest.mark.any_backend


def rust(words, counts, start, size, prefix="", min_frequency=2):
    """The same by the library: it takes no counts, so the words are written out."""
    options = {"continuing_subword_prefix": prefix} if prefix else {}
    engine = Tokenizer(models.BPE(unk_token=start[0], **options))
    engine.pre_tokenizer = pre_tokenizers.CharDelimiterSplit(" ")
    # Pieces with the prefix get their ids in the order of a hash map, another one every time:
    # named as special tokens, they have those that ours gives them.
    inside = sorted({letter for word in words for letter in word[1:]}) if prefix else []
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=min_frequency,
        special_tokens=[*start, *(prefix + letter for letter in inside)],
        show_progress=False,
        **options,
    )
    texts = (" ".join([word] * count) for word, count in zip(words, counts))
    engine.train_from_iterator(texts, trainer)
    model = json.loads(engine.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    return tokens, [tuple(pair) for pair in model["merges"]]


def test_by_hand():
    # h-u-g 10, p-u-g 5, h-u-g-s 5: "ug" is seen 20 times, then "hug" 15, "hugs" and "pug" 5 times;
    # of these two the pair of lower ids comes first: (p, ug) is (2, 5), (hug, s) is (6, 3).
    words, counts = ["hug", "pug", "hugs"], [10, 5, 5]
    tokens, merges = learn_merges(words, counts, list("ghpsu"), 9)
    assert merges == [("u", "g"), ("h", "ug"), ("p", "ug"), ("hug", "s")]
    assert tokens == [*"ghpsu", "ug", "hug", "pug", "hugs"]


def test_pieces_inside_a_word_have_the_prefix():
    tokens, merges = learn_merges(["aba"], [3], ["[UNK]", "a", "b"], 9, prefix="##")
    assert tokens == ["[UNK]", "a", "b", "##a", "##b", "ab", "aba"]
    assert merges == [("a", "##b"), ("ab", "##a")]


def test_runs_are_merged_from_the_left_and_no_piece_twice():
    tokens, merges = learn_merges(["aaaaa"], [4], ["a"], 9)
    assert merges == [("a", "a"), ("aa", "a"), ("aa", "aaa")]
    assert tokens == ["a", "aa", "aaa", "aaaaa"]


@pytest.mark.parametrize("min_frequency", [2, 5])
def test_rare_pairs_make_no_piece(min_frequency):
    tokens, _ = learn_merges(["ab", "cd"], [4, 6], list("abcd"), 9, min_frequency=min_frequency)
    assert ("ab" in tokens) == (min_frequency == 2)
    assert "cd" in tokens


def test_characters_that_are_not_in_the_alphabet_are_left_out():
    assert learn_merges(["axb"], [3], ["a", "b"], 9) == (["a", "b", "ab"], [("a", "b")])
    assert learn_merges(["xx"], [3], ["a"], 9) == (["a"], [])


@pytest.mark.parametrize("prefix", ["", "##"])
@pytest.mark.parametrize("letters", ["ab", "abcd-"])
def test_as_the_library_on_words_full_of_ties(letters, prefix):
    generator = np.random.default_rng(len(letters))
    for _ in range(40):
        shape = generator.integers(1, 40), generator.integers(1, 9)
        words = sorted(
            {"".join(generator.choice(list(letters), shape[1])) for _ in range(shape[0])}
        )
        counts = generator.integers(1, 5, len(words)).tolist()
        start = ["?", *sorted({letter for word in words for letter in word})]
        size, least = int(generator.integers(5, 60)), int(generator.integers(0, 4))
        found = learn_merges(words, counts, start, size, prefix=prefix, min_frequency=least)
        # An alphabet that is larger than the vocabulary stays as it is, here as there.
        assert found == rust(words, counts, start, size, prefix, least)
