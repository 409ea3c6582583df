"""Texts in, the encoder's inputs out."""

import warnings

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.preprocessing import TruncationReport, grid_buckets
from keras_bert_zoo.preprocessing.preprocessor import affordable_buckets, padding_share
from keras_bert_zoo.tasks.feeding import Feeder

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "##c"]
PAD, UNK, CLS, SEP, MASK, A, B, C, CC = range(9)


def preprocessor(max_sequence_length=16, **options):
    tokenizer = kbz.Tokenizer.from_vocabulary(WORDS)
    return kbz.Preprocessor(tokenizer, max_sequence_length, **options)


def text(words):
    return " ".join(["a"] * words)


def rows(*lengths):
    """Texts whose packed rows have these lengths."""
    return [(text(length - 2),) for length in lengths]


def padded_to(made, words):
    return made([text(words)])["token_ids"].shape[1]


# ------------------------------------------------------------------------------- arrays


def test_texts():
    out = preprocessor()(["A bc", "zz"])
    assert out["token_ids"].tolist() == [[CLS, A, B, CC, SEP, 0, 0, 0], [CLS, UNK, SEP] + [0] * 5]
    assert out["padding_mask"].tolist() == [[1] * 5 + [0] * 3, [1] * 3 + [0] * 5]
    assert not out["segment_ids"].any()
    assert {array.dtype for array in out.values()} == {np.dtype("int32")}


def test_pairs():
    out = preprocessor()([("a b", "c"), ("", "")])
    assert out["token_ids"].tolist() == [
        [CLS, A, B, SEP, C, SEP, 0, 0],
        [CLS, SEP, SEP, 0, 0, 0, 0, 0],
    ]
    assert out["segment_ids"].tolist() == [[0, 0, 0, 0, 1, 1, 0, 0], [0, 0, 1, 0, 0, 0, 0, 0]]


def test_padding_has_the_vocabularys_id():
    tokenizer = kbz.Tokenizer.from_vocabulary(["a", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[PAD]"])
    assert kbz.Preprocessor(tokenizer, 8)("a")["token_ids"].tolist() == [[2, 0, 3, 5, 5, 5, 5, 5]]


@pytest.mark.parametrize("nothing", [[], np.array([], object), ([], [])])
def test_no_texts_are_no_rows(nothing):
    assert {array.shape for array in preprocessor()(nothing).values()} == {(0, 8)}


# ------------------------------------------------------------------------------- truncation


def test_cutting_is_said():
    with pytest.warns(kbz.TruncationWarning, match="1 of 2 texts were cut to 8 tokens: 4 of 13 "):
        out = preprocessor(8)([text(10), text(3)])
    assert out["token_ids"].tolist()[0] == [CLS, *[A] * 6, SEP]


def test_what_just_fits_is_not_cut():
    for truncation in ("warn", "error"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert preprocessor(8, truncation=truncation)([text(6)])["padding_mask"].all()


def test_cutting_is_refused():
    made = preprocessor(8, truncation="error")
    with pytest.raises(kbz.TruncationError) as error:
        made([text(3), text(10), text(7)])
    message = str(error.value)
    assert message.startswith("2 of 3 texts are longer than the 8 tokens that the model takes.")
    assert "The first has 10 tokens and begins 'a a a" in message
    assert 'truncation="warn" or "silent"' in message
    assert isinstance(error.value, ValueError)


def test_cutting_in_silence():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        preprocessor(8, truncation="silent")([text(10)])


def test_pack_rows_counts():
    report = TruncationReport(8)
    packed, cut = preprocessor(8).pack_rows([("a a a", "b b b b"), ("a", "b")], report)
    assert packed[0] == ([CLS, A, A, SEP, B, B, B, SEP], [0] * 4 + [1] * 4)
    assert cut == [2, 0]
    assert report == TruncationReport(8, texts=2, tokens=9, cut_texts=1, cut_tokens=2)


# ------------------------------------------------------------------------------- buckets


def test_without_training_data_a_grid():
    made = preprocessor(512)
    assert made.buckets == grid_buckets(512)
    assert [padded_to(made, words) for words in (1, 6, 7, 60, 100)] == [8, 8, 16, 64, 112]


def test_buckets_follow_the_data():
    made = preprocessor(64, num_buckets=2)
    made.fit_buckets(rows(*[5] * 20, *[9] * 20))
    assert made.buckets[:2] == [5, 9]
    assert [padded_to(made, words) for words in (1, 3, 4, 7)] == [5, 5, 9, 9]


def test_longer_than_any_seen_is_not_padded_to_the_longest_of_all():
    made = preprocessor(512)
    made.fit_buckets(rows(*[5] * 20, *[9] * 20))
    assert padded_to(made, 8) == 18
    assert padded_to(made, 500) == 512


def test_the_longest_text_is_seen_wherever_it_stands():
    data = rows(*[5] * 10_000)
    data[7777] = (text(38),)
    made = preprocessor(512, num_buckets=3)
    made.fit_buckets(data)
    assert padded_to(made, 38) == 40


def test_buckets_are_chosen_once():
    made = preprocessor(64)
    made.fit_buckets(rows(5, 9))
    before = made.buckets
    made.fit_buckets(rows(20, 30))
    assert made.buckets == before
    given = preprocessor(64, buckets=[8, 24])
    given.fit_buckets(rows(20, 30))
    assert given.buckets == [8, 24, 64]


def test_no_data_chooses_nothing():
    made = preprocessor(64)
    made.fit_buckets([])
    made.fit_buckets(rows(5, 9))
    assert 5 in made.buckets


def test_choosing_refuses_nothing():
    made = preprocessor(8, truncation="error")
    made.fit_buckets(rows(5, 60))
    assert made.buckets == [5, 8]


def test_given_buckets_are_put_in_order_and_completed():
    made = preprocessor(64, buckets=(32, 8))
    assert made.buckets == [8, 32, 64]
    assert [padded_to(made, words) for words in (1, 7, 31, 62)] == [8, 32, 64, 64]


def test_training_batches_have_at_most_num_buckets_lengths():
    lengths = np.random.default_rng(0).integers(3, 60, 300).tolist()
    for most in (1, 2, 5):
        made = preprocessor(512, num_buckets=most)
        made.fit_buckets(rows(*lengths))
        assert len({padded_to(made, length - 2) for length in set(lengths)}) == most


def test_affordable_buckets():
    counts = [affordable_buckets(steps) for steps in (None, 1, 100, 1000, 10**6)]
    if keras.config.backend() == "jax":  # every length is one more compilation
        assert counts == sorted(counts)
        assert counts[0] >= 1
        assert counts[-1] <= 16
        assert counts[0] < counts[-1]
    else:
        assert counts == [16] * 5


def test_padding_share():
    masks = [np.array([[1, 1, 0, 0]]), np.array([[1, 1], [1, 0]])]
    assert padding_share(masks) == pytest.approx(3 / 8)
    assert padding_share([np.ones((2, 3))]) == 0
    assert padding_share([]) == 0


# ------------------------------------------------------------------------------- construction


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"truncation": "eror"}, "Unknown truncation 'eror'. Did you mean 'error'"),
        ({"max_sequence_length": 3}, "must be at least 4: a pair has three special tokens"),
        ({"num_buckets": 0}, "num_buckets must be 1 or more, or None. Given: 0"),
        ({"num_buckets": -1}, "num_buckets must be 1 or more, or None. Given: -1"),
        ({"buckets": [8, 17]}, r"from 1 to max_sequence_length=16. Given: \[17\]"),
        ({"buckets": [0, 8]}, r"from 1 to max_sequence_length=16. Given: \[0\]"),
    ],
)
def test_impossible_options(options, message):
    with pytest.raises(ValueError, match=message):
        preprocessor(**options)


@pytest.mark.parametrize("fitted", [False, True])
def test_config_rebuilds_it(fitted):
    made = preprocessor(32, truncation="silent", num_buckets=3, fixed_batch_shape=True, name="p")
    if fitted:
        made.fit_buckets(rows(5, 9, 20))
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(made))
    assert type(again) is kbz.Preprocessor
    assert again.get_config() == made.get_config()
    assert again.buckets == made.buckets
    settings = (again.max_sequence_length, again.truncation, again.num_buckets, again.name)
    assert settings == (32, "silent", 3, "p")
    assert again.fixed_batch_shape is True


def test_config_is_plain_json():
    made = preprocessor(np.int64(32), buckets=np.array([8, 16]))
    keras.saving.serialize_keras_object(made)
    assert all(type(bucket) is int for bucket in made.get_config()["buckets"])
    assert type(made.get_config()["max_sequence_length"]) is int


def test_inference_on_torch_pads_no_further_than_needed():
    """Nothing is compiled there for each length; other backends keep to the few lengths."""
    ours = preprocessor(32)
    batches = Feeder(ours, None, None).for_inference().inputs(["a b c", "a"], 2)
    longest = 5 if keras.config.backend() == "torch" else 8
    assert batches[0]["token_ids"].shape == (2, longest)
    assert ours("a b c")["token_ids"].shape == (1, 8)
    assert ours.get_config()["buckets"] is None
    fixed = preprocessor(32, fixed_batch_shape=True)
    assert fixed.for_inference() is fixed
