"""Questions and contexts: how they are cut into windows, and answers are found again."""

import doctest
import importlib
import itertools

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.preprocessing import TruncationReport
from keras_bert_zoo.preprocessing.span_features import SpanFeatures
from keras_bert_zoo.preprocessing.squad import read_squad
from keras_bert_zoo.preprocessing.strided_windows import strided_windows
from tests.paths import data_path
from tests.tiny import tiny_tokenizer

pytestmark = pytest.mark.any_backend
CONTEXT = "the food was good and the room was lovely ."


def features_of(rows, answers=None, length=32, **options):
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), length, truncation="silent")
    featurizer = SpanFeatures(preprocessor, **options)
    rows, targets = featurizer.read(rows, answers)
    return featurizer.features(rows, targets, TruncationReport(length))


@pytest.mark.parametrize("module", ["answers", "questions", "strided_windows"])
def test_examples_of_docstrings(module):
    module = importlib.import_module(f"keras_bert_zoo.preprocessing.{module}")
    assert doctest.testmod(module).failed == 0


# ---------------------------------------------------------------- windows


def official_windows(length, room, stride):
    """Windows, and the window of each token, as the paper's code defines them, word by word."""
    spans, start = [], 0
    while start < length:
        size = min(length - start, room)
        spans.append((start, start + size))
        if start + size == length:
            break
        start += min(size, stride)
    owners = []
    for token in range(length):
        best, owner = None, None
        for number, (begin, end) in enumerate(spans):
            if begin <= token < end:
                score = min(token - begin, end - 1 - token) + 0.01 * (end - begin)
                if best is None or score > best:
                    best, owner = score, number
        owners.append(owner)
    return spans, owners


@pytest.mark.parametrize("length", [1, 2, 5, 6, 7, 11, 12, 40, 103])
@pytest.mark.parametrize(("room", "stride"), [(6, 6), (6, 4), (6, 1), (1, 1), (20, 7), (33, 11)])
def test_windows_and_their_shares_are_the_official_ones(length, room, stride):
    ours = strided_windows(length, room, stride)
    spans, owners = official_windows(length, room, stride)
    assert [(w.start, w.end) for w in ours] == spans
    assert [n for n, w in enumerate(ours) for _ in range(w.first, w.last)] == owners
    assert [w.first for w in ours[1:]] == [w.last for w in ours[:-1]]


def test_a_text_without_tokens_has_one_window():
    assert [vars(w) for w in strided_windows(0, 6, 2)] == [vars(strided_windows(0, 9, 9)[0])]
    (feature,) = features_of([("", "")], [None])
    tokenizer = tiny_tokenizer()
    ids = [tokenizer.cls_id, tokenizer.sep_id, tokenizer.sep_id]
    assert (feature.parts, feature.target) == ([(ids, [0, 0, 1])], (0, 0))


def test_a_window_is_question_and_context():
    (feature,) = features_of([("was it good?", CONTEXT)], ["good"])
    tokenizer = tiny_tokenizer()
    ids, segments = feature.parts[0]
    assert ids == tokenizer(["was it good?"], [CONTEXT])[0]
    assert segments == [0] * 6 + [1] * 11
    first, last = feature.target
    assert tokenizer.decode(ids[first : last + 1]) == "good"


def test_windows_are_those_of_transformers(tmp_path):
    transformers = pytest.importorskip("transformers")
    ours = tiny_tokenizer()
    ours.save(tmp_path)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    question, context = "was the food good?", " ".join([CONTEXT] * 5)
    stride, room = 6, 24 - 3 - 5
    expected = theirs(
        question,
        context,
        truncation="only_second",
        max_length=24,
        stride=room - stride,  # there it is what windows share
        return_overflowing_tokens=True,
    )
    found = features_of([(question, context)], length=24, stride=stride)
    assert len(found) == 7
    assert [feature.parts[0][0] for feature in found] == expected["input_ids"]


def test_targets_are_in_the_windows_that_hold_all_of_the_answer():
    words = "b c d e f g h k l m n o p q r s t u v w".split()
    context, tokenizer = " ".join(words), tiny_tokenizer()
    found = features_of([("a", context)], ["k l m"], length=12, stride=3)
    assert len(found) == 5
    for feature in found:
        ids, (first, last) = feature.parts[0][0], feature.target
        if (first, last) == (0, 0):
            assert {"k", "l", "m"} - set(tokenizer.decode(ids).split())
        else:
            assert tokenizer.decode(ids[first : last + 1]) == "k l m"
    assert [feature.target != (0, 0) for feature in found] == [False, True, True, False, False]
    assert {feature.target for feature in features_of([("a", context)], [None])} == {(0, 0)}
    assert features_of([("a", context)])[0].target is None


def test_questions_are_cut():
    question = " ".join(["good"] * 100)
    (feature,) = features_of([(question, "bad")], length=200)
    assert len(feature.parts[0][0]) == 64 + 1 + 3
    (feature,) = features_of([(question, "bad")], length=200, max_query_length=9)
    assert len(feature.parts[0][0]) == 9 + 1 + 3
    # The context has room even where the question would take all of it.
    assert [len(f.parts[0][0]) for f in features_of([(question, CONTEXT)], length=16)] == [16, 14]
    report = TruncationReport(16)
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 16, truncation="error")
    featurizer = SpanFeatures(preprocessor)
    rows, _ = featurizer.read([("a", CONTEXT), (question, CONTEXT)])
    with pytest.raises(kbz.TruncationError, match="1 of 2 questions .* 6 tokens.*has 100"):
        featurizer.features(rows, None, report)


@pytest.mark.parametrize("option", ["stride", "max_query_length"])
def test_impossible_options(option):
    with pytest.raises(ValueError, match=f"{option} must be 1 or more. Given: 0"):
        features_of([("a", "b")], **{option: 0})


def test_a_long_stride_leaves_nothing_out():
    found = features_of([("a", " ".join([CONTEXT] * 9))], length=12, stride=100)
    windows = [feature.info.window for feature in found]
    assert all(a.end == b.start for a, b in itertools.pairwise(windows))


# ---------------------------------------------------------------- characters

HARD = {
    "emoji": ("we 😀 loved 👨‍👩‍👧 it", "👨‍👩‍👧"),
    "chinese": ("中文 a 汉字 good", "汉字"),
    "one of chinese": ("北京很好", "京"),
    "double spaces": ("the  food \t was\n\ngood", "food \t was"),
    "at the very end": ("the food was good", "good"),
    "at the begin": ("the food", "the"),
    "all": ("good", "good"),
    "accents apart": ("a cafe\u0301 was", "cafe\u0301"),
    "accents in one": ("a café was", "café"),
    "capitals": ("THE Food WAS Good", "Food WAS"),
    "punctuation": ("good!(bad)", "bad"),
    "control": ("a\x00good\ufffd b", "good"),
    "soft": ("go\u00ad od was", "was"),
    "surrogate": ("a \ud800 good", "good"),
    "turkish": ("İ was bad", "was"),
}


@pytest.mark.parametrize("case", HARD)
def test_answers_are_found_again_letter_for_letter(case):
    context, answer = HARD[case]
    (feature,) = features_of([("a", context)], [answer])
    info, (first, last) = feature.info, feature.target
    first, last = (place - info.shift + info.window.start for place in (first, last))
    assert context[info.tokens.starts[first] : info.tokens.ends[last]] == answer


def test_part_of_a_word_takes_the_tokens_that_share_a_letter_with_it():
    (feature,) = features_of([("a", "the bad food")], [(5, 9)])  # "ad f"
    tokens, (first, last) = feature.info.tokens, feature.target
    first, last = first - feature.info.shift, last - feature.info.shift
    assert tokens.context[tokens.starts[first] : tokens.ends[last]] == "bad food"


def test_an_error_names_the_row_and_its_id():
    row = {"question": "a", "context": CONTEXT, "id": "q7", "answers": "pizza"}
    with pytest.raises(ValueError, match=r"Row 1 \(id 'q7'\): the answer 'pizza'"):
        features_of([{**row, "answers": "food"}, row])
    with pytest.raises(ValueError, match=r"Row 0: the answer ' ' .* becomes a token"):
        features_of([("a", "b  c")], [(1, 2)])


@pytest.mark.real
def test_real_questions():
    rows = read_squad(data_path("tasks", "squad2", "squad2.json"))
    assert len(rows) > 1000
    assert 0.2 < np.mean([row["is_impossible"] for row in rows]) < 0.8
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 384)
    featurizer = SpanFeatures(preprocessor)
    some, targets = featurizer.read(rows[::25])
    found = featurizer.features(some, targets, TruncationReport(384))
    answered = {feature.row for feature in found if feature.target != (0, 0)}
    assert answered == {n for n, row in enumerate(rows[::25]) if row["answers"]}
