"""Rows as transformers packs them, and arrays as the encoder takes them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import keras_bert_zoo as kbz
from keras_bert_zoo.preprocessing import pack, pad_rows, truncate_longest_first

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"w{i}" for i in range(20))]
CLS, SEP = 2, 3


def words(start, count):
    return " ".join(f"w{i}" for i in range(start, start + count))


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The same tokenizer in transformers, through the file that ours writes."""
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("tokenizer")
    kbz.Tokenizer.from_vocabulary(WORDS).save(folder)
    return transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))


def test_every_pair_is_cut_as_transformers_cuts_it(reference):
    """All lengths up to 8 and 8, ties and equal halves among them, in all rooms."""
    tokenizer = kbz.Tokenizer.from_vocabulary(WORDS)
    pairs = [(words(0, a), words(8, b)) for a in range(9) for b in range(9)]
    ours = [tokenizer.ids_batch(column) for column in zip(*pairs)]
    for most in range(3, 20):
        theirs = reference(
            [a for a, _ in pairs],
            [b for _, b in pairs],
            truncation="longest_first",
            max_length=most,
            return_token_type_ids=True,
        )
        for place, parts in enumerate(zip(*ours)):
            ids, segments, cut = pack(parts, CLS, SEP, most)
            assert ids == theirs["input_ids"][place], (pairs[place], most)
            assert segments == theirs["token_type_ids"][place]
            assert cut == max(sum(map(len, parts)) + 3 - most, 0)


def test_texts_are_cut_at_their_end_as_in_transformers(reference):
    tokenizer = kbz.Tokenizer.from_vocabulary(WORDS)
    for count in range(9):
        for most in range(2, 12):
            theirs = reference(words(0, count), truncation=True, max_length=most)["input_ids"]
            assert pack(tokenizer.ids_batch([words(0, count)]), CLS, SEP, most)[0] == theirs


@pytest.mark.parametrize(
    ("lengths", "room", "keep"),
    [
        ((10, 3), 8, [5, 3]),
        ((3, 10), 8, [3, 5]),
        ((6, 6), 7, [3, 4]),  # of equals the second keeps one more
        ((7, 6), 7, [4, 3]),  # else the longer one
        ((6, 7), 7, [3, 4]),
        ((5, 0), 3, [3, 0]),
        ((4, 4), 8, [4, 4]),
        ((9,), 4, [4]),
        ((2, 9, 9), 9, [2, 3, 4]),
        ((5, 5), 0, [0, 0]),
    ],
)
def test_longest_first_by_hand(lengths, room, keep):
    assert truncate_longest_first(lengths, room) == keep


@settings(deadline=None)
@given(st.lists(st.integers(0, 600), min_size=1, max_size=4), st.integers(0, 1500))
def test_longest_first_for_any_lengths(lengths, room):
    keep = truncate_longest_first(lengths, room)
    assert sum(keep) == min(sum(lengths), room)
    assert all(0 <= kept <= length for kept, length in zip(keep, lengths))
    cut = [kept for kept, length in zip(keep, lengths) if kept < length]
    # Nothing was taken from a part while another was longer.
    assert all(kept >= max(keep) - 1 for kept in cut)


def test_segments_of_pairs():
    assert pack([[7, 8], [9]], 101, 102, 10) == ([101, 7, 8, 102, 9, 102], [0, 0, 0, 0, 1, 1], 0)
    assert pack([[7, 8]], 101, 102, 10) == ([101, 7, 8, 102], [0, 0, 0, 0], 0)
    assert pack([[], []], 101, 102, 3) == ([101, 102, 102], [0, 0, 1], 0)
    assert pack([[]], 101, 102, 2) == ([101, 102], [0, 0], 0)
    assert pack([[7, 8, 9], [5, 6]], 101, 102, 6) == (
        [101, 7, 8, 102, 5, 102],
        [0, 0, 0, 0, 1, 1],
        2,
    )


def test_packing_leaves_its_arguments_alone():
    parts = [[7, 8, 9], [5, 6]]
    pack(parts, 101, 102, 6)
    pack(parts, 101, 102, 60)
    assert parts == [[7, 8, 9], [5, 6]]


def test_no_room_is_an_error():
    with pytest.raises(ValueError, match="max_length=2 is too short: 3 special tokens"):
        pack([[7], [8]], 101, 102, 2)


def test_pad_rows():
    rows = [([2, 7, 3], [0, 0, 0]), ([2, 7, 3, 8, 3], [0, 0, 0, 1, 1])]
    padded = pad_rows(rows, 6, 9, num_rows=3)
    assert {array.dtype for array in padded.values()} == {np.dtype("int32")}
    expected = {
        "token_ids": [[2, 7, 3, 9, 9, 9], [2, 7, 3, 8, 3, 9], [9] * 6],
        "segment_ids": [[0] * 6, [0, 0, 0, 1, 1, 0], [0] * 6],
        "padding_mask": [[1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 0], [0] * 6],
    }
    assert {name: array.tolist() for name, array in padded.items()} == expected
    assert pad_rows(rows, 6, 9)["token_ids"].shape == (2, 6)
    assert pad_rows([], 6, 9)["token_ids"].shape == (0, 6)
